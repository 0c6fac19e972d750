// count, sum, mean and variance: what they compute, what they refuse, how small their bytes are.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import type { Aggregator } from './aggregator.ts'
import { count } from './count.ts'
import { mean } from './mean.ts'
import { sum } from './sum.ts'
import { variance } from './variance.ts'

const meta = { eventTime: 0 } as TimedMeta
const itself = (n: number): number => n

function accOf<Acc>(of: Aggregator<number, Acc, number>, values: readonly number[]): Acc {
  return values.reduce((acc, value) => of.add(acc, value, meta), of.create())
}

/** Two passes, as the definition has it. */
function sampleVariance(values: readonly number[]): number {
  const average = values.reduce((a, b) => a + b, 0) / values.length
  return values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length - 1)
}

describe('what they compute', () => {
  const values = [5, 7, 3, 4, 8]
  const cases: readonly (readonly [string, Aggregator<number, never, number>, number, none: number, one: number])[] = [
    ['count', count() as never, 5, 0, 1],
    ['sum', sum(itself) as never, 27, 0, 5],
    ['mean', mean(itself) as never, 5.4, Number.NaN, 5],
    ['variance', variance(itself) as never, 4.3, Number.NaN, Number.NaN],
  ]
  test.each(cases)('%s', (_, of, all, none, one) => {
    expect(of.result(accOf(of, values))).toBeCloseTo(all, 12)
    expect(of.result(of.create())).toBe(none)
    expect(of.result(accOf(of, [5]))).toBe(one)
  })

  test('variance is that of the definition, merged or not, far from zero too', () => {
    const of = variance(itself)
    const near = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(near, fc.nat(30), fc.constantFrom(0, 1e9), (small, at, offset) => {
        const numbers = small.map((n) => n + offset)
        const merged = of.merge(accOf(of, numbers.slice(0, at)), accOf(of, numbers.slice(at)))
        for (const acc of [accOf(of, numbers), merged]) expect(of.result(acc)).toBeCloseTo(sampleVariance(small), 3)
      }),
    )
  })

  test('variance of equal values is 0, and stays it when subtracting rounds', () => {
    const of = variance(itself)
    expect(of.result(accOf(of, [0.1, 0.1, 0.1]))).toBe(0)
    const back = of.subtract?.(accOf(of, [0.1, 0.1, 0.3, 0.7]), accOf(of, [0.3, 0.7]))
    expect(of.result(back as never)).toBeGreaterThanOrEqual(0)
    expect(of.subtract?.(accOf(of, [1, 2]), accOf(of, [1, 2]))).toEqual(of.create())
  })

  test('their bytes are their numbers', () => {
    expect(cases.map(([, of]) => of.encode?.(accOf(of, values)).length)).toEqual([8, 8, 16, 24])
  })
})

describe('what they refuse', () => {
  const refused = [Number.NaN, Infinity, -Infinity, undefined, null, '1', 1n, {}, Promise.resolve(1)]
  const cases = [sum, mean, variance].flatMap((make) => refused.map((found) => [make.name, make, found] as const))
  test.each(cases)('%s refuses %3$s', (name, make, found) => {
    const of: Aggregator<number, never, number> = make(() => found as number) as never
    const error = expect.objectContaining({
      code: 'BAD_VALUE',
      message: expect.stringMatching(`The value of a.${name}: found .*, expected a finite number`) as string,
    })
    const acc = of.create()
    expect(() => of.add(acc, 1, meta)).toThrow(error)
    expect(acc).toEqual(of.create())
    expect(() => of['~columns']?.input?.(1 as never, meta)).toThrow(error)
  })

  test('an argument that is no function, while building', () => {
    for (const make of [sum, mean, variance]) {
      expect(() => make('dwellMs' as never)).toThrow(
        expect.objectContaining({
          code: 'BAD_AGGREGATE',
          message: expect.stringContaining(`a.${make.name}`) as string,
        }),
      )
    }
  })

  test('bytes of something else', () => {
    for (const of of [count(), sum(itself), mean(itself), variance(itself)]) {
      expect(() => of.decode?.(new Uint8Array(7))).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
    }
  })
})
