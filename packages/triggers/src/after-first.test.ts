import { describe, expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterAll } from './after-all.ts'
import { afterCount } from './after-count.ts'
import { afterFirst } from './after-first.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { afterWatermark } from './after-watermark.ts'
import { everyUpdate } from './every-update.ts'
import { never } from './never.ts'
import { repeatedly } from './repeatedly.ts'

describe('afterFirst', () => {
  test('fires once, with the first of its parts', () => {
    const byCount = windowOf(afterFirst(afterCount(2), afterProcessingTime('10ms')))
    expect([...byCount.records(1, 2, 3), byCount.clock(10)]).toEqual([false, true, false, false])
    const byTime = windowOf(afterFirst(afterCount(2), afterProcessingTime('10ms')))
    byTime.record()
    expect([byTime.wakeAt, byTime.clock(10), byTime.finished, byTime.record()]).toEqual([10, true, true, false])
  })

  test('with a part that repeats it fires once all the same', () => {
    const window = windowOf(afterFirst(everyUpdate(), afterWatermark()))
    expect([...window.records(1, 2), window.time(100)]).toEqual([true, false, false])
  })

  test('sessions: the parts are merged one by one; it has fired if one of them has finished', () => {
    const make = (): ReturnType<typeof sessionOf> => sessionOf(afterFirst(afterCount(3), afterProcessingTime('10ms')))
    const [a, b, done] = [make(), make(), make()]
    a.record()
    b.records(1, 2)
    a.merge(120, b)
    expect(a.clock(0)).toBe(true)
    done.record()
    done.clock(10)
    const fresh = make()
    fresh.merge(120, done)
    // A time may come again in new bounds: nothing has finished.
    expect(fresh.finished).toBe(false)
    fresh.merge(120, a)
    expect(fresh.finished).toBe(true)
  })

  test('may finish if one of its parts may; promises nothing for completion', () => {
    expect(afterFirst(afterWatermark(), repeatedly(afterCount(2))).mayFinish?.(0)).toBeUndefined()
    expect(afterFirst(afterWatermark(), afterCount(2)).mayFinish?.(0)).toBe(
      'afterCount(2) finishes with its first firing',
    )
    expect(afterFirst(afterWatermark(), afterCount(2)).mayFinish?.(9)).toMatch(/^afterWatermark\(\) has no late part/)
    expect(afterFirst(afterWatermark({ early: everyUpdate() }), afterWatermark()).emitsAtCompletion).toBe(false)
    expect(afterFirst(afterWatermark(), never()).emitsAtCompletion).toBe(false)
    expect(repeatedly(afterFirst(afterWatermark(), afterCount(2))).emitsAtCompletion).toBe(true)
  })
})

describe('afterAll', () => {
  test('fires once, when all of its parts do', () => {
    const window = windowOf(afterAll(afterCount(2), afterProcessingTime('10ms')))
    expect(window.records(1, 2, 3)).toEqual([false, false, false])
    expect([window.clock(9), window.clock(10), window.finished, window.record()]).toEqual([false, true, true, false])
  })

  test('what comes at completion only is waited for', () => {
    const window = windowOf(afterAll(afterCount(2), afterWatermark()))
    expect([window.record(), window.time(100), window.record()]).toEqual([false, false, true])
  })

  test('with never it never fires', () => {
    const window = windowOf(afterAll(never(), afterCount(1)))
    expect([window.record(), window.time(100), window.finished]).toEqual([false, false, false])
  })

  test('sessions: it has fired if all parts have finished', () => {
    const make = (): ReturnType<typeof sessionOf> => sessionOf(afterAll(afterCount(1), afterCount(2)))
    const done = make()
    done.records(1, 2)
    const fresh = make()
    fresh.merge(120, done)
    expect(fresh.finished).toBe(true)
    const [a, b] = [make(), make()]
    a.record()
    b.record()
    a.merge(120, b)
    expect(a.clock(0)).toBe(true)
  })

  test('may finish if all of its parts may', () => {
    expect(afterAll(afterCount(2), repeatedly(afterCount(2))).mayFinish?.(0)).toBeUndefined()
    expect(afterAll(afterCount(2), afterWatermark()).mayFinish?.(0)).toBeUndefined()
    expect(afterAll(afterCount(2), afterWatermark()).mayFinish?.(1)).toBe(
      'afterCount(2) finishes with its first firing',
    )
    // Its first firing, which may come before completion, is its last.
    expect(afterAll(afterWatermark({ early: everyUpdate() }), afterWatermark()).emitsAtCompletion).toBe(false)
    expect(repeatedly(afterAll(afterWatermark(), afterWatermark())).emitsAtCompletion).toBe(true)
    expect(repeatedly(afterAll(afterWatermark(), afterCount(2))).emitsAtCompletion).toBe(false)
  })
})

test('both are frozen descriptions that print their parts', () => {
  const parts = [afterCount(3), afterProcessingTime('10s')] as const
  const [first, all] = [afterFirst(...parts), afterAll(...parts)]
  expect([isFrozen(first), isFrozen(all)]).toEqual([true, true])
  expect([first.kind, all.kind]).toEqual([
    'afterFirst(afterCount(3), afterProcessingTime(10s))',
    'afterAll(afterCount(3), afterProcessingTime(10s))',
  ])
  expect(first.words?.when).toBe(
    'once 3 records have come, or 10s of processing time after the first record that is pending, whichever comes first',
  )
  expect(all.words?.when).toBe(
    'once 3 records have come, and 10s of processing time after the first record that is pending, when all of these have come',
  )
  expect([first.words?.panes(false, true), first.words?.panes(true, true), all.words?.panes(true, true)]).toEqual([
    ['one'],
    ['one for every 3 records', 'one per 10s of processing time'],
    ['at most one for every 3 records, and at most one per 10s of processing time'],
  ])
})

test('both need two parts', () => {
  expect(() => afterFirst(afterCount(1))).toThrow('afterFirst: found 1 triggers, expected at least 2.')
  expect(() => afterAll()).toThrow(
    expect.objectContaining({
      code: 'BAD_TRIGGER',
      message: 'afterAll: found 0 triggers, expected at least 2.',
    }) as Error,
  )
})
