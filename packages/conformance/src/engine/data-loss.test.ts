/** Triggers that may finish while their window still takes records: which are refused, why, and what allowing them means. */
import {
  type StreamError,
  type Trigger,
  collected,
  monotonous,
  ms,
  oneWindow,
  pipeline,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import { script, simulate } from '@tidemark/testing'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  alignedProcessingTime,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  never,
  orFinally,
  repeatedly,
  suppress,
  updateMode,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Item {
  readonly at: number
}
const keyed = pipeline('p')
  .from<Item>([])
  .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
  .keyBy(() => 'a')

const refused = (trigger: Trigger<never>, latenessMs = 0): StreamError | undefined => {
  try {
    keyed.window(tumbling('1m'), { trigger: trigger as never, allowedLateness: ms(latenessMs) })
  } catch (error) {
    return error as StreamError
  }
  return undefined
}
const [safe, unsafe] = [repeatedly(afterCount(2)), afterCount(2)]
const because = 'afterCount(2) finishes with its first firing'

describe('the classification of Beam', () => {
  test.each<readonly [string, Trigger<never>, number]>([
    ['the default', watermarkThenUpdates(), 5],
    ['always', everyUpdate(), 5],
    ['never', never(), 5],
    ['afterWatermark, no lateness', afterWatermark(), 0],
    ['afterWatermark with a late part', afterWatermark({ late: afterCount(1) }), 5],
    ['repeatedly of anything', repeatedly(orFinally(unsafe, unsafe)), 5],
    ['afterFirst of safe parts', afterFirst(safe, afterWatermark({ late: safe })), 5],
    ['afterAll with a safe part', afterAll(unsafe, safe), 5],
    ['afterEach with a safe part', afterEach(unsafe, safe), 5],
    ['orFinally of safe parts', orFinally(safe, afterWatermark({ late: unsafe })), 5],
  ])('accepted: %s', (_, trigger, latenessMs) => {
    expect(refused(trigger, latenessMs)).toBeUndefined()
  })

  test.each<readonly [string, Trigger<never>, number, string]>([
    ['afterProcessingTime', afterProcessingTime('1s'), 0, 'afterProcessingTime(1s) finishes with its first firing'],
    [
      'alignedProcessingTime',
      alignedProcessingTime('1s'),
      0,
      'alignedProcessingTime(1s) finishes with its first firing',
    ],
    ['afterCount', unsafe, 0, because],
    [
      'afterWatermark with lateness and no late part',
      afterWatermark({ early: safe }),
      1,
      'afterWatermark({ early: repeatedly(afterCount(2)) }) has no late part, but late records are allowed',
    ],
    ['afterFirst with an unsafe part', afterFirst(safe, unsafe), 0, because],
    ['afterAll of unsafe parts', afterAll(unsafe, afterCount(3)), 0, because],
    ['afterEach of unsafe parts', afterEach(unsafe, afterCount(3)), 0, because],
    ['orFinally with an unsafe first part', orFinally(unsafe, safe), 0, because],
    ['orFinally with an unsafe end', orFinally(safe, unsafe), 0, because],
  ])('refused: %s', (_, trigger, latenessMs, why) => {
    const error = refused(trigger, latenessMs)
    expect(error?.code).toBe('TRIGGER_FINISHES')
    expect(error?.message).toBe(
      `The trigger ${trigger.kind} of window: found that it may finish while the window still takes records: ${why}, expected a trigger that goes on as long as its window; what came after would not be shown before the window is freed. Write repeatedly(${trigger.kind}), give afterWatermark a late part, or accept it with allowDataLoss: true.`,
    )
    expect(() =>
      keyed.window(tumbling('1m'), {
        trigger: trigger as never,
        allowedLateness: ms(latenessMs),
        allowDataLoss: true,
      }),
    ).not.toThrow()
  })

  test.each<Trigger<never>>([
    emitOnClose(),
    continuousRefinement(),
    continuousRefinement({ completion: true }),
    earlyAndLate({ earlyCount: 2, lateCount: 2 }),
    everyEventTime('1s'),
    updateMode({ every: '1s' }),
    completeMode({ every: '1s' }),
    suppress.untilTimeLimit('1s', { onFull: 'fail' }),
  ])('policies never finish: $kind', (trigger) => {
    expect(refused(trigger, 5)).toBeUndefined()
  })
})

/*
 * afterFirst and afterAll fire once, so that with parts that go on they finish all the same. Beam's SDKs differ here. In
 * Java both are OnceTriggers, which take nothing but parts that fire once and always may finish. In Python AfterAny may
 * finish if any part may and AfterAll if all may, for there they finish only with what has fired in them (Beam's tracker
 * has it as "Python AfterAny, AfterAll do not follow spec"). The classification is Python's, the firing Java's: what is accepted here loses
 * nothing, for what comes after the one firing is shown when the window is freed.
 */
describe('afterFirst and afterAll of parts that go on', () => {
  test.each<readonly [Trigger<never>, firing: number]>([
    [afterFirst(everyUpdate(), never()), 1],
    [afterFirst(safe, everyUpdate()), 1],
    [afterAll(safe, everyUpdate()), 2],
    [afterAll(unsafe, everyUpdate()), 2],
  ])('$0.kind is accepted, fires once, and loses nothing', (trigger, firing) => {
    expect(refused(trigger, 5)).toBeUndefined()
    const line = keyed
      .window(tumbling('10ms'), { trigger: trigger as never, allowedLateness: '5ms' })
      .count()
      .to(collected())
    const steps = script`a=1@1 | a=1@2 | a=1@3 | a=1@4 | watermark 10 | a=1@5 | watermark 15 | end`
    const run = simulate(line, steps, { record: (_, __, at) => ({ at }) })
    const first = { step: firing - 1, value: firing, isLast: false }
    expect(run.steps.flatMap(({ panes }, step) => panes.map((pane) => ({ step, ...pane })))).toMatchObject([
      first,
      { step: 6, value: 5, isLast: true },
    ])
    expect(line.explain().replaceAll(/\s+/g, ' ')).toContain('and none after that before the window is final')
  })

  test('in repeatedly they go on', () => {
    const line = keyed
      .window(tumbling('10ms'), { trigger: repeatedly(afterFirst(everyUpdate(), never())) })
      .count()
      .to(collected())
    const { panes } = simulate(line, script`a=1@1 | a=1@2 | watermark 10 | end`, { record: (_, __, at) => ({ at }) })
    expect(panes).toMatchObject([{ value: 1 }, { value: 2 }])
  })
})

describe('allowDataLoss', () => {
  const run = (latenessMs: number): readonly unknown[] =>
    simulate(
      keyed
        .window(tumbling('10ms'), {
          trigger: afterCount(2) as never,
          allowedLateness: ms(latenessMs),
          allowDataLoss: true,
        })
        .count()
        .to(collected()),
      script`a=1@1 | a=1@2 | a=1@3 | a=1@4 | watermark 10 | a=1@5 | watermark 15 | end`,
      { record: (_, __, at) => ({ at }) },
    ).steps.flatMap(({ panes }, i) => panes.map((pane) => [i, (pane as { value: number }).value]))

  test('what came after is kept and shown when the window is freed', () => {
    expect(run(5)).toEqual([
      [1, 2],
      [6, 5],
    ])
    expect(run(0)).toEqual([
      [1, 2],
      [4, 4],
    ])
  })

  test('in the one window at the end of input', () => {
    const line = keyed
      .window(oneWindow(), { trigger: afterCount(2), allowDataLoss: true })
      .count()
      .to(collected())
    const { panes } = simulate(line, script`a=1@1 | a=1@2 | a=1@3 | watermark 99 | end`, {
      record: (_, __, at) => ({ at }),
    })
    expect(panes).toMatchObject([
      { value: 2, timing: 'early', isLast: false },
      { value: 3, timing: 'on-time', isLast: true },
    ])
  })

  test('is no promise for completion: windows over results wait for the freeing', () => {
    const over = (trigger: Trigger<never>): number => {
      const line = keyed
        .window(tumbling('10ms'), { trigger: trigger as never, allowedLateness: '7ms', allowDataLoss: true })
        .count()
        .keyBy(() => 'all')
        .window(tumbling('10ms'))
        .sum((n) => n)
        .to(collected())
      const { steps } = simulate(line, script`a=1@1 | a=1@2 | watermark 10 | watermark 17 | end`, {
        record: (_, __, at) => ({ at }),
      })
      return steps.findIndex(({ panes }) => panes.length > 0)
    }
    expect([over(afterWatermark({ late: afterCount(1) })), over(afterFirst(afterWatermark(), afterCount(2)))]).toEqual([
      2, 3,
    ])
    expect(over(afterFirst(afterWatermark({ early: everyUpdate() }), afterWatermark()))).toBe(3)
  })
})
