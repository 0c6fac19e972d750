/** What explain() says of combined triggers: which fire once, and how often the others do. */
import { collected, monotonous, pipeline, tumbling } from '@tidemark/core'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  never,
  repeatedly,
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
    'a late pane, as said above, if none has come before',
    'a late pane, as said above, if none has come before',
  ])
  expect([of(first, 'how many'), of(all, 'how many')]).toEqual([
    'per key and window: one, one when it is final',
    'per key and window: one, one when it is final',
  ])
  expect(of(first, 'in time, W < end', '0s')).toBe(
    'an early pane once 2 records have come, and none after that before the window is final',
  )
  expect(of(afterEach(afterCount(1), afterCount(9)), 'late, W < end + 5m')).toBe(
    'a late pane, as said above, unless the trigger has finished',
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
