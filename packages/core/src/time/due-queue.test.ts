import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueQueue } from './due-queue.ts'

test('leaves in order of time, ties in order of pushing, whatever was pushed when', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), fc.array(fc.integer({ min: 0, max: 20 })), (times, cuts) => {
      const queue = new DueQueue<number>()
      times.forEach((at, i) => queue.push(i, at))
      const taken: number[] = []
      for (const cut of [...cuts].sort((a, b) => a - b)) taken.push(...queue.take(cut))
      taken.push(...queue.take(Number.POSITIVE_INFINITY))
      expect(taken).toEqual(
        times
          .map((at, i) => ({ at, i }))
          .sort((a, b) => a.at - b.at || a.i - b.i)
          .map(({ i }) => i),
      )
      expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY)
    }),
  )
})

test('an empty queue has nothing due, not even at the end of time', () => {
  const queue = new DueQueue<string>()
  expect(queue.isDue(Number.POSITIVE_INFINITY)).toBe(false)
  queue.push('x', Number.POSITIVE_INFINITY)
  expect(queue.isDue(1e15)).toBe(false)
  expect(queue.isDue(Number.POSITIVE_INFINITY)).toBe(true)
})

test('its list pushed again restores it', () => {
  const queue = new DueQueue<string>()
  for (const [item, at] of [
    ['c', 3],
    ['a', 1],
    ['b', 1],
    ['d', 3],
  ] as const)
    queue.push(item, at)
  const again = new DueQueue<string>()
  for (const [item, at] of queue.list()) again.push(item, at)
  expect(again.take(9)).toEqual(['a', 'b', 'c', 'd'])
  expect(queue.size).toBe(4)
})
