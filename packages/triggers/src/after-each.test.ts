import { describe, expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterCount } from './after-count.ts'
import { afterEach } from './after-each.ts'
import { afterFirst } from './after-first.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { afterWatermark } from './after-watermark.ts'
import { everyUpdate } from './every-update.ts'
import { orFinally } from './or-finally.ts'
import { repeatedly } from './repeatedly.ts'

describe('afterEach', () => {
  test('one part after the other, each from when it begins', () => {
    const window = windowOf(afterEach(afterCount(1), afterCount(2), repeatedly(afterCount(3))))
    const fired = window.records(1, 2, 3, 4, 5, 6, 7, 8, 9)
    expect(fired.flatMap((fires, i) => (fires ? [i + 1] : []))).toEqual([1, 3, 6, 9])
    expect(window.finished).toBe(false)
  })

  test('finishes with its last part', () => {
    const window = windowOf(afterEach(afterCount(1), afterCount(2)))
    expect(window.records(1, 2, 3, 4)).toEqual([true, false, true, false])
    expect(window.finished).toBe(true)
  })

  test('what follows one that repeats never begins', () => {
    const window = windowOf(afterEach(everyUpdate(), afterCount(1)))
    expect(window.records(1, 2, 3)).toEqual([true, true, true])
    expect(window.finished).toBe(false)
  })

  test('a later part has seen nothing of what came before it', () => {
    const window = windowOf(afterEach(afterCount(1), afterProcessingTime('10ms')))
    window.record()
    expect(window.wakeAt).toBeUndefined()
    window.clock(5)
    window.record()
    expect(window.wakeAt).toBe(15)
  })

  describe('sessions', () => {
    test('growth makes no part begin anew that has finished by counting', () => {
      const window = sessionOf(afterEach(afterCount(1), afterCount(2)))
      expect(window.record()).toBe(true)
      window.merge(120)
      expect([window.record(), window.record(), window.finished]).toEqual([false, true, true])
    })

    test('one that revives an earlier part makes all behind it begin anew', () => {
      const window = sessionOf(afterEach(afterFirst(everyUpdate(), afterWatermark()), afterCount(1)))
      expect(window.records(1, 2, 3)).toEqual([true, true, false])
      expect(window.finished).toBe(true)
      window.merge(120)
      expect(window.finished).toBe(false)
      expect(window.records(4, 5, 6)).toEqual([true, true, false])
    })

    test('all parts have seen all records: what a merge brings into force knows of them', () => {
      const make = (): ReturnType<typeof sessionOf> => sessionOf(afterEach(afterCount(2), afterCount(2)))
      const [done, other] = [make(), make()]
      done.records(1, 2)
      other.record()
      other.merge(120, done)
      expect(other.record()).toBe(true)
    })
  })

  test('may finish if all of its parts may; emits at completion if each part would, and one goes on', () => {
    expect(afterEach(afterCount(1), everyUpdate()).mayFinish?.(0)).toBeUndefined()
    expect(afterEach(afterCount(1), afterCount(2)).mayFinish?.(0)).toBe('afterCount(1) finishes with its first firing')
    expect(afterEach(afterWatermark(), repeatedly(afterWatermark())).emitsAtCompletion).toBe(true)
    expect(afterEach(afterCount(1), afterWatermark()).emitsAtCompletion).toBe(false)
  })
})

describe('orFinally', () => {
  test('fires as its first until the second does; that is the last firing', () => {
    const window = windowOf(orFinally(repeatedly(afterCount(2)), afterCount(5)))
    expect(window.records(1, 2, 3, 4, 5, 6, 7)).toEqual([false, true, false, true, true, false, false])
    expect(window.finished).toBe(true)
  })

  test('ends with its first part as well', () => {
    const window = windowOf(orFinally(afterCount(1), afterCount(5)))
    expect([...window.records(1, 2), window.finished]).toEqual([true, false, true])
  })

  test('the second counts across the firings of the first', () => {
    const window = windowOf(orFinally(repeatedly(afterProcessingTime('10ms')), afterProcessingTime('25ms')))
    window.record()
    expect([window.wakeAt, window.clock(10), window.wakeAt]).toEqual([10, true, 25])
    window.record()
    expect([window.wakeAt, window.clock(20), window.clock(25), window.finished]).toEqual([20, true, true, true])
  })

  test('sessions: ended if one of its parts has finished', () => {
    const make = (): ReturnType<typeof sessionOf> => sessionOf(orFinally(everyUpdate(), afterCount(3)))
    const [a, b] = [make(), make()]
    a.record()
    b.records(1, 2)
    a.merge(120, b)
    expect([a.clock(0), a.finished]).toEqual([true, true])
  })

  test('may finish if either part may', () => {
    expect(orFinally(everyUpdate(), afterWatermark()).mayFinish?.(0)).toBeUndefined()
    expect(orFinally(everyUpdate(), afterWatermark()).mayFinish?.(1)).toMatch(/^afterWatermark\(\) has no late part/)
    expect(orFinally(afterCount(1), everyUpdate()).mayFinish?.(0)).toMatch(/^afterCount\(1\) finishes/)
    expect(orFinally(everyUpdate(), afterWatermark()).emitsAtCompletion).toBe(true)
    expect(orFinally(afterWatermark(), afterCount(2)).emitsAtCompletion).toBe(false)
  })
})

test('both are frozen descriptions that print their parts', () => {
  const each = afterEach(afterCount(1), repeatedly(afterCount(3)))
  const finally_ = orFinally(repeatedly(afterCount(3)), afterWatermark())
  expect([isFrozen(each), isFrozen(finally_)]).toEqual([true, true])
  expect([each.kind, finally_.kind]).toEqual([
    'afterEach(afterCount(1), repeatedly(afterCount(3)))',
    'orFinally(repeatedly(afterCount(3)), afterWatermark())',
  ])
  expect([each.words?.when, finally_.words?.when]).toEqual([
    'first for the next record, then once 3 records have come, again and again',
    'once 3 records have come, again and again; the last one once the watermark has completed the window',
  ])
  expect([each.words?.panes(false, true), finally_.words?.panes(false, true)]).toEqual([
    ['one', 'one for every 3 records'],
    ['one for every 3 records', 'one at completion'],
  ])
})

test('both need two parts', () => {
  expect(() => afterEach(afterCount(1))).toThrow('afterEach: found 1 triggers, expected at least 2.')
  expect(() => orFinally(afterCount(1), undefined as never)).toThrow(
    'orFinally: found undefined, expected a trigger, as in afterCount(3).',
  )
})
