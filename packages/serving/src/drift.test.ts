import { expect, test } from 'vitest'
import { Drift } from './drift.ts'

test('age that goes on as time does never drifts, however coarse its steps', () => {
  const drift = new Drift(10_000)
  const seen = Array.from({ length: 50 }, (_, i) => drift.note(i * 250, Math.floor(i / 4) * 1_000))
  expect(Math.max(...seen)).toBe(750)
})

test('age that stands still drifts, and a jump ahead makes up for it, but gives no credit', () => {
  const drift = new Drift(100_000)
  drift.note(0, 0)
  expect(drift.note(5_000, 0)).toBe(5_000)
  expect(drift.note(6_000, 20_000)).toBe(0)
  expect(drift.note(7_000, 20_000)).toBe(1_000)
})

test('what was written before a stand-still is not remembered for longer than hot needs it', () => {
  const drift = new Drift(3_000)
  drift.note(0, 0)
  expect(drift.note(2_000, 0)).toBe(2_000)
  expect(drift.note(3_000, 1_000)).toBe(2_000)
  // Age has gone on by more than hot holds.
  expect(drift.note(6_500, 4_500)).toBe(0)
})

test('no age yet is no age', () => {
  const drift = new Drift(3_000)
  drift.note(0, Number.NEGATIVE_INFINITY)
  expect(drift.note(500, Number.NEGATIVE_INFINITY)).toBe(500)
})
