import { expect, test } from 'vitest'
import { type Trigger, collected, monotonous, ms, pipeline, policy, tumbling } from '../index.ts'

const FIELDS = [
  ['kind', 'value'],
  ['key', 'k'],
  ['window', { start: 0, end: 10 }],
  ['index', 0],
  ['epoch', 0],
  ['watermark', expect.any(Number)],
  ['emittedAt', expect.any(Number)],
  ['value', { n: 1 }],
]
const ON_TIME = [
  ['timing', 'on-time'],
  ['isFirst', true],
  ['isLast', true],
  ['records', 1],
  ['lateRecords', 0],
]
const EARLY = [
  ['timing', 'early'],
  ['isFirst', true],
  ['isLast', false],
  ['records', 1],
  ['lateRecords', 0],
]
const perRecord: Trigger<unknown> = policy({
  kind: 'perRecord()',
  fastPath: { early: 'perRecord', completion: false, late: 'perRecord' },
})

async function firstPane(latenessMs: number, trigger: Trigger<unknown> | undefined): Promise<object> {
  const sink = collected<object>()
  const windows = pipeline('plain')
    .from([{ at: 1 }])
    .eventTime({ timestamp: (event) => event.at, watermark: monotonous() })
    .keyBy(() => 'k')
    .window(tumbling(ms(10)), { allowedLateness: ms(latenessMs), ...(trigger && { trigger }) })
  await windows
    .aggregate((a) => ({ n: a.count() }))
    .to(sink)
    .start().done
  return sink.items[0] as object
}

// Panes are made at several places: of windows of which one pane comes, of others, and of each record.
test.each([
  ['its only one', 0, undefined, ON_TIME],
  ['with lateness', 5, undefined, ON_TIME],
  ['early', 5, perRecord, EARLY],
] as const)('a pane is a plain object with these fields in this order: %s', async (_, latenessMs, trigger, rest) => {
  const pane = await firstPane(latenessMs, trigger)
  expect(Object.getPrototypeOf(pane)).toBe(Object.prototype)
  expect(Object.entries(structuredClone(pane))).toEqual([...FIELDS, ...rest])
})
