import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import type { Aggregator } from './aggregator.ts'
import type { Ordered } from './extract.ts'
import { max, min } from './extreme.ts'

const meta = { eventTime: 0 } as TimedMeta
const lowest = min((value: Ordered) => value)
const highest = max((value: Ordered) => value)

function resultOf<Acc>(of: Aggregator<Ordered, Acc, Ordered>, values: readonly Ordered[]): unknown {
  return of.result(values.reduce((acc, value) => of.add(acc, value, meta), of.create()))
}

describe('min and max', () => {
  const cases: [values: Ordered[], low: Ordered | undefined, high: Ordered | undefined][] = [
    [[], undefined, undefined],
    [[3, -1, 2], -1, 3],
    [[Infinity, 1, -Infinity], -Infinity, Infinity],
    [[3n, -(2n ** 80n), 2n], -(2n ** 80n), 3n],
    [['b', 'a', 'B', ''], '', 'b'],
    [['ä', 'z'], 'z', 'ä'],
    [[2n, 1.5, 10], 1.5, 10],
    [['10', 9, '9', 10n], 9, '9'],
  ]
  test.each(cases)('of %o', (values, low, high) => {
    expect([resultOf(lowest, values), resultOf(highest, values)]).toEqual([low, high])
    expect([resultOf(lowest, values.toReversed()), resultOf(highest, values.toReversed())]).toEqual([low, high])
  })

  test('agree with sorting', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b)
        return resultOf(lowest, values) === sorted[0] && resultOf(highest, values) === sorted.at(-1)
      }),
    )
  })

  test('of equal values the first stays', () => {
    expect(resultOf(lowest, [1n, 1])).toBe(1n)
    expect(resultOf(highest, [1, 1n])).toBe(1)
  })

  test.each([[Number.NaN], [undefined], [null], [true], [new Date(0)], [Symbol('s')]])('refuse %s', (found) => {
    for (const [name, make] of [
      ['min', min],
      ['max', max],
    ] as const) {
      const of = make(() => found as unknown as number)
      const error = expect.objectContaining({
        code: 'BAD_VALUE',
        message: expect.stringContaining(`a.${name}`) as string,
      })
      expect(() => of.add(1, 0, meta)).toThrow(error)
      expect(() => of['~columns']?.input?.(0 as never, meta)).toThrow(error)
    }
  })
})
