/** What the engine tells a trigger's step, and when it asks. */
import {
  type PaneGate,
  type TimeWindow,
  type Trigger,
  type TriggerContext,
  type TriggerStep,
  type WindowAssigner,
  arrivalClock,
  collected,
  monotonous,
  pipeline,
  replay,
  session,
  slidingByRecord,
  tumbling,
} from '@tidemark/core'
import { play, script, simulate } from '@tidemark/testing'
import {
  afterAll,
  afterCount,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  everyUpdate,
  orFinally,
  repeatedly,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const item = (key: string, value: number, at: number): Item => ({ key, value, at })

/** Fires for every record, and tells whom it is asked by. */
function watched(tell: (what: keyof TriggerStep, at: Readonly<TriggerContext>) => void): Trigger<unknown> {
  const { step } = everyUpdate()
  return Object.freeze({
    ...everyUpdate(),
    step: {
      ...step,
      element: (rows, row, at) => {
        tell('element', { ...at })
        step.element(rows, row, at)
      },
      fires: (rows, row, at) => {
        tell('fires', { ...at })
        return step.fires(rows, row, at)
      },
      fired: (rows, row, at) => {
        tell('fired', { ...at })
        step.fired(rows, row, at)
      },
      merge: (rows, row, others, at) => {
        tell('merge', { ...at })
        step.merge(rows, row, others, at)
      },
    } satisfies TriggerStep,
  } satisfies Trigger<unknown>)
}

test('event time is that of the record, and no other call has one', () => {
  const calls: string[] = []
  const line = pipeline('p')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(session('5ms'), { trigger: watched((what, at) => calls.push(`${what} ${at.eventTime}`)) })
    .count()
    .to(collected())
  simulate(line, script`watermark 0 | a=1@3 | a=1@9 | a=1@6 | watermark 20 | end`, { record: item })
  expect(calls).toEqual([
    'element 3',
    'fires NaN',
    'fired NaN',
    'element 9',
    'fires NaN',
    'fired NaN',
    'merge NaN',
    'element 6',
    'fires NaN',
    'fired NaN',
    'fires NaN',
  ])
})

test('bounds, phase and kind of its window', () => {
  const calls: TriggerContext[] = []
  const line = pipeline('p')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(session('5ms'), {
      allowedLateness: '9ms',
      trigger: watched((what, at) => void (what === 'element' && calls.push(at))),
    })
    .count()
    .to(collected())
  simulate(line, script`watermark 0 | clock 7 | a=1@3 | watermark 9 | a=1@4 | a=1@8 | end`, { record: item })
  expect(
    calls.map(({ now, watermark, completesAt, complete, merging }) => [now, watermark, completesAt, complete, merging]),
  ).toEqual([
    [7, 0, 9, false, true],
    // [3, 9) ends at the watermark: a record at 9 would still join.
    [7, 9, 10, false, true],
    [7, 9, 14, false, true],
  ])
})

test('what the last pane of a window depends on is the time it was freed at, however many records come in a batch', async () => {
  const records = [
    { at: 1, arrived: 0 },
    { at: 20, arrived: 5 },
    { at: 21, arrived: 40 },
  ]
  const panesBy = async (batchSize: number): Promise<readonly unknown[]> => {
    const panes = collected<unknown>()
    await pipeline('p')
      .from(replay(records, { arrivedAt: ({ arrived }) => arrived }))
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(tumbling('10ms'), {
        trigger: orFinally(everyUpdate(), afterAll(afterWatermark(), afterProcessingTime('10ms'))),
        onTime: 'always',
      })
      .count()
      .to(panes as never)
      .start({ clock: arrivalClock(), batchSize }).done
    return panes.items
  }
  const panes = await panesBy(1)
  expect(panes).toHaveLength(4)
  expect(await panesBy(1_024)).toEqual(panes)
})

test.each([31, 32, 33, 100])(
  '%i keys that wait for one time are woken in the order they came, restart or not',
  (count) => {
    const keys = Array.from({ length: count }, (_, i) => `k${(7 * i) % count}`)
    const line = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(tumbling('1s'), { trigger: repeatedly(afterFirst(afterCount(9), afterProcessingTime('10ms'))) })
      .count()
      .to(collected())
    const batch = (of: readonly string[]): string => of.map((key) => `${key}=1@5`).join(' ')
    const text = `${batch(keys.slice(0, 40))} | ${batch(keys.slice(40)) || 'clock 1'} | clock 20`
    const result = simulate(line, script(text), { record: item })
    expect(result.panes.map(({ key }) => key)).toEqual(keys)
    result.crashAtEveryStep().sameResults()
  },
)

describe('however many records come, a window asks for one time at once', () => {
  /** What the saved state of a stage holds of times that are waited for. */
  const waiting = (saved: unknown): number => {
    const { tables = saved, windows = saved } = saved as { readonly tables?: unknown; readonly windows?: unknown }
    const lists = { ...(tables as object), ...(windows as object) } as Record<string, readonly unknown[] | undefined>
    // Tables keep groups of slots, and beside them when they are due themselves.
    const slots = (['due', 'wakes'] as const).flatMap((name) =>
      (lists[name] ?? []).flatMap((ask) => (Array.isArray(ask) ? ((ask[2] as unknown[] | undefined) ?? []) : [])),
    )
    const asks = [...(lists['wakes'] ?? []), ...(lists['events'] ?? [])].filter((ask) => !Array.isArray(ask))
    return slots.length + asks.length
  }
  const later: PaneGate = { kind: 'later', decide: (_, __, { now }) => ({ holdUntil: now + 50 }), emitted: () => 1 }
  const laterByTime: PaneGate = {
    ...later,
    decide: (_, __, { watermark }) => ({ holdUntilWatermark: watermark + 50 }),
  }
  const timed: Trigger<unknown> = repeatedly(afterFirst(afterCount(2), afterProcessingTime('50ms')))

  test.each(
    [tumbling('100s'), session('100s'), slidingByRecord('100s')].flatMap((windows) =>
      [{ trigger: timed }, { trigger: everyUpdate(), gate: later }, { trigger: everyUpdate(), gate: laterByTime }].map(
        (options) => [windows.kind, options.gate?.kind ?? options.trigger.kind, windows, options] as const,
      ),
    ),
  )('%s, %s', (_, __, windows, options) => {
    const line = pipeline('p')
      .from<Item>([])
      .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
      .keyBy(({ key }) => key)
      .window(windows as WindowAssigner<unknown, TimeWindow>, options)
      .count()
      .to(collected())
    const steps = Array.from({ length: 40 }, (___, i) => `clock ${i} | watermark ${i} | a=1@${50}`).join(' | ')
    let most = 0
    play(line, script(steps), item, {
      afterStep: (engine) => {
        most = Math.max(most, waiting((engine.task.save().operators as Record<string, unknown>)['window']))
      },
    })
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2)
  })
})
