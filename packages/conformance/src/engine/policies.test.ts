/** Policies and gates through the engine, case by case: which pane comes at which step. */
import {
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  type WindowOptions,
  assignWindows,
  collected,
  monotonous,
  pipeline,
  session,
  tumbling,
} from '@tidemark/core'
import { type Script, script, simulate } from '@tidemark/testing'
import {
  afterProcessingTime,
  atMostEvery,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  onChange,
  repeatedly,
  updateMode,
} from '@tidemark/triggers'
import { describe, expect, test } from 'vitest'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}

type Options = WindowOptions<TimeWindow> & { readonly windows?: WindowAssigner<unknown, TimeWindow> }

/** `step: value letter`: E early, O on time, L late, ! the last; other keys than a by their name. */
function run(steps: Script, { windows = tumbling('100ms'), ...options }: Options): readonly string[] {
  const line = pipeline('policies')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(windows, options)
    .sum(({ value }) => value)
    .to(collected())
  const one = simulate(line, steps, { record: (key, value, at): Item => ({ key, value, at }) })
  one.crashAtEveryStep().sameResults()
  expect(one.stateEntries).toBe(0)
  return one.steps.flatMap(({ panes }, i) =>
    panes.map((pane) => {
      const { key, value, timing, isLast, kind } = pane as unknown as {
        key: string
        value: number
        timing: 'early' | 'on-time' | 'late'
        isLast: boolean
        kind: string
      }
      const name = key === 'a' ? '' : `${key} `
      const letter = { early: 'E', 'on-time': 'O', late: 'L' }[timing]
      return kind === 'retraction' ? `${i}: ${name}-${value}` : `${i}: ${name}${value}${letter}${isLast ? '!' : ''}`
    }),
  )
}

describe('completeMode', () => {
  const trigger = completeMode({ every: '10ms' })

  test('shows every live window each period, changed or not, and at completion', () => {
    const steps = script`watermark 0 | a=1@1 | clock 5 | b=2@2 | clock 10 | clock 20 | a=4@3 | watermark 100 | clock 30 | watermark 105 | clock 40 | end`
    expect(run(steps, { trigger, allowedLateness: '5ms' })).toEqual([
      '4: 1E',
      '4: b 2E',
      '5: 1E',
      '5: b 2E',
      '7: 5O',
      '7: b 2O',
      '8: 5L',
      '8: b 2L',
    ])
  })

  test('with a gate that swallows what has not changed it is the update mode', () => {
    const steps = script`watermark 0 | a=1@1 | b=2@1 | clock 10 | a=1@2 | clock 20 | clock 30 | watermark 100 | end`
    expect(run(steps, { trigger, gate: onChange(), onTime: 'nonEmpty' })).toEqual(['3: 1E', '3: b 2E', '5: 2E'])
  })

  test('behind a limit of its own nothing empty waits', () => {
    const steps = script`watermark 0 | a=1@1 | clock 10 | clock 20 | clock 25 | a=2@2 | clock 40 | watermark 100 | end`
    expect(run(steps, { trigger, gate: atMostEvery('15ms'), onTime: 'nonEmpty' })).toEqual(['2: 1E', '6: 3E'])
  })
})

test('updateMode: at most one pane per period and change, what is pending at completion', () => {
  const steps = script`watermark 0 | a=1@1 | clock 9 | a=2@2 | clock 10 | clock 30 | a=4@3 | watermark 100 | a=8@4 | a=16@5 | clock 39 | clock 40 | watermark 105 | end`
  expect(run(steps, { trigger: updateMode({ every: '10ms' }), allowedLateness: '5ms' })).toEqual([
    '4: 3E',
    '7: 7O',
    '11: 31L',
  ])
})

describe('everyEventTime', () => {
  const trigger = everyEventTime('10ms')

  test('at multiples, if something came; at completion; for each late record', () => {
    const steps = script`watermark 0 | a=1@13 | watermark 19 | watermark 20 | watermark 30 | a=2@34 | watermark 50 | watermark 100 | a=4@35 | a=8@36 | watermark 105 | end`
    expect(run(steps, { trigger, allowedLateness: '5ms' })).toEqual(['3: 1E', '6: 3E', '8: 7L', '9: 15L'])
    expect(run(steps, { trigger, allowedLateness: '5ms', onTime: 'always' })).toContain('7: 3O')
  })

  test('time that leaps over a multiple and the end makes one pane, on time', () => {
    const steps = script`watermark 0 | a=1@85 | watermark 130 | end`
    expect(run(steps, { trigger })).toEqual(['2: 1O!'])
    expect(run(steps, { trigger, onTime: 'always', closing: 'always' })).toEqual(['2: 1O!'])
    expect(run(steps, { trigger, onTime: 'always', closing: 'always', allowedLateness: '50ms' })).toEqual([
      '2: 1O',
      '3: 1L!',
    ])
  })
})

