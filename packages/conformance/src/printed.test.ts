/** Descriptions print themselves: every policy, trigger, combinator, gate, window assigner and watermark strategy. */
import * as core from '@tidemark/core'
import * as triggers from '@tidemark/triggers'
import { expect, test } from 'vitest'

const {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  alignedProcessingTime,
  atMostEvery,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  never,
  onChange,
  orFinally,
  repeatedly,
  suppress,
  updateMode,
} = triggers

const ofTriggers: Readonly<Record<keyof typeof triggers, readonly { readonly kind: string }[]>> = {
  afterAll: [afterAll(afterCount(2), never())],
  afterCount: [afterCount(2)],
  afterEach: [afterEach(afterCount(2), never())],
  afterFirst: [afterFirst(afterCount(2), never())],
  afterProcessingTime: [afterProcessingTime('10s')],
  afterWatermark: [afterWatermark({ early: afterCount(2) })],
  alignedProcessingTime: [alignedProcessingTime('10s')],
  atMostEvery: [atMostEvery('10s')],
  completeMode: [completeMode({ every: '10s' })],
  continuousRefinement: [continuousRefinement()],
  earlyAndLate: [earlyAndLate({ earlyEvery: '10s' }), earlyAndLate({ earlyCount: 2 })],
  emitOnClose: [emitOnClose()],
  everyEventTime: [everyEventTime('10s')],
  everyUpdate: [everyUpdate()],
  never: [never()],
  onChange: [onChange()],
  orFinally: [orFinally(never(), afterCount(2))],
  repeatedly: [repeatedly(afterCount(2))],
  suppress: [suppress.untilTimeLimit('10s', { onFull: 'fail' })],
  updateMode: [updateMode({ every: '10s' })],
}

const ofCore = {
  watermarkThenUpdates: core.watermarkThenUpdates(),
  tumbling: core.tumbling('1m'),
  hopping: core.hopping('1m', { every: '10s' }),
  session: core.session('1m'),
  calendar: core.calendar('day', { timeZone: 'UTC' }),
  slidingByRecord: core.slidingByRecord('1m'),
  oneWindow: core.oneWindow(),
  assignWindows: core.assignWindows({ assign: () => [] }),
  boundedOutOfOrderness: core.boundedOutOfOrderness('5s'),
  monotonous: core.monotonous(),
  punctuated: core.punctuated(() => undefined),
}

function printed(description: { toString: () => string }): string {
  return description.toString()
}

test.each([
  ...Object.entries(ofTriggers).flatMap(([name, all]) => all.map((one) => [name, one] as const)),
  ...Object.entries(ofCore),
])('%s prints what explain() calls it', (name, description) => {
  expect(printed(description)).toBe(description.kind)
  expect(description.kind).toContain(name === 'calendar' ? 'calendar(' : name)
  expect([Object.isFrozen(description), Object.keys(description).includes('toString')]).toEqual([true, false])
})

test('a combination prints its parts', () => {
  expect(printed(repeatedly(afterFirst(afterCount(2), afterProcessingTime('10s'))))).toBe(
    'repeatedly(afterFirst(afterCount(2), afterProcessingTime(10s)))',
  )
})

test('a copy does not print what it is not', () => {
  expect(printed(core.described({ ...afterCount(2), kind: 'mine' }))).toBe('mine')
})
