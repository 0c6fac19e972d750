import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { count } from '../aggregate/count.ts'
import { ALONE, SlotStore, VACANT } from './slot-store.ts'

const store = (): SlotStore => new SlotStore(new AggregateSpec(count()))

test('a key that comes back gets the slot it had', () => {
  const slots = store()
  const first = slots.open('a', 'a', 0, 10)
  slots.free(first)
  expect(slots.head('a')).toBe(-1)
  expect(slots.busy[first]).toBe(VACANT)
  const other = slots.open('b', 'b', 0, 10)
  expect(other).not.toBe(first)
  expect(slots.open('a', 'a', 20, 30)).toBe(first)
  expect(slots.head('a')).toBe(first)
  expect(slots.busy[first]).toBe(ALONE)
  expect(slots.live()).toEqual([other, first])
})

test('keys that never come back are let go: no more are known than are in use, and some', () => {
  const slots = store()
  for (let key = 0; key < 20_000; key++) slots.free(slots.open(key, key, 0, 10))
  expect(slots.heads.size).toBeLessThanOrEqual(1_100)
  expect(slots.cells.size).toBeLessThanOrEqual(1_100)
})

test('many that end at once are let go of but for some', () => {
  const slots = store()
  const all = Array.from({ length: 20_000 }, (_, key) => slots.open(key, key, 0, 10))
  for (const slot of all) slots.free(slot)
  expect(slots.live()).toEqual([])
  expect(slots.heads.size).toBeLessThanOrEqual(1_024)
})

test('windows of a key are found, whatever was opened and freed before', () => {
  const step = fc.record({ key: fc.nat(2_500), frees: fc.boolean(), which: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 3_000, maxLength: 9_000 }), (steps) => {
      const slots = store()
      const known = new Map<number, number[]>()
      for (const [i, { key, frees, which }] of steps.entries()) {
        const of = known.get(key) ?? []
        known.set(key, of)
        if (frees && of.length > 0) {
          const at = which % of.length
          slots.free(of[at] as number)
          of.splice(at, 1)
        } else of.unshift(slots.open(key, key, i, i + 1))
        const found: number[] = []
        for (let slot = slots.head(key); slot !== -1; slot = slots.next[slot] as number) found.push(slot)
        expect(found).toEqual(of)
      }
      const live = [...known.values()].flat()
      expect([...slots.live()].sort((a, b) => a - b)).toEqual(live.sort((a, b) => a - b))
      expect(slots.heads.size).toBeLessThanOrEqual(2 * live.length + 1_024)
    }),
    { numRuns: 20 },
  )
})