describe('onChange', () => {
  test('swallows what is equal; at completion what is pending passes', () => {
    const steps = script`watermark 0 | a=1@1 | a=0@2 | a=1@3 | watermark 100 | end`
    expect(run(steps, { trigger: continuousRefinement(), gate: onChange() })).toEqual(['1: 1E', '3: 2E'])
    expect(run(steps, { trigger: earlyAndLate({ earlyEvery: '9ms' }), gate: onChange() })).toEqual(['4: 2O!'])
  })

  test('what is pending when the window is freed passes, equal or not', () => {
    const late = script`watermark 0 | a=1@1 | clock 9 | watermark 100 | a=0@2 | watermark 105 | end`
    const options = { trigger: earlyAndLate({ earlyEvery: '9ms', lateEvery: '9ms' }), gate: onChange() }
    expect(run(late, { ...options, onTime: 'nonEmpty', allowedLateness: '5ms' })).toEqual(['2: 1E', '5: 1L!'])
  })

  test('a session that grew is another one: its pane comes even with the same value', () => {
    const steps = script`watermark 0 | a=5@1 | a=0@3 | a=0@4 | a=0@4 | watermark 99 | end`
    expect(run(steps, { trigger: everyUpdate(), gate: onChange(), windows: session('5ms') })).toEqual([
      '1: 5E',
      '2: -5',
      '2: 5E',
      '3: -5',
      '3: 5E',
    ])
  })
})

describe('atMostEvery', () => {
  test('what comes sooner leaves as one when the period is over', () => {
    const steps = script`watermark 0 | a=1@1 | clock 4 | a=2@2 | a=4@3 | clock 10 | clock 30 | a=8@4 | a=16@5 | end`
    expect(run(steps, { trigger: everyUpdate(), gate: atMostEvery('10ms') })).toEqual([
      '1: 1E',
      '5: 7E',
      '7: 15E',
      '9: 31O!',
    ])
  })

  test('completion passes it where the policy emits then, and counts', () => {
    const steps = script`watermark 0 | a=1@1 | a=2@2 | clock 5 | watermark 100 | a=4@3 | clock 14 | clock 15 | watermark 105 | end`
    const trigger = continuousRefinement({ completion: true })
    expect(run(steps, { trigger, gate: atMostEvery('10ms'), allowedLateness: '5ms' })).toEqual([
      '1: 1E',
      '4: 3O',
      '7: 7L',
    ])
  })

  test('where it does not, what is held at completion waits on', () => {
    const steps = script`watermark 0 | a=1@1 | a=2@2 | watermark 100 | clock 10 | watermark 105 | end`
    expect(run(steps, { trigger: everyUpdate(), gate: atMostEvery('10ms'), allowedLateness: '5ms' })).toEqual([
      '1: 1E',
      '4: 3O',
    ])
  })

  test('a session that grew begins anew', () => {
    const steps = script`watermark 0 | a=1@1 | a=2@3 | a=4@3 | clock 10 | watermark 99 | end`
    expect(run(steps, { trigger: everyUpdate(), gate: atMostEvery('10ms'), windows: session('5ms') })).toEqual([
      '1: 1E',
      '2: -1',
      '2: 3E',
      '4: 7E',
    ])
  })
})

describe('sessions that become one', () => {
  /** As long as their value says. */
  const windows = assignWindows({
    assign: (at, { value }: Item) => [{ start: at, end: at + value }],
    merge: true,
  }) as WindowAssigner<unknown, TimeWindow>
  const policyOf = earlyAndLate({ earlyEvery: '20ms', lateEvery: '5ms' })
  const { fastPath: _, ...byStep } = policyOf

  test.each([
    ['by its fast path', policyOf],
    ['by its step', byStep as Trigger<TimeWindow>],
  ])('before completion again: what a late phase waited for is void (%s)', (__, trigger) => {
    const steps = script`watermark 0 | a=5@0 | a=6@10 | watermark 20 | a=3@11 | a=40@4 | clock 5 | clock 20 | watermark 99 | end`
    expect(run(steps, { trigger, windows, allowedLateness: '50ms' })).toEqual([
      '3: 5O',
      '3: 6O',
      '7: -5',
      '7: -6',
      '7: 54E',
      '8: 54O!',
    ])
  })

  test('each withdrawal comes in its own time, or with the next pane', () => {
    const steps = script`watermark 0 | a=1@0 | a=2@10 | clock 5 | a=4@5 | watermark 5 | watermark 6 | clock 10 | watermark 99 | end`
    const trigger = repeatedly(afterProcessingTime('5ms'))
    expect(run(steps, { trigger, windows: session('5ms') })).toEqual(['3: 1E', '3: 2E', '6: -1', '7: -2', '7: 7E'])
  })

  test('on time if one of them had something in time that was not shown', () => {
    const steps = script`watermark 0 | a=1@10 | watermark 20 | a=2@0 | a=4@5 | watermark 66 | end`
    expect(run(steps, { trigger: emitOnClose(), windows: session('5ms'), allowedLateness: '50ms' })).toEqual(['5: 7O!'])
  })
})
