import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Key, TimedMeta } from '../io/meta.ts'
import { topK, type TopKAcc } from './top-k.ts'

const meta = { eventTime: 0 } as TimedMeta
const top3 = topK((value: Key) => value, { k: 3 })

function accOf(values: readonly Key[]): TopKAcc {
  return values.reduce((acc, value) => top3.add(acc, value, meta), top3.create())
}

/** Deterministic, skewed: a few values often, a very long tail. */
function skewed(count: number, seed: number): number[] {
  let state = seed
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const share = (state + 1) / 2 ** 32
    return Math.floor(1 / share ** 3)
  })
}

function truth(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

describe('topK', () => {
  test('most frequent first', () => {
    expect(top3.result(accOf(['a', 'b', 'a', 'c', 'b', 'a', 'd']))).toEqual([
      { value: 'a', count: 3 },
      { value: 'b', count: 2 },
      { value: 'c', count: 1 },
    ])
    expect(top3.result(accOf(['a']))).toEqual([{ value: 'a', count: 1 }])
    expect(top3.result(top3.create())).toEqual([])
  })

  test('ties have one order, whatever came first', () => {
    const values: Key[] = ['b', 'a', 10, 9, 2n, true, false]
    const top7 = topK((value: Key) => value, { k: 7 })
    fc.assert(
      fc.property(fc.shuffledSubarray(values, { minLength: 7 }), (shuffled) => {
        const acc = shuffled.reduce((all, value) => top7.add(all, value, meta), top7.create())
        expect(top7.result(acc).map(({ value }) => value)).toEqual([false, true, 9, 10, 2n, 'a', 'b'])
      }),
    )
  })

  test('values are told apart by type and content and come back as they were', () => {
    const result = top3.result(
      accOf([['a', 1], Uint8Array.of(1), ['a', 1], '\u0000', '\u0000', ['a', 1], Uint8Array.of(1), '1', 1]),
    )
    expect(result).toEqual([
      { value: ['a', 1], count: 3 },
      { value: Uint8Array.of(1), count: 2 },
      { value: '\u0000', count: 2 },
    ])
  })

  test('is exact while there is a counter for each value', () => {
    const values = [...Array.from({ length: 2_000 }, (_, i) => i), 7, 7, 5]
    const acc = accOf(values)
    expect([acc.counters.size, acc.taken]).toEqual([2_000, 0])
    expect(top3.result(acc)).toEqual([
      { value: 7, count: 3 },
      { value: 5, count: 2 },
      { value: 0, count: 1 },
    ])
  })

  test('beyond that it is never too low, and too high by no more than it says; the frequent ones are right', () => {
    for (const seed of [1, 2, 3]) {
      const values = skewed(200_000, seed)
      const counts = truth(values)
      const merged = top3.merge(
        top3.merge(accOf(values.slice(0, 50_000)), accOf(values.slice(50_000, 60_000))),
        accOf(values.slice(60_000)),
      )
      for (const acc of [accOf(values), merged]) {
        expect(acc.counters.size).toBeLessThanOrEqual(2_000)
        expect(acc.taken).toBeGreaterThan(0)
        expect(acc.taken).toBeLessThanOrEqual(values.length / 1_001)
        for (const [id, count] of acc.counters) {
          const exact = counts.get(id as number) ?? 0
          expect(count + acc.taken).toBeGreaterThanOrEqual(exact)
          expect(count).toBeLessThanOrEqual(exact)
        }
        for (const [value, exact] of counts) if (!acc.counters.has(value)) expect(exact).toBeLessThanOrEqual(acc.taken)
        const frequent = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3)
        expect(top3.result(acc)).toEqual(frequent.map(([value, count]) => ({ value, count })))
      }
    }
  })

  test('gives k values even where all come once', () => {
    const acc = accOf(Array.from({ length: 10_000 }, (_, i) => i))
    expect(top3.result(acc)).toHaveLength(3)
    expect(acc.counters.size).toBeLessThanOrEqual(2_000)
  })

  test('comes back from its bytes as it was', () => {
    for (const values of [[], ['a', ['b', 1n], 'a'], skewed(100_000, 5)] as Key[][]) {
      const acc = accOf(values)
      expect(top3.decode?.(top3.encode?.(acc) as Uint8Array)).toEqual(acc)
    }
    expect(() => top3.decode?.(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
  })

  test('refuses values that are no keys and a k out of range', () => {
    expect(() => topK(() => ({}) as never, { k: 1 }).add(top3.create(), 1, meta)).toThrow(
      expect.objectContaining({ code: 'BAD_KEY', message: expect.stringContaining('The value of a.topK') as string }),
    )
    for (const k of [0, 1.5, 10_001, undefined])
      expect(() => topK(() => 1, { k: k as number })).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
    expect(() => topK(() => 1, undefined as never)).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
  })
})
