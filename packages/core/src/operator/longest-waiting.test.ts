import { expect, test } from 'vitest'
import { LongestWaiting } from './longest-waiting.ts'

const drained = (waiting: LongestWaiting<string>): readonly string[] => {
  const taken: string[] = []
  for (let item = waiting.take(); item !== undefined; item = waiting.take()) taken.push(item)
  expect(waiting.size).toBe(0)
  return taken
}

test('the earliest time first, of one time the first that came', () => {
  const waiting = new LongestWaiting<string>()
  for (const [item, since] of [
    ['a', 5],
    ['b', 3],
    ['c', 5],
    ['d', -1],
    ['e', 3],
  ] as const)
    waiting.push(item, since)
  expect(waiting.take()).toBe('d')
  waiting.push('f', 3)
  waiting.push('g', 4)
  expect([waiting.size, ...drained(waiting)]).toEqual([6, 'b', 'e', 'f', 'g', 'a', 'c'])
  waiting.push('again', 3)
  expect(drained(waiting)).toEqual(['again'])
})

test('those that do not wait any more are let go of, the others keep their order', () => {
  const waiting = new LongestWaiting<string>()
  for (const item of ['a', 'b', 'c', 'd']) waiting.push(item, 7)
  waiting.push('e', 2)
  expect(waiting.take()).toBe('e')
  expect(waiting.take()).toBe('a')
  waiting.keep((item) => item !== 'c')
  expect([waiting.size, ...drained(waiting)]).toEqual([2, 'b', 'd'])
})
