import { expect, test } from 'vitest'
import type { Part } from './row.ts'
import { mergeSessions, widen } from './sessions.ts'
import type { View } from './view.ts'

const VIEW = { merge: (a: unknown, b: unknown) => (a as number) + (b as number) } as View<string>
const part = (start: number, end: number, acc: number): Part => ({
  start,
  end,
  acc,
  status: 'final',
  tier: 'hot',
  corrections: 0,
  epoch: 0,
  revision: 0,
  timing: 'on-time',
  isLast: true,
})

test('sessions that touch are one, others are not', () => {
  const merged = mergeSessions(VIEW, [part(20, 30, 4), part(0, 10, 1), part(10, 15, 2), part(16, 19, 3)])
  expect(merged.map(({ start, end, acc }) => [start, end, acc])).toEqual([
    [0, 15, 3],
    [16, 19, 3],
    [20, 30, 4],
  ])
})

test('a read is widened to the left as far as its first session reaches, to the right until something stands apart', () => {
  const wanted = { from: 100, to: 200 }
  expect(widen([], wanted, { from: 90, to: 210 }, 10)).toBeUndefined()
  expect(widen([part(50, 150, 1), part(230, 240, 1)], wanted, { from: 90, to: 210 }, 10)).toEqual({ from: 49, to: 210 })
  expect(widen([part(120, 150, 1)], wanted, { from: 90, to: 210 }, 10)).toEqual({ from: 90, to: 240 })
  expect(widen([part(120, 150, 1)], wanted, { from: 90, to: 1_000 }, 10)?.to).toBe(Number.POSITIVE_INFINITY)
  expect(widen([part(120, 150, 1)], wanted, { from: 90, to: Number.POSITIVE_INFINITY }, 10)).toBeUndefined()
})
