import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import { quantiles } from './index.ts'

const meta = { eventTime: 0 } as TimedMeta
const at = [0, 0.25, 0.5, 0.9, 1] as const
const of = quantiles((n: number) => n, { at })
type Acc = ReturnType<typeof of.create>

function accOf(values: readonly number[]): Acc {
  return values.reduce((acc, value) => of.add(acc, value, meta), of.create())
}

/** The value of that rank, as DDSketch defines it: the one at floor(q · (n − 1)) in order. */
function exact(values: readonly number[], quantile: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(quantile * (values.length - 1))] as number
}

const numbers = fc.array(
  fc.oneof(
    fc.integer({ min: -50, max: 50 }),
    fc.double({ min: -1e24, max: 1e24, noNaN: true }),
    fc.constantFrom(0, 1, -1, 1e-12, 1e24),
  ),
  { maxLength: 40 },
)

describe('quantiles', () => {
  test('are within the accuracy of the true ones, negative values and merges included', () => {
    fc.assert(
      fc.property(
        numbers.filter((values) => values.length > 0),
        fc.nat(40),
        (values, cut) => {
          const merged = of.merge(accOf(values.slice(0, cut)), accOf(values.slice(cut)))
          for (const acc of [accOf(values), merged]) {
            for (const [i, quantile] of at.entries()) {
              const found = of.result(acc)[i] as number
              const lower = exact(values, quantile)
              // A negative value of rank r is looked up from above: where the rank is a fraction it may be the next one.
              const upper = values.toSorted((a, b) => a - b)[Math.ceil(quantile * (values.length - 1))] as number
              const near = [lower, upper].some((value) => Math.abs(found - value) <= 0.010001 * Math.abs(value) + 1e-12)
              if (!near) throw new Error(`${found} instead of ${lower} or ${upper} at ${quantile}`)
            }
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('keep negative values in a merge, and counts whose bin has the number 0', () => {
    const merged = of.merge(accOf([1, 2]), accOf([-5, -6]))
    expect(of.result(merged).map((value) => Math.round(value))).toEqual(
      [-6, -5, -5, 1, 2].map((value) => expect.closeTo(value, -1) as number),
    )
    // 1 lies in bin 0, which the library's own merge takes for no bin.
    expect(of.result(of.merge(accOf([0.2]), accOf([0.1, 1])))[4]).toBeCloseTo(1, 1)
    expect(of.result(of.merge(accOf([-1]), accOf([-2, -3])))[0]).toBeCloseTo(-3, 1)
  })

  test('bytes hold all there is', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const again = of.decode?.(of.encode?.(accOf(a)) as Uint8Array) as Acc
        expect(of.result(again)).toEqual(of.result(accOf(a)))
        expect(of.encode?.(of.merge(again, accOf(b)))).toEqual(of.encode?.(accOf([...a, ...b])))
      }),
    )
    expect(of.encode?.(accOf(Array.from({ length: 1_000 }, (_, i) => i + 1))).length).toBeLessThan(800)
  })

  test('subtracting is exact', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const back = of.subtract?.(of.merge(accOf(a), accOf(b)), accOf(b)) as Acc
        expect(of.encode?.(back)).toEqual(of.encode?.(accOf(a)))
        expect(of.result(back)).toEqual(of.result(accOf(a)))
      }),
    )
  })

  test('take the whole range at the finest accuracy', () => {
    const fine = quantiles((n: number) => n, { at: [0, 1], accuracy: 0.001 })
    let acc = fine.create()
    for (const value of [1e-12, 1e24, -1e-12, -1e24]) acc = fine.add(acc, value, meta)
    const [lowest, highest] = fine.result(acc)
    expect(lowest / -1e24).toBeCloseTo(1, 2)
    expect(highest / 1e24).toBeCloseTo(1, 2)
    expect((acc as unknown as { store: { length(): number } }).store.length()).toBeLessThan(42_000)
  })

  test('of nothing are NaN; tiny values are 0', () => {
    expect(of.result(of.create())).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN])
    expect(of.result(accOf([1e-13, -1e-300]))).toEqual([0, 0, 0, 0, 0])
  })

  test.each([[Number.NaN], [Infinity], [1.1e24], ['1'], [undefined], [1n]])('refuse %s', (found) => {
    const bad = quantiles(() => found as number, { at: [0.5] })
    const error = expect.objectContaining({
      code: 'BAD_VALUE',
      message: expect.stringContaining('The value of quantiles') as string,
    })
    expect(() => bad.add(bad.create(), 1, meta)).toThrow(error)
    expect(() => bad['~columns']?.input?.(1 as never, meta)).toThrow(error)
  })

  test.each([[[]], [[1.5]], [[-0.1]], [[Number.NaN]], [['0.5']], [0.5], [undefined]])(
    'refuse the quantiles %j',
    (bad) => {
      expect(() => quantiles(() => 1, { at: bad as number[] })).toThrow(
        expect.objectContaining({ code: 'BAD_AGGREGATE' }),
      )
    },
  )

  test.each([[0], [0.0001], [1], [Number.NaN], ['0.1']])('refuse the accuracy %s', (accuracy) => {
    expect(() => quantiles(() => 1, { at: [0.5], accuracy: accuracy as number })).toThrow(
      expect.objectContaining({ code: 'BAD_AGGREGATE' }),
    )
  })

  test('refuse bytes of another accuracy, and damaged ones', () => {
    const coarse = quantiles((n: number) => n, { at: [0.5], accuracy: 0.05 })
    const bytes = of.encode?.(accOf([1, 2, 3])) as Uint8Array
    expect(() => coarse.decode?.(bytes)).toThrow(
      expect.objectContaining({
        code: 'BAD_BYTES',
        message: expect.stringContaining('accuracy 0.01 instead of 0.05') as string,
      }),
    )
    for (let size = 0; size < bytes.length; size++) {
      expect(() => of.decode?.(bytes.slice(0, size))).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
    }
  })

  test('are a tuple as long as what was asked for', () => {
    const [median, high] = quantiles((n: number) => n, { at: [0.5, 0.99] }).result(of.create())
    const both: [number, number] = [median, high]
    expect(both).toHaveLength(2)
  })
})
