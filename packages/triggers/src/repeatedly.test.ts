import { expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterCount } from './after-count.ts'
import { afterFirst } from './after-first.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { afterWatermark } from './after-watermark.ts'
import { completeMode } from './complete-mode.ts'
import { repeatedly } from './repeatedly.ts'
import { suppress } from './suppress.ts'

test('a part that has finished begins anew', () => {
  const window = windowOf(repeatedly(afterCount(2)))
  expect(window.records(1, 2, 3, 4, 5)).toEqual([false, true, false, true, false])
  expect(window.finished).toBe(false)
  const timed = windowOf(repeatedly(afterProcessingTime('10ms')))
  timed.record()
  expect([timed.clock(10), timed.wakeAt]).toEqual([true, undefined])
  timed.record()
  expect([timed.wakeAt, timed.clock(20)]).toEqual([20, true])
})

test('all that has counted in its part is void after a firing', () => {
  const window = windowOf(repeatedly(afterFirst(afterCount(3), afterProcessingTime('10ms'))))
  expect([window.record(), window.record(), window.clock(10), window.wakeAt]).toEqual([false, false, true, undefined])
  expect(window.records(1, 2, 3)).toEqual([false, false, true])
})

test('a part that a merge has finished goes on', () => {
  const done = sessionOf(afterCount(1))
  done.record()
  const window = sessionOf(repeatedly(afterCount(1)))
  window.merge(120, done)
  expect([window.finished, window.record()]).toEqual([false, true])
})

test('repeated, the watermark fires at completion and for every late record', () => {
  const window = windowOf(repeatedly(afterWatermark()))
  expect([window.record(), window.time(100), window.record(), window.record()]).toEqual([false, true, true, true])
})

test('is a frozen description that never finishes', () => {
  const trigger = repeatedly(afterCount(3))
  expect(isFrozen(trigger)).toBe(true)
  expect([trigger.kind, trigger.words?.when, trigger.words?.panes(false, true), trigger.mayFinish]).toEqual([
    'repeatedly(afterCount(3))',
    'once 3 records have come, again and again',
    ['one for every 3 records'],
    undefined,
  ])
  expect([trigger.emitsAtCompletion, repeatedly(afterWatermark()).emitsAtCompletion]).toEqual([false, true])
  expect(repeatedly(repeatedly(afterCount(3))).words?.when).toBe('once 3 records have come, again and again')
})

test('what is no trigger, or stands for itself, is no part', () => {
  expect(() => repeatedly('often' as never)).toThrow(
    expect.objectContaining({
      code: 'BAD_TRIGGER',
      message: 'repeatedly: found string, expected a trigger, as in afterCount(3).',
    }) as Error,
  )
  expect(() => repeatedly(completeMode({ every: '1m' }))).toThrow(
    'repeatedly: found completeMode(every 1m), which stands for itself, expected a trigger that can be a part of another.',
  )
  expect(() => repeatedly(suppress.untilTimeLimit('1m', { onFull: 'fail' }))).toThrow(/which stands for itself/)
})
