/** What explain() says of combined triggers: which fire once, and how often the others do. */
import { collected, monotonous, pipeline, tumbling, watermarkThenUpdates } from '@tidemark/core'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  earlyAndLate,
  emitOnClose,
  everyUpdate,
  never,
  repeatedly,
  updateMode,
} from '@tidemark/triggers'
import { expect, test } from 'vitest'

const keyed = pipeline('views')
  .from<{ readonly at: number }>([])
  .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
  .keyBy(() => 'a')

/** The row with a label, on one line. */
function row(label: string, options: unknown): string | undefined {
  const text = keyed
    .window(tumbling('1m'), options as Parameters<typeof keyed.window>[1])
    .count()
    .to(collected())
    .explain()
    .replaceAll(/\n {3,}/g, ' ')
  return text
    .split('\n')
    .find((line) => line.startsWith(`  ${label}  `))
    ?.slice(label.length + 2)
    .trim()
}

test('a trigger that fires once says that nothing comes after it', () => {
  const of = (trigger: unknown, label: string, lateness = '5m'): string | undefined =>
    row(label, { trigger, allowedLateness: lateness, allowDataLoss: true })
  const first = afterFirst(repeatedly(afterCount(2)), never())
  const all = afterAll(repeatedly(afterCount(2)), afterCount(1))
  expect([of(first, 'a pane comes'), of(all, 'a pane comes')]).toEqual([
    'once 2 records have come, and none after that before the window is final',
    'once 2 records have come, and for the next record, when all of these have come, and none after that before the window is final',
  ])
  expect([of(first, 'late, W < end + 5m'), of(all, 'late, W < end + 5m')]).toEqual([
    'a late pane, as far as said above, if none has come before',
    'a late pane, as far as said above, if none has come before',
  ])
  expect([of(first, 'how many'), of(all, 'how many')]).toEqual([
    'per key and window: one, one when it is final',
    'per key and window: one, one when it is final',
  ])
  expect(of(first, 'in time, W < end', '0s')).toBe(
    'an early pane once 2 records have come, and none after that before the window is final',
  )
  expect(of(afterEach(afterCount(1), afterCount(9)), 'late, W < end + 5m')).toBe(
    'a late pane, as far as said above, unless the trigger has finished',
  )
  expect(of(afterAll(afterCount(2), never()), 'how many')).toBe('per key and window: exactly one')
})

test('how often a combination fires follows from all of its parts', () => {
  const many = (trigger: unknown): string | undefined => row('how many', { trigger, allowedLateness: '5m' })
  const often = (ways: string): string => `per key and window: ${ways}, one when it is final`
  expect(many(repeatedly(afterAll(afterCount(1), afterCount(4))))).toBe(often('one for every 4 records'))
  expect(many(repeatedly(afterFirst(afterCount(3), repeatedly(afterCount(2)))))).toBe(often('one for every 2 records'))
  expect(many(repeatedly(afterEach(afterCount(1), afterCount(100))))).toBe(often('2 for every 101 records'))
  expect(many(repeatedly(afterEach(afterCount(2), afterProcessingTime('1m'))))).toBe(
    often('in turn one for every 2 records, then one per 1m of processing time'),
  )
  expect(many(repeatedly(afterEach(afterCount(2), repeatedly(afterCount(9)))))).toBe(
    often('one, one for every 9 records'),
  )
  // Only the first firing of a part counts where the whole begins anew with it.
  expect(many(repeatedly(afterFirst(afterEach(afterCount(3), afterCount(1)), never())))).toBe(
    often('one for every 3 records'),
  )
  expect(many(afterWatermark({ early: afterEach(afterCount(3), afterCount(1)), late: afterCount(2) }))).toBe(
    often('one for every 3 records before completion, one at completion, one for every 2 records after it'),
  )
})

test('what has fired before completion leaves the rest to the end, also where completion would have fired it', () => {
  const many = (trigger: unknown): string | undefined => row('how many', { trigger, allowDataLoss: true })
  expect(many(afterFirst(afterWatermark(), everyUpdate()))).toBe('per key and window: one, one when it is final')
  expect(many(afterWatermark())).toBe('per key and window: one at completion')
})

test('a trigger of which a part waits for completion may fire then', () => {
  const trigger = afterEach(afterWatermark(), repeatedly(afterCount(2)))
  const of = (label: string): string | undefined => row(label, { trigger, allowedLateness: '1m' })
  expect(of('in time, W < end')).toBe('an early pane, as far as said above')
  expect(of('complete, W ≥ end')).toBe(
    'the on-time pane if the trigger fires then; else what is pending waits for it, or for the window to be final',
  )
})

test('a policy that is part of a combination says there what it says alone', () => {
  const of = (trigger: unknown, ...labels: string[]): unknown =>
    labels.map((label) => row(label, { trigger, allowedLateness: '1m' }))
  const LABELS = ['in time, W < end', 'late, W < end + 1m', 'how many']
  expect(of(repeatedly(watermarkThenUpdates()), ...LABELS)).toEqual([
    'nothing yet, it is kept',
    'a late pane for every record',
    'per key and window: one at completion, one for every record after completion, one when it is final',
  ])
  expect(of(repeatedly(emitOnClose()), ...LABELS)).toEqual([
    'nothing yet, it is kept',
    'nothing yet, it is kept',
    'per key and window: exactly one',
  ])
  const early = updateMode({ every: '10s' })
  const late = earlyAndLate({ lateEvery: '20s' })
  expect(of(afterWatermark({ early, late }), ...LABELS)).toEqual([
    'an early pane 10s of processing time after the first record that is pending, again and again',
    'a late pane 20s of processing time after the first record that is pending, again and again',
    'per key and window: one per 10s of processing time before completion, one at completion, one per 20s of processing time after it, one when it is final',
  ])
})
