import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Layout, cellOf, checkCell, endOf, metaRow, storedCell } from './layout.ts'

const layout = (aggregation = 'a', windowMs = 1_000, salts = 16): Layout => new Layout({ aggregation, windowMs, salts })
const key = fc.uint8Array({ maxLength: 12 })
const time = fc.oneof(
  fc.integer({ min: -200_000, max: 200_000 }),
  fc.maxSafeInteger().filter((at) => at < Number.MAX_SAFE_INTEGER),
)

test('rows of a key are in order of their windows, negative ones too, and a range has all rows of its windows', () => {
  fc.assert(
    fc.property(key, time, time, fc.integer({ min: 1, max: 1e9 }), (key, a, b, windowMs) => {
      const rows = layout('a', windowMs)
      const prefix = rows.prefixOf(key)
      const order = Math.sign(Buffer.compare(rows.rowOf(prefix, a), rows.rowOf(prefix, b)))
      if (order !== 0) expect(order).toBe(Math.sign(a - b))
      expect(rows.stretchOf(a)).toBeGreaterThanOrEqual(a)
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const range = rows.rowsOf(prefix, from, to)
      if (from === to) {
        expect(range).toBeUndefined()
        return
      }
      const row = rows.rowOf(prefix, to)
      expect(Buffer.from(rows.rowText(key, to), 'latin1').equals(row)).toBe(true)
      expect(Buffer.compare(range!.start, row)).toBeLessThanOrEqual(0)
      expect(Buffer.compare(row, range!.stop)).toBeLessThan(0)
      expect(range!.most).toBeGreaterThanOrEqual(1)
    }),
  )
})

test('different names and keys never share a row, and their rows never lie between each other’s', () => {
  const names = fc.string({ maxLength: 6 })
  fc.assert(
    fc.property(names, names, key, key, time, (name, other, a, b, end) => {
      const [one, two] = [layout(name, 1_000, 1), layout(other, 1_000, 1)]
      const same = name === other && Buffer.compare(a, b) === 0
      const [p, q] = [one.prefixOf(a), two.prefixOf(b)]
      expect(one.rowOf(p, end).equals(two.rowOf(q, end))).toBe(same)
      const range = one.rowsOf(p, -1e15, 1e15)!
      const row = two.rowOf(q, Math.max(-1e15 + 1, Math.min(1e15, end)))
      const inside = Buffer.compare(range.start, row) <= 0 && Buffer.compare(row, range.stop) < 0
      expect(inside).toBe(same)
    }),
  )
})

test('a cell comes back', () => {
  const revision = fc.integer({ min: 0, max: 1_000_000 })
  const value = fc.option(fc.uint8Array({ maxLength: 20 }))
  fc.assert(
    fc.property(
      key,
      time.filter((end) => end < 2 ** 52),
      time,
      revision,
      value,
      fc.string({ maxLength: 8 }),
      (key, end, start, revision, value, correction) => {
        const cell = { key, start, end, correction: Buffer.from(correction).toString(), epoch: 0, revision, value }
        checkCell(cell)
        const { qualifier, tag, value: kept, timestamp } = storedCell(cell)
        const stored = { qualifier, value: Buffer.concat([Buffer.from([tag]), kept]), timestamp }
        expect(timestamp).toBeGreaterThanOrEqual(Math.max(end, 0))
        expect(endOf(stored)).toBe(end)
        expect(cellOf(stored, key, end)).toEqual(cell)
        const row = layout().rowOf(layout().prefixOf(key), end)
        expect(layout().keyOf(row, [])).toEqual(key)
      },
    ),
  )
})

test('a key that no row holds is found by its digest, and kept beside its cells', () => {
  const long = new Uint8Array(60_000).fill(7)
  const row = layout().rowOf(layout().prefixOf(long), 5)
  expect(Buffer.from(layout().rowText(long, 5), 'latin1').equals(row)).toBe(true)
  expect(row.length).toBeLessThan(100)
  expect(layout().keyOf(row, [])).toBeUndefined()
  const { qualifier, tag, value, timestamp } = layout().keyCell(long, 5)!
  expect(timestamp).toBeGreaterThanOrEqual(5)
  expect(layout().keyOf(row, [{ qualifier, value: Buffer.concat([Buffer.from([tag]), value]), timestamp }])).toEqual(
    long,
  )
  expect(layout().keyCell(new Uint8Array(30_000), 5)).toBeUndefined()
})

test('keys are spread over the salts, short ones that differ in one byte too', () => {
  const counts = new Map<number, number>()
  for (let i = 0; i < 1_600; i++) {
    const salt = layout().prefixOf(Buffer.from(`k${i}`))[0] as number
    counts.set(salt, (counts.get(salt) ?? 0) + 1)
  }
  expect(counts.size).toBe(16)
  expect(Math.max(...counts.values())).toBeLessThan(200)
})

const cell = { key: Buffer.from('k'), start: 0, end: 10, correction: '', epoch: 0, revision: 0, value: null }
test.each([
  [{ epoch: 1 }, 'HBASE_EPOCH'],
  [{ end: Number.POSITIVE_INFINITY }, 'HBASE_BAD_WINDOW'],
  [{ start: Number.NEGATIVE_INFINITY }, 'HBASE_BAD_WINDOW'],
  [{ end: 0.5 }, 'HBASE_BAD_WINDOW'],
  [{ revision: -1 }, 'HBASE_BAD_WINDOW'],
  [{ revision: Number.NaN }, 'HBASE_BAD_WINDOW'],
  [{ end: Number.MAX_SAFE_INTEGER }, 'HBASE_BAD_WINDOW'],
])('%j is refused', (bad, code) => {
  expect(() => checkCell({ ...cell, ...bad })).toThrow(expect.objectContaining({ code, retryable: false }))
})

test.each([
  { qualifier: Buffer.alloc(3), value: Buffer.from([1]), timestamp: 10 },
  { qualifier: storedCell(cell).qualifier, value: Buffer.from('{"json":1}'), timestamp: 10 },
  { qualifier: storedCell(cell).qualifier, value: Buffer.alloc(0), timestamp: 10 },
  { qualifier: storedCell(cell).qualifier, value: Buffer.from([1]), timestamp: 3 },
])('a cell that is not ours is told: %j', (stored) => {
  expect(() => cellOf(stored, cell.key, endOf(stored) ?? 0)).toThrow(
    expect.objectContaining({ code: 'HBASE_NOT_OURS' }),
  )
})

test('rows about the table lie behind all salts, and apart', () => {
  const rows = [
    metaRow('scheme'),
    metaRow('results', 'a'),
    metaRow('register', 'a', 'b'),
    metaRow('register', 'ab', ''),
    metaRow('register', 'a:b'),
  ]
  expect(new Set(rows.map((row) => row.toString('hex'))).size).toBe(rows.length)
  for (const row of rows) expect(row[0]).toBe(255)
})
