/** What a stage does with the answers of its gate, whatever they are. */
import { type Script, script, simulate } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'
import {
  type PaneGate,
  type StreamError,
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  collected,
  monotonous,
  ms,
  pipeline,
  policy,
  session,
  tumbling,
} from '@tidemark/core'
import { afterCount, afterFirst, afterProcessingTime, atMostEvery, repeatedly } from '@tidemark/triggers'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const item = (key: string, value: number, at: number): Item => ({ key, value, at })

const perRecord: Trigger<unknown> = policy({
  kind: 'perRecord',
  fastPath: { early: 'perRecord', completion: false, late: 'perRecord' },
})
/** The same by its step. */
const { fastPath: _, ...stepwise } = perRecord
/** Every second record, by its step. */
const everySecond: Trigger<unknown> = {
  ...(stepwise as Trigger<unknown>),
  kind: 'everySecond',
  step: {
    ...perRecord.step,
    initial: [0],
    element: (rows, row) => void (rows[row] = (rows[row] as number) + 1),
    fires: (rows, row) => (rows[row] as number) >= 2,
    fired: (rows, row) => void (rows[row] = 0),
    clear: (rows, row) => void (rows[row] = 0),
    merge: (rows, row, others) => {
      for (const other of others) rows[row] = (rows[row] as number) + (rows[other] as number)
    },
    finished: () => false,
    wakeAt: () => Number.POSITIVE_INFINITY,
  },
}

type Decide = PaneGate<number>['decide']
/** A gate whose state is how many panes it has let through. */
const gateOf = (gate: Decide | Omit<PaneGate<number>, 'kind'>): PaneGate =>
  ({
    kind: 'test gate',
    emitted: (n) => (n ?? 0) + 1,
    ...(typeof gate === 'function' ? { decide: gate } : gate),
  }) satisfies PaneGate<number> as PaneGate

function run(
  steps: Script,
  gate: Parameters<typeof gateOf>[0],
  {
    trigger = perRecord,
    windows = tumbling('100ms'),
    latenessMs = 0,
  }: {
    readonly trigger?: Trigger<unknown>
    readonly windows?: WindowAssigner<unknown, TimeWindow>
    readonly latenessMs?: number
  } = {},
): readonly string[] {
  const line = pipeline('gates')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(windows, { trigger, gate: gateOf(gate), allowedLateness: ms(latenessMs) })
    .sum(({ value }) => value)
    .to(collected())
  const one = simulate(line, steps, { record: item })
  one.crashAtEveryStep().sameResults()
  expect(one.stateEntries).toBe(0)
  return one.steps.flatMap(({ panes }, i) =>
    panes.map((pane) => {
      const { window, kind } = pane as {
        readonly window: { readonly start: number; readonly end: number }
        kind: string
      }
      const value =
        kind === 'retraction'
          ? `-${String((pane as { value: unknown }).value)}`
          : String((pane as { value: unknown }).value)
      return `${i}: ${value} [${window.start}, ${window.end})`
    }),
  )
}

describe('a time that is not ahead has come: what was to wait for it leaves', () => {
  test.each([
    ['the past', -5],
    ['now', 0],
    ['before all time', Number.NEGATIVE_INFINITY],
  ])('of the clock: %s', (_, by) => {
    const panes = run(script`clock 10 | a=1@1 | clock +5 | a=2@2 | watermark 20 | end`, (__, ___, { now }) => ({
      holdUntil: now + by,
    }))
    expect(panes).toEqual(['1: 1 [0, 100)', '3: 3 [0, 100)'])
  })

  test.each([
    ['the past', -5],
    ['now', 0],
    ['before all time', Number.NEGATIVE_INFINITY],
  ])('of the watermark: %s', (_, by) => {
    const panes = run(
      script`watermark 1 | a=1@1 | watermark 5 | a=2@6 | watermark 20 | end`,
      (__, ___, { watermark }) => ({
        holdUntilWatermark: watermark + by,
      }),
    )
    expect(panes).toEqual(['1: 1 [0, 100)', '3: 3 [0, 100)'])
  })
})

describe('a time that never comes: what waits leaves when the window is freed', () => {
  test.each([{ holdUntil: Number.POSITIVE_INFINITY }, { holdUntilWatermark: Number.POSITIVE_INFINITY }])(
    '%j',
    (hold) => {
      const panes = run(
        script`watermark 1 | a=1@1 | clock 9 | b=5@3 | watermark 100 | a=2@2 | watermark 130 | end`,
        () => hold,
        {
          latenessMs: 30,
        },
      )
      expect(panes).toEqual(['6: 3 [0, 100)', '6: 5 [0, 100)'])
    },
  )
})

test('a fraction of a millisecond is over with the millisecond', () => {
  expect(
    run(script`a=1@1 | clock 1 | clock 2 | watermark 0 | end`, (_, __, { now }) =>
      now < 1.5 ? { holdUntil: 1.5 } : 'emit',
    ),
  ).toEqual(['2: 1 [0, 100)'])
  expect(
    run(script`watermark 0 | a=1@1 | watermark 1 | watermark 2 | end`, (_, __, { watermark }) =>
      watermark < 1.5 ? { holdUntilWatermark: 1.5 } : 'emit',
    ),
  ).toEqual(['3: 1 [0, 100)'])
})

