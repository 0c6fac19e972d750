import { expect, test } from 'vitest'
import { isFrozen, sessionOf, windowOf } from '../test/window-of.ts'
import { everyUpdate } from './every-update.ts'
import { never } from './never.ts'

test('everyUpdate fires for every record and never finishes', () => {
  const window = windowOf(everyUpdate())
  expect(window.records(1, 2, 3)).toEqual([true, true, true])
  expect([window.time(100), window.finished, window.record()]).toEqual([false, false, true])
})

test('everyUpdate: what has left is no update; what came to any part of a session is', () => {
  const [a, b] = [sessionOf(everyUpdate()), sessionOf(everyUpdate())]
  b.rows.set(Float64Array.from([1]), 2)
  a.merge(120, b)
  expect(a.clock(1)).toBe(true)
  b.clear()
  expect(b.clock(1)).toBe(false)
})

test('never does nothing, and keeps nothing', () => {
  const window = windowOf(never())
  expect(window.records(1, 2)).toEqual([false, false])
  expect([window.time(1_000), window.clock(1e9), window.finished, window.wakeAt, window.dueAt]).toEqual([
    false,
    false,
    false,
    undefined,
    undefined,
  ])
  window.merge(120, windowOf(never()))
  expect(never().step.initial).toEqual([])
})

test('both are frozen descriptions that print themselves, and neither may finish', () => {
  const [update, none] = [everyUpdate(), never()]
  expect([isFrozen(update), isFrozen(none)]).toEqual([true, true])
  expect([update.kind, update.words?.when, update.words?.panes(false, true)]).toEqual([
    'everyUpdate()',
    'for every record',
    ['one for every record'],
  ])
  expect([none.kind, none.words?.when, none.words?.panes(true, true)]).toEqual(['never()', 'never', []])
  expect([update.mayFinish, none.mayFinish]).toEqual([undefined, undefined])
})
