import { expect, test } from 'vitest'
import { virtualClock } from './virtual-clock.ts'

test('stands still until it is moved', () => {
  const clock = virtualClock(1_000)
  expect(clock.now()).toBe(1_000)
  clock.advance('2s')
  clock.advance(5)
  expect(clock.now()).toBe(3_005)
  clock.set(2_000)
  expect(clock.now()).toBe(3_005)
})

test('wakes what is due, in order of time, once', () => {
  const clock = virtualClock()
  const woken: number[] = []
  const wakeAt = (at: number): (() => void) | undefined => clock.wakeAt?.(at, () => woken.push(at))
  wakeAt(30)
  wakeAt(10)
  const cancel = wakeAt(20)
  wakeAt(99)
  expect(clock.waiting()).toBe(4)
  cancel?.()
  clock.set(30)
  expect(woken).toEqual([10, 30])
  expect(clock.waiting()).toBe(1)
  clock.set(40)
  expect(woken).toEqual([10, 30])
})