describe('an answer that is none stops the job', () => {
  const failing = (decide: Decide, steps: Script = script`a=1@1 | watermark 0`): StreamError => {
    try {
      run(steps, decide)
    } catch (error) {
      return error as StreamError
    }
    return expect.unreachable('the gate was believed') as never
  }

  test.each([
    ['a time that is no number', { holdUntil: Number.NaN }, /found \{"holdUntil":null\}/],
    ['a watermark that is no number', { holdUntilWatermark: Number.NaN }, /found \{"holdUntilWatermark":null\}/],
    ['nothing', undefined, /found undefined/],
    ['another word', 'hold', /found 'hold'/],
    ['a text as a time', { holdUntil: '5' }, /found \{"holdUntil":"5"\}/],
  ])('%s', (_, answer, found) => {
    const error = failing(() => answer as never)
    expect(error.code).toBe('BAD_GATE')
    expect(error.message).toMatch(found)
    expect(error.message).toMatch(/expected 'emit', 'swallow', \{ holdUntil \} or \{ holdUntilWatermark \}/)
    expect(error.message).toMatch(/The gate test gate of 'window'/)
  })

  test('what decide throws', () => {
    const error = failing(() => {
      throw new TypeError('no')
    })
    expect([error.code, (error.cause as Error).message]).toEqual(['GATE_THREW', 'no'])
    expect(error.message).toMatch(/The gate test gate of 'window': found that it threw TypeError: no/)
  })
})

test('what emitted throws stops the job as well', () => {
  const line = pipeline('gates')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(tumbling('1s'), {
      trigger: perRecord,
      gate: {
        kind: 'bad',
        decide: () => 'emit',
        emitted: () => {
          throw new RangeError('full')
        },
      },
    })
    .count()
    .to(collected())
  expect(() => simulate(line, script`a=1@1`, { record: item })).toThrow(/The gate bad of 'window'.*RangeError: full/)
})

describe('what is held when sessions merge', () => {
  const untilNine: Decide = (_, __, { now }) => (now >= 9 ? 'emit' : { holdUntil: 9 })

  test.each([
    ['per record', perRecord],
    ['by its step', stepwise as Trigger<unknown>],
  ])('waits on as one (%s)', (_, trigger) => {
    const options = { trigger, windows: session('5ms') }
    expect(run(script`a=1@0 | a=2@10 | a=4@5 | clock 8 | clock 9 | watermark 0 | end`, untilNine, options)).toEqual([
      '4: 7 [0, 15)',
    ])
    expect(run(script`a=2@10 | a=1@5 | clock 9 | watermark 0 | end`, untilNine, options)).toEqual(['2: 3 [5, 15)'])
  })

  test('comes at its time though the trigger of the merged session has not fired again', () => {
    // [10, 16) has fired and is held; a record before it makes it part of [8, 16).
    const steps = script`a=1@10 | a=2@11 | b=9@50 | a=4@20 | a=8@16 | clock 8 | clock 9 | watermark 0 | end`
    const options = { trigger: everySecond, windows: session('5ms') }
    expect(run(steps, untilNine, options)).toEqual(['6: 15 [10, 25)', '8: 9 [50, 55)'])
    const before = script`a=4@0 | a=1@10 | a=2@11 | a=8@5 | clock 8 | clock 9 | watermark 0 | end`
    expect(run(before, untilNine, options)).toEqual(['5: 15 [0, 16)'])
  })

  describe('by the clock of the gate, not of the trigger', () => {
    const trigger = repeatedly(afterFirst(afterCount(4), afterProcessingTime('6ms')))
    const options = { trigger, windows: session('5ms') }
    /** At most one pane per 10ms. */
    const { decide, emitted } = atMostEvery('10ms')
    const gate = { decide: decide as Decide, emitted: emitted as PaneGate<number>['emitted'] }

    test('a time that the trigger has asked for and not used is none', () => {
      // Four at 0 are shown, four at 1 are held until 10; what comes at 2 makes a new window and waits until 8.
      const steps = script`watermark 0 | a=1@20 a=1@21 a=1@21 a=1@21 | clock 1 | a=2@20 a=2@21 a=2@21 a=2@21 | clock 2 | a=4@22
        | clock 6 | clock 7 | clock 8 | end`
      expect(run(steps, gate, options)).toEqual(['1: 4 [20, 26)', '8: -4 [20, 26)', '8: 16 [20, 27)'])
    })

    test('where the trigger waits longer in what merges', () => {
      const steps = script`watermark 0 | a=1@20 a=1@21 a=1@21 a=1@21 | clock 5 | a=2@20 a=2@21 a=2@21 a=2@21 | clock 7 | a=4@20
        | clock 8 | a=8@10 a=16@15 | clock 9 | clock 10 | clock 13 | end`
      expect(run(steps, gate, options)).toEqual(['1: 4 [20, 26)', '9: -4 [20, 26)', '9: 40 [10, 26)'])
    })
  })

  test('by a watermark: who waits for a time of the clock is not kept from it', () => {
    const either: Decide = (_, value, { watermark, now }) => {
      if (value === 100) return now >= 20 ? 'emit' : { holdUntil: 20 }
      return watermark >= 12 ? 'emit' : { holdUntilWatermark: 12 }
    }
    const steps = script`watermark 0 | a=1@0 | a=2@10 | a=4@5 | b=100@50 | clock 20 | watermark 12 | end`
    expect(run(steps, either, { windows: session('5ms') })).toEqual(['5: 100 [50, 55)', '6: 7 [0, 15)'])
    // The one that waits joins, and is joined by, another.
    const joining = script`watermark 0 | a=2@10 | a=1@5 | b=1@0 | b=2@5 | watermark 12 | end`
    expect(run(joining, either, { windows: session('5ms') })).toEqual(['5: 3 [0, 10)', '5: 3 [5, 15)'])
  })
})
