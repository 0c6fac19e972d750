// collect, reduce, fold and use: aggregators of values as they are.
import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import type { Aggregator } from './aggregator.ts'
import { collect } from './collect.ts'
import { fold, use } from './fold.ts'
import { reduce } from './reduce.ts'

const meta = { eventTime: 0 } as TimedMeta

function accOf<T, Acc>(of: Aggregator<T, Acc, unknown>, values: readonly T[]): Acc {
  return values.reduce((acc, value) => of.add(acc, value, meta), of.create())
}

describe('collect', () => {
  test('keeps the first by arrival, and of a merge those of the first part first', () => {
    const of = collect<number>({ max: 3 })
    expect(of.result(accOf(of, [1, 2, 3, 4]))).toEqual([1, 2, 3])
    expect(of.result(of.merge(accOf(of, [1, 2]), accOf(of, [3, 4, 5])))).toEqual([1, 2, 3])
    expect(of.result(of.create())).toEqual([])
  })

  test('keeps what `of` makes of them', () => {
    const of = collect({ max: 2, of: (value: { readonly page: string }) => value.page })
    expect(of.result(accOf(of, [{ page: 'a' }, { page: 'b' }]))).toEqual(['a', 'b'])
  })

  test('hands out copies', () => {
    const of = collect<number>({ max: 3 })
    const acc = accOf(of, [1])
    const result = of.result(acc)
    of.add(acc, 2, meta)
    expect(result).toEqual([1])
  })

  test.each([[0], [-1], [1.5], [Infinity], [undefined], ['3'], [10_000_001]])('refuses max %s', (max) => {
    expect(() => collect({ max: max as number })).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
    expect(() => collect(undefined as never)).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
  })
})

describe('reduce', () => {
  const joined = reduce((a: string, b: string) => a + b)

  test('combines in order of arrival', () => {
    expect(joined.result(accOf(joined, ['a', 'b', 'c']))).toBe('abc')
    expect(joined.result(accOf(joined, ['a']))).toBe('a')
    expect(joined.result(joined.create())).toBe(undefined)
  })

  test('undefined is a value', () => {
    const seen: unknown[] = []
    const of = reduce((a: number | undefined, b: number | undefined) => {
      seen.push([a, b])
      return b
    })
    const acc = accOf(of, [undefined, 1, undefined])
    expect(seen).toEqual([
      [undefined, 1],
      [1, undefined],
    ])
    expect(of.merge(of.decode?.(of.encode?.(acc) as Uint8Array) as never, 5)).toBe(5)
    expect(seen).toHaveLength(3)
    expect(of.decode?.(of.encode?.(of.create()) as Uint8Array)).toBe(of.create())
  })

  test('passes on what combine throws', () => {
    const of = reduce(() => {
      throw new Error('no')
    })
    expect(() => accOf(of, [1, 2] as never)).toThrow('no')
    expect(() => reduce(undefined as never)).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
  })
})

describe('fold and use', () => {
  const slow = {
    create: () => 0,
    add: (n: number, ms: number) => n + (ms > 1000 ? 1 : 0),
    merge: (a: number, b: number) => a + b,
  }

  test('the accumulator is the result, or what result makes of it', () => {
    const bare = fold(slow)
    const shown = fold({ ...slow, result: (n) => n.toFixed(1) })
    expect(bare.result(accOf(bare, [1, 2000, 3000]))).toBe(2)
    expect(shown.result(accOf(shown, [1, 2000, 3000]))).toBe('2.0')
  })

  test('refuse parts that are missing', () => {
    expect(() => fold({ create: () => 0, add: (n: number) => n } as never)).toThrow(
      expect.objectContaining({ code: 'BAD_AGGREGATE' }),
    )
    expect(() => fold(undefined as never)).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
    expect(() => fold({ ...slow, result: 5 } as never)).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
  })

  test('use gives back what it is given', () => {
    const of = fold(slow)
    expect(use(of)).toBe(of)
  })
})
