/** Which triggers may finish while a window still takes records: Beam's classification, refused when a pipeline is built. */
import {
  StreamError,
  type Duration,
  type TimeWindow,
  type Trigger,
  collected,
  monotonous,
  pipeline,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  continuousRefinement,
  everyUpdate,
  never,
  orFinally,
  repeatedly,
} from './index.ts'

type Any = Trigger<TimeWindow>

function build(trigger: Any, allowedLateness: Duration, allowDataLoss = false): string {
  const line = pipeline('p')
    .from<{ readonly at: number }>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(() => 'a')
    .window(tumbling('1m'), { trigger, allowedLateness, allowDataLoss })
    .count()
    .to(collected())
  return line.explain()
}

const safe: readonly (readonly [name: string, trigger: Any, lateness: Duration])[] = [
  ['the default', watermarkThenUpdates(), '1h'],
  ['always', everyUpdate(), '1h'],
  ['a pane per record', continuousRefinement(), '1h'],
  ['never', never(), '1h'],
  ['afterWatermark without lateness', afterWatermark(), '0ms'],
  ['afterWatermark with a late part', afterWatermark({ late: afterCount(1) }), '1h'],
  ['repeatedly of anything', repeatedly(afterCount(3)), '1h'],
  ['afterFirst of safe parts', afterFirst<TimeWindow>(everyUpdate(), never()), '1h'],
  ['afterAll with one safe part', afterAll<TimeWindow>(afterCount(2), never()), '1h'],
  ['afterEach with one safe part', afterEach<TimeWindow>(afterCount(2), repeatedly(afterCount(3))), '1h'],
]
const unsafe: typeof safe = [
  ['afterProcessingTime', afterProcessingTime('1s'), '0ms'],
  ['afterCount', afterCount(2), '0ms'],
  ['afterWatermark with lateness and no late part', afterWatermark(), '1h'],
  ['afterFirst with an unsafe part', afterFirst<TimeWindow>(afterCount(2), never()), '0ms'],
  ['afterAll of unsafe parts', afterAll<TimeWindow>(afterCount(2), afterProcessingTime('1s')), '0ms'],
  ['afterEach of unsafe parts', afterEach<TimeWindow>(afterCount(2), afterCount(3)), '0ms'],
  ['orFinally with an unsafe end', orFinally<TimeWindow>(repeatedly(afterCount(2)), afterCount(9)), '0ms'],
]

describe('17 kinds', () => {
  test.each(safe)('%s is safe', (_, trigger, lateness) => {
    expect(build(trigger, lateness)).toContain(trigger.kind)
  })

  test.each(unsafe)('%s may finish: refused, with the reason and a remedy', (_, trigger, lateness) => {
    let error: unknown
    try {
      build(trigger, lateness)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(StreamError)
    expect((error as StreamError).code).toBe('TRIGGER_FINISHES')
    expect((error as StreamError).message).toMatch(
      /may finish while the window still takes records: after.*allowDataLoss: true/,
    )
    expect(build(trigger, lateness, true)).toMatch(/allowDataLoss/)
  })
})

test('a trigger is a frozen value that prints itself', () => {
  for (const [, trigger] of [...safe, ...unsafe]) {
    expect(Object.isFrozen(trigger)).toBe(true)
    expect(Object.isFrozen(trigger.step)).toBe(true)
  }
  expect(repeatedly(afterFirst(afterCount(3), afterProcessingTime('10s'))).kind).toBe(
    'repeatedly(afterFirst(afterCount(3), afterProcessingTime(10s)))',
  )
})

test('what a composed trigger can promise for completion', () => {
  expect(afterWatermark({ early: afterCount(2), late: afterCount(1) }).emitsAtCompletion).toBe(true)
  expect(repeatedly(afterFirst<TimeWindow>(afterCount(9), afterWatermark())).emitsAtCompletion).toBe(true)
  // It may have finished by then.
  expect(afterFirst<TimeWindow>(everyUpdate(), afterWatermark({ late: afterCount(1) })).emitsAtCompletion).toBe(false)
  expect(repeatedly(afterCount(2)).emitsAtCompletion).toBe(false)
})
