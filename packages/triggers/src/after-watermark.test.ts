import { describe, expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterCount } from './after-count.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { afterWatermark } from './after-watermark.ts'
import { everyUpdate } from './every-update.ts'
import { onChange } from './on-change.ts'
import { repeatedly } from './repeatedly.ts'

test('alone it fires when the watermark completes the window, once', () => {
  const window = windowOf(afterWatermark())
  expect([window.record(), window.time(99), window.time(100), window.finished]).toEqual([false, false, true, true])
  expect(window.record()).toBe(false)
})

test('a window that begins late fires with its first record', () => {
  const window = windowOf(afterWatermark())
  window.watermark = 100
  expect(window.records(1, 2)).toEqual([true, false])
})

test('early and late parts begin anew after each firing, so that it goes on', () => {
  const window = windowOf(afterWatermark({ early: afterCount(2), late: afterCount(3) }))
  expect(window.records(1, 2, 3, 4, 5)).toEqual([false, true, false, true, false])
  // Completion makes the late part begin: what the early one has counted is void.
  expect(window.time(100)).toBe(true)
  expect(window.records(6, 7, 8, 9, 10, 11)).toEqual([false, false, true, false, false, true])
  expect(window.finished).toBe(false)
})

test('an early part that has finished inside begins anew as well', () => {
  const window = windowOf(afterWatermark({ early: repeatedly(afterCount(2)), late: afterCount(1) }))
  expect(window.records(1, 2, 3, 4)).toEqual([false, true, false, true])
})

test('its parts are waited for in their phase', () => {
  const window = windowOf(afterWatermark({ early: afterProcessingTime('10ms'), late: afterProcessingTime('5ms') }))
  window.record()
  expect(window.wakeAt).toBe(10)
  expect([window.time(100), window.wakeAt]).toEqual([true, undefined])
  window.record()
  expect([window.wakeAt, window.clock(5), window.wakeAt]).toEqual([5, true, undefined])
})

describe('sessions', () => {
  test('one that grows beyond the watermark is before completion again', () => {
    const window = sessionOf(afterWatermark({ early: afterCount(2), late: afterCount(1) }))
    window.record()
    expect(window.time(100)).toBe(true)
    window.merge(150)
    expect([window.record(), window.record(), window.time(150)]).toEqual([false, true, true])
  })

  test('late only if all that become one were, and the whole is complete', () => {
    const late = (): ReturnType<typeof sessionOf> => {
      const window = sessionOf(afterWatermark({ late: afterCount(3) }))
      window.record()
      window.time(100)
      window.record()
      return window
    }
    const [a, b, c] = [late(), late(), late()]
    a.merge(100, b, c)
    // The late parts of all have counted one each.
    expect(a.clock(0)).toBe(true)
    const fresh = sessionOf(afterWatermark({ late: afterCount(3) }))
    fresh.watermark = 100
    fresh.merge(100, late())
    // One of them had not been shown at completion: this is its firing.
    expect(fresh.clock(0)).toBe(true)
  })

  test('one that stays late forgets what its early part has seen', () => {
    const window = sessionOf(afterWatermark({ early: afterCount(2), late: afterCount(9) }))
    window.record()
    window.time(100)
    window.record()
    window.merge(100)
    window.merge(150)
    expect([window.record(), window.record()]).toEqual([false, true])
  })

  test('what early parts have seen counts, though two of three were late', () => {
    const make = (): ReturnType<typeof sessionOf> =>
      sessionOf(afterWatermark({ early: afterCount(3), late: afterCount(9) }))
    const [a, b, c] = [make(), make(), make()]
    for (const window of [a, b]) {
      window.record()
      window.time(100)
      window.record()
    }
    c.record()
    a.merge(150, b, c)
    // Each early part was told of one record after the firing at completion, the third of its own.
    expect(a.clock(0)).toBe(true)
  })
})

test('is a frozen description that says what comes in each phase', () => {
  const trigger = afterWatermark({ early: afterProcessingTime('10s'), late: afterCount(1) })
  expect(isFrozen(trigger)).toBe(true)
  expect(trigger.kind).toBe('afterWatermark({ early: afterProcessingTime(10s), late: afterCount(1) })')
  expect(trigger.words).toMatchObject({
    when: 'before completion 10s of processing time after the first record that is pending, again and again; once the watermark has completed the window; after that for every record',
    early: '10s of processing time after the first record that is pending, again and again',
    late: 'for every record',
  })
  expect(trigger.words?.panes(false, true)).toEqual([
    'one per 10s of processing time before completion',
    'one at completion',
    'one for every late record',
  ])
  expect(afterWatermark().kind).toBe('afterWatermark()')
  expect([trigger.emitsAtCompletion, afterWatermark().emitsAtCompletion]).toEqual([true, true])
})

test('may finish where it has no late part, but late records are allowed', () => {
  expect([afterWatermark().mayFinish?.(0), afterWatermark({ late: everyUpdate() }).mayFinish?.(5)]).toEqual([
    undefined,
    undefined,
  ])
  expect(afterWatermark({ early: everyUpdate() }).mayFinish?.(5)).toBe(
    'afterWatermark({ early: everyUpdate() }) has no late part, but late records are allowed',
  )
})

test('what is no trigger is no part', () => {
  expect(() => afterWatermark({ early: onChange() as never })).toThrow(
    'afterWatermark: found object, expected a trigger, as in afterCount(3).',
  )
})
