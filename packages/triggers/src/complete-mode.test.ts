import { expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { completeMode } from './complete-mode.ts'

const mode = completeMode({ every: '10ms' })

test('fires at every whole multiple of its period while the window is live, and at completion', () => {
  const window = windowOf(mode)
  window.clock(3)
  expect([window.record(), window.wakeAt, window.clock(10), window.wakeAt, window.clock(20)]).toEqual([
    false,
    10,
    true,
    20,
    true,
  ])
  expect([window.time(100), window.time(101), window.wakeAt, window.clock(30), window.clock(39)]).toEqual([
    true,
    false,
    30,
    true,
    false,
  ])
  expect([window.record(), window.clock(40), window.finished]).toEqual([false, true, false])
})

test('misses no period, and makes up for none', () => {
  const window = windowOf(mode)
  window.record()
  expect([window.clock(45), window.clock(46), window.wakeAt]).toEqual([true, false, 50])
})

test('what has left by another way changes nothing', () => {
  const window = windowOf(mode)
  window.record()
  window.clear()
  expect(window.wakeAt).toBe(10)
})

test('sessions: the earliest time of all; one that grows beyond the watermark is not complete', () => {
  const [a, b] = [sessionOf(mode), sessionOf(mode)]
  a.clock(15)
  a.record()
  b.record()
  a.merge(120, b)
  expect([a.clock(15), a.wakeAt]).toEqual([true, 20])
  const window = sessionOf(mode)
  window.record()
  window.time(100)
  window.merge(150)
  window.record()
  expect([window.time(149), window.time(150)]).toEqual([false, true])
})

test('is a frozen description that repeats its panes', () => {
  expect(isFrozen(mode)).toBe(true)
  expect([mode.kind, mode.emitsAtCompletion, mode.onTime, mode.repeatsPanes, mode.mayFinish]).toEqual([
    'completeMode(every 10ms)',
    true,
    'always',
    true,
    undefined,
  ])
  expect(mode.words?.when).toBe('at every whole multiple of 10ms of processing time, changed or not, and at completion')
  expect(mode.words?.panes(false, false)).toEqual([
    'one per 10ms of processing time while the window is live',
    'one at completion',
  ])
})

test('a period of nothing is refused', () => {
  expect(() => completeMode({ every: '0s' })).toThrow(/The period of completeMode: found '0s', expected/)
})
