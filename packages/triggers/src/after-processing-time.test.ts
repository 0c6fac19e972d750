import { describe, expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { alignedProcessingTime } from './aligned-processing-time.ts'
import { repeatedly } from './repeatedly.ts'

describe('afterProcessingTime', () => {
  test('fires once, when the clock is its delay past the first record of the pane', () => {
    const window = windowOf(afterProcessingTime('10ms'))
    expect([window.wakeAt, window.clock(5), window.record()]).toEqual([undefined, false, false])
    expect([window.wakeAt, window.clock(9), window.record(), window.wakeAt]).toEqual([15, false, false, 15])
    expect([window.clock(14), window.clock(15), window.finished, window.wakeAt]).toEqual([false, true, true, undefined])
    expect([window.record(), window.clock(99)]).toEqual([false, false])
  })

  test('fires at the next chance when the clock leaps', () => {
    const window = windowOf(afterProcessingTime('10ms'))
    window.record()
    expect([window.clock(5_000), window.wakeAt]).toEqual([true, undefined])
  })

  test('no delay: with the record', () => {
    expect(windowOf(afterProcessingTime('0ms')).record()).toBe(true)
  })

  test('what has left by another way is no first record', () => {
    const window = windowOf(afterProcessingTime('10ms'))
    window.record()
    window.clear()
    expect([window.wakeAt, window.clock(10)]).toEqual([undefined, false])
    window.record()
    expect(window.wakeAt).toBe(20)
  })

  test('of sessions that become one the earliest time counts, that of one that had fired included', () => {
    const [a, b, c] = [1, 2, 3].map(() => sessionOf(afterProcessingTime('10ms'))) as [
      ReturnType<typeof sessionOf>,
      ReturnType<typeof sessionOf>,
      ReturnType<typeof sessionOf>,
    ]
    a.clock(7)
    a.record()
    b.clock(4)
    b.record()
    a.merge(120, b, c)
    expect(a.wakeAt).toBe(14)
    // One that has fired goes on in new bounds: what it is told of by then counts.
    expect(a.clock(14)).toBe(true)
    a.merge(130)
    expect([a.finished, a.wakeAt]).toEqual([false, undefined])
    a.record()
    expect(a.wakeAt).toBe(24)
  })
})

describe('alignedProcessingTime', () => {
  test('fires at the first whole multiple of its period after the first record, not at it', () => {
    const window = windowOf(alignedProcessingTime('10ms'))
    window.clock(9)
    window.record()
    expect([window.wakeAt, window.clock(10), window.finished]).toEqual([10, true, true])
    const other = windowOf(repeatedly(alignedProcessingTime('10ms')))
    other.clock(10)
    other.record()
    expect([other.wakeAt, other.clock(25), other.wakeAt]).toEqual([20, true, undefined])
    other.record()
    expect(other.wakeAt).toBe(30)
  })

  test('also before the epoch', () => {
    const window = windowOf(alignedProcessingTime('10ms'))
    window.clock(-15)
    window.record()
    expect(window.wakeAt).toBe(-10)
  })
})

test('both are frozen descriptions that print themselves and say why they may finish', () => {
  for (const [trigger, kind, when, often] of [
    [
      afterProcessingTime('10s'),
      'afterProcessingTime(10s)',
      '10s of processing time after the first record that is pending',
      'one per 10s of processing time',
    ],
    [
      alignedProcessingTime('1m'),
      'alignedProcessingTime(1m)',
      'at the next whole multiple of 1m of processing time',
      'one per 1m of processing time',
    ],
  ] as const) {
    expect(isFrozen(trigger)).toBe(true)
    expect([trigger.kind, trigger.words?.when]).toEqual([kind, when])
    expect([trigger.words?.panes(false, true), trigger.words?.panes(true, true)]).toEqual([['one'], [often]])
    expect(trigger.mayFinish?.(0)).toBe(`${kind} finishes with its first firing`)
    expect(trigger.emitsAtCompletion).toBe(false)
  }
})

test('what is no duration is refused with what was found', () => {
  expect(() => afterProcessingTime('5' as never)).toThrow(
    /The period of afterProcessingTime: found '5', expected .*\. /,
  )
  expect(() => afterProcessingTime(5 as never)).toThrow(expect.objectContaining({ code: 'BAD_DURATION' }) as Error)
  expect(() => alignedProcessingTime('0ms')).toThrow(/The period of alignedProcessingTime: found '0ms', expected/)
})
