import { expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { afterCount } from './after-count.ts'

test('fires once, with the nth record of the pane', () => {
  const window = windowOf(afterCount(3))
  expect(window.records(1, 2, 3, 4, 5, 6)).toEqual([false, false, true, false, false, false])
  expect(window.finished).toBe(true)
  expect([window.wakeAt, window.dueAt, window.time(100)]).toEqual([undefined, undefined, false])
})

test('what has left by another way does not count', () => {
  const window = windowOf(afterCount(2))
  window.record()
  window.clear()
  expect(window.records(1, 2)).toEqual([false, true])
  window.clear()
  expect(window.finished).toBe(true)
})

test('counts of sessions that become one add up; one that had fired makes the whole done', () => {
  const [a, b, c] = [sessionOf(afterCount(4)), sessionOf(afterCount(4)), sessionOf(afterCount(4))]
  a.record()
  b.records(1, 2)
  c.record()
  a.merge(120, b, c)
  expect(a.clock(0)).toBe(true)
  const fresh = sessionOf(afterCount(4))
  fresh.merge(130, a)
  expect(fresh.finished).toBe(true)
  const grown = sessionOf(afterCount(2))
  grown.record()
  grown.merge(120)
  expect(grown.record()).toBe(true)
})

test('is a frozen description that prints itself and says why it may finish', () => {
  const trigger = afterCount(3)
  expect(isFrozen(trigger)).toBe(true)
  expect([trigger.kind, trigger.emitsAtCompletion, trigger.mayFinish?.(0)]).toEqual([
    'afterCount(3)',
    false,
    'afterCount(3) finishes with its first firing',
  ])
  expect(trigger.words?.when).toBe('once 3 records have come')
  expect([trigger.words?.panes(false, true), trigger.words?.panes(true, true)]).toEqual([
    ['one'],
    ['one for every 3 records'],
  ])
  expect([afterCount(1).words?.when, afterCount(1).words?.panes(true, true)]).toEqual([
    'for the next record',
    ['one for every record'],
  ])
})

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as never, undefined as never])(
  '%s is no count',
  (n) => {
    expect(() => afterCount(n)).toThrow(
      expect.objectContaining({
        code: 'BAD_COUNT',
        message: `afterCount: found ${String(n)}, expected a whole number of at least 1.`,
      }) as Error,
    )
  },
)
