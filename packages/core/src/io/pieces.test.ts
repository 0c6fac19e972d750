import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromParts, partsOf } from './parts.ts'
import { type Piece, dividable, dividableList, joined, piecesOf } from './pieces.ts'

/** What a store does: a copy of each group, put together again. */
function throughStore(value: unknown, weight?: number): unknown {
  return joined([...piecesOf(value, weight)].map((group) => structuredClone(group)))
}

const users = fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true, withDate: true })
const column = fc.oneof(
  fc.array(fc.double()).map((numbers) => Float64Array.from(numbers)),
  fc.array(fc.nat()).map((numbers) => Uint32Array.from(numbers)),
  fc.array(fc.nat(255)).map((numbers) => Uint8Array.from(numbers)),
)
/** Values as snapshots are: marked containers in each other down to lists of users' values and columns. */
const { saved } = fc.letrec<{ saved: unknown }>((tie) => ({
  saved: fc.oneof(
    { maxDepth: 4 },
    users,
    fc.record({ list: fc.array(users), column, none: fc.constant(undefined) }).map(dividable),
    fc.array(users).map((list) => dividableList(list)),
    fc.array(tie('saved')).map((list) => dividable(list)),
    fc.dictionary(fc.string(), tie('saved')).map(dividable),
    fc.array(fc.tuple(fc.string(), tie('saved'))).map((entries) => dividable(new Map(entries))),
  ),
}))

test('a value in pieces of any size is the value', () => {
  fc.assert(
    fc.property(saved, fc.integer({ min: 1, max: 50 }), (value, weight) => {
      const whole = structuredClone(value)
      expect(throughStore(value, weight)).toStrictEqual(whole)
      expect(throughStore(value)).toStrictEqual(whole)
    }),
    { numRuns: 500 },
  )
})

function throughLog(value: unknown): unknown {
  const parts = [...partsOf(value)].map(({ name, value: part }) => [name, structuredClone(part)] as const)
  expect(new Set(parts.map(([name]) => name)).size).toBe(parts.length)
  return fromParts(new Map(parts))
}

test('a value in parts with names is the value', () => {
  const grown = fc.tuple(saved, fc.nat(3)).map(([value, times]) => {
    const rows = Array.from({ length: times * 300 }, (_, i) => ({ i }))
    const numbers = Float64Array.from({ length: times * 1_500 }, (_, i) => i)
    return dividable({ value, table: dividable({ rows, numbers }) })
  })
  fc.assert(
    fc.property(grown, (value) => {
      expect(throughLog(value)).toStrictEqual(structuredClone(value))
    }),
    { numRuns: 300 },
  )
})

test('a part has its name for as long as what it is of lives, whatever comes and goes beside it', () => {
  const table = (start: number): object =>
    dividable({ start, keys: Array.from({ length: 1_000 }, (_, i) => `${start}/${i}`) }, String(start))
  const names = (starts: readonly number[]): ReadonlySet<string> =>
    new Set([...partsOf(dividable({ tables: starts.map(table) }))].map(({ name }) => name))
  const [before, after] = [names([0, 60, 120]), names([60, 120, 180])]
  const of = (start: number, all: ReadonlySet<string>): readonly string[] =>
    [...all].filter((name) => name.startsWith(`/tables/${start}`))
  expect(of(60, before)).toHaveLength(6)
  expect(of(60, after)).toEqual(of(60, before))
  expect(of(120, after)).toEqual(of(120, before))
  expect(of(0, after)).toEqual([])
})

test('holes stay holes', () => {
  const list: unknown[] = ['a']
  list[5] = {}
  list.length = 9
  for (const weight of [1, 2, 100]) {
    const back = throughStore(dividable({ list }), weight) as { list: unknown[] }
    expect(back.list).toStrictEqual(list)
    expect(Object.keys(back.list)).toEqual(['0', '5'])
  }
  list.length = 1_000
  const back = throughLog(dividable({ list })) as { list: unknown[] }
  expect(back.list).toStrictEqual(list)
  expect(Object.keys(back.list)).toEqual(['0', '5'])
})

test('what users made stays whole: what refers to each other, or itself, does so afterwards', () => {
  const item = { name: 'x' }
  const ring: { self?: unknown; many: unknown[] } = { many: Array.from({ length: 100 }, () => item) }
  ring.self = ring
  const back = throughStore(dividable({ accumulators: [{ order: [item], byName: new Map([['x', item]]) }, ring] }), 1)
  const [both, again] = (back as { accumulators: [{ order: [unknown]; byName: Map<string, unknown> }, typeof ring] })
    .accumulators
  expect(both.byName.get('x')).toBe(both.order[0])
  expect(again.self).toBe(again)
  expect(new Set(again.many).size).toBe(1)
})

test("a list of users' arrays is divided between them, and they are not", () => {
  const acc = [[1], [2]]
  expect([...piecesOf(dividableList([acc, acc]), 1)].map((group) => group.map(({ is }) => is))).toEqual([
    ['list'],
    ['run'],
    ['run'],
  ])
  expect([...piecesOf(acc, 1)]).toEqual([[{ is: 'whole', value: acc }]])
})

test('nothing but what was marked is divided', () => {
  expect([...piecesOf({ list: [1, 2, 3] }, 1)]).toEqual([[{ is: 'whole', value: { list: [1, 2, 3] } }]])
})

describe('groups are about equally much work', () => {
  const sizes = (value: unknown): number[] =>
    [...piecesOf(value)].map((group) => group.reduce((sum, piece) => sum + sizeOf(piece), 0))
  const sizeOf = (piece: Piece): number => ('values' in piece ? piece.values.length : 1)

  test('of many small values', () => {
    const all = sizes(dividable({ keys: Array.from({ length: 100_000 }, (_, i) => `key ${i}`) }))
    expect(Math.max(...all)).toBeLessThan(5_000)
    expect(all.length).toBeLessThan(50)
  })

  test('of long columns, which are much cheaper', () => {
    const all = sizes(dividable({ sums: new Float64Array(1_000_000) }))
    expect(Math.max(...all)).toBeLessThan(100_000)
    expect(all.length).toBeLessThan(50)
  })

  test.each([
    ['lists', () => Array.from({ length: 5_000 }, () => 1)],
    ['maps', () => new Map(Array.from({ length: 5_000 }, (_, i) => [i, i]))],
    ['bytes', () => new Uint8Array(1_000_000)],
    ['objects with lists', () => ({ list: Array.from({ length: 5_000 }, () => 1) })],
  ])('of large accumulators, %s: one at a time', (_, make) => {
    expect(
      sizes(dividable({ accumulators: Array.from({ length: 10 }, () => make() as unknown) })).length,
    ).toBeGreaterThanOrEqual(10)
  })

  test('of many small tables', () => {
    const tables = Array.from({ length: 10_000 }, () => dividable({ keys: ['a'], counts: new Float64Array(1) }))
    const all = sizes(dividable({ tables }))
    expect(Math.max(...all)).toBeLessThan(5_000)
    expect(all.length).toBeLessThan(50)
  })
})

test('pieces that do not fit together are told', () => {
  const groups = [...piecesOf(dividable({ list: [1, 2, 3], sums: new Float64Array(3) }), 1)]
  for (let length = 0; length < groups.length; length++)
    expect(() => joined(groups.slice(0, length))).toThrow(/missing/)
  expect(() => joined([[{ is: 'run', values: [] }]])).toThrow('not in its place: run')
  expect(() =>
    joined([
      [
        { is: 'column', length: 1 },
        { is: 'whole', value: 1 },
      ],
    ]),
  ).toThrow('found whole')
})
