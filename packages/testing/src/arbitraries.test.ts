import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { disorderedStream, partition, partitions, scripts } from './arbitraries.ts'
import { recordsOf } from './script.ts'

test('a stream is disordered, but by no more than its bound', () => {
  let disordered = 0
  fc.assert(
    fc.property(disorderedStream({ disorder: 7, keys: 3, splits: 2 }), (records) => {
      let greatest = Number.NEGATIVE_INFINITY
      for (const { at, split, key } of records) {
        if (at < greatest) disordered++
        expect(greatest - at).toBeLessThanOrEqual(7)
        greatest = Math.max(greatest, at)
        expect(split).toMatch(/^p[01]$/)
        expect(key).toMatch(/^[abc]$/)
      }
    }),
  )
  expect(disordered).toBeGreaterThan(50)
})

test('scripts go forward, end, and leave some records late unless told not to', () => {
  let late = 0
  for (const nothingLate of [false, true]) {
    fc.assert(
      fc.property(scripts({ nothingLate }), (made) => {
        let [watermark, clock] = [Number.NEGATIVE_INFINITY, 0]
        for (const step of made.steps) {
          if (step.kind === 'watermark') {
            expect(step.at).toBeGreaterThanOrEqual(watermark)
            watermark = step.at
          } else if (step.kind === 'clock') {
            expect(step.to).toBeGreaterThan(clock)
            clock = step.to
          } else if (step.kind === 'records' && step.records.some(({ at }) => at < watermark)) {
            expect(nothingLate).toBe(false)
            late++
          }
        }
        expect(made.steps.at(-1)).toEqual({ kind: 'end' })
        expect(made.steps.some(({ kind }) => kind === 'watermark')).toBe(true)
      }),
    )
  }
  expect(late).toBeGreaterThan(50)
})

test('without watermarks there are none', () => {
  fc.assert(
    fc.property(scripts({ watermarks: false, clock: false, end: false }), (made) => {
      expect(made.steps).toHaveLength(recordsOf(made).length)
    }),
  )
})

test('a partition is the list again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), partitions(), (items, sizes) => {
      expect(partition(items, sizes).flat()).toEqual(items)
      expect(partition(items, sizes).every((part) => part.length > 0)).toBe(true)
    }),
  )
})
