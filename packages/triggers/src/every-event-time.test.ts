import { expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { everyEventTime } from './every-event-time.ts'

const every = everyEventTime('10ms')

test('the first multiple above the first record, then the first above the watermark', () => {
  const window = windowOf(every)
  expect([window.record(20), window.dueAt, window.record(5), window.dueAt]).toEqual([false, 30, false, 30])
  expect([window.time(29), window.time(30), window.dueAt]).toEqual([false, true, 40])
  // Once due, the next is the first multiple above the watermark, whether or not a pane came.
  expect([window.time(67), window.dueAt]).toEqual([true, 70])
})

test('a first record that is behind the watermark is shown at once', () => {
  const window = windowOf(every)
  window.watermark = 50
  expect([window.record(3), window.dueAt, window.record(4)]).toEqual([true, 60, false])
})

test('fires at completion, and for every late record', () => {
  const window = windowOf(every)
  window.record(95)
  expect([window.time(100), window.time(110), window.record(3), window.record(4)]).toEqual([true, false, true, true])
  expect(window.finished).toBe(false)
})

test('before the epoch as after it', () => {
  const window = windowOf(every)
  window.watermark = -100
  window.record(-25)
  expect(window.dueAt).toBe(-20)
})

test('what has left by another way begins anew with the next record', () => {
  const window = windowOf(every)
  window.record(3)
  window.clear()
  expect(window.dueAt).toBeUndefined()
  window.record(31)
  expect(window.dueAt).toBe(40)
})

test('sessions: the earliest time of all; what became due while one was complete is past', () => {
  const [a, b] = [sessionOf(every), sessionOf(every)]
  a.record(31)
  b.record(12)
  a.merge(120, b)
  expect(a.dueAt).toBe(20)
  const window = sessionOf(every)
  window.record(95)
  window.time(113)
  window.merge(150)
  expect([window.record(113), window.dueAt]).toEqual([false, 120])
  const late = sessionOf(every)
  late.watermark = 100
  expect(late.record(3)).toBe(true)
  late.merge(150)
  expect([late.record(99), late.dueAt]).toEqual([false, 110])
})

test('is a frozen description that says what comes in each phase', () => {
  const trigger = everyEventTime('5m')
  expect(isFrozen(trigger)).toBe(true)
  expect([trigger.kind, trigger.emitsAtCompletion, trigger.mayFinish]).toEqual(['everyEventTime(5m)', true, undefined])
  expect(trigger.words).toMatchObject({
    when: 'at every whole multiple of 5m of event time, and at completion',
    early: 'at every whole multiple of 5m of event time, if something came',
    late: 'for every late record',
  })
  expect([trigger.words?.panes(false, false), trigger.words?.panes(false, true).at(-1)]).toEqual([
    ['one for every 5m of event time in which something came', 'one at completion'],
    'one for every late record',
  ])
})

test('a period of nothing is refused', () => {
  expect(() => everyEventTime('0s')).toThrow(/The period of everyEventTime: found '0s', expected/)
})
