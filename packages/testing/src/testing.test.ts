/** The kit checks pipelines: each check must pass on a good one and fail on one that breaks what it checks. */
import { describe, expect, test } from 'vitest'
import {
  type Aggregator,
  type Pane,
  type Pipeline,
  type Trigger,
  collected,
  monotonous,
  pipeline,
  policy,
  session,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import { expectPanes, finals, latestByWindow } from './matchers.ts'
import { script } from './script.ts'
import { simulate } from './simulate.ts'
import { verifyOperator } from './verify-operator.ts'
import { verifyTrigger } from './verify-trigger.ts'
import { virtualClock } from './virtual-clock.ts'

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
const record = (key: string, value: number, at: number): Item => ({ key, value, at })
const steps = script`a=5@00:26 b=1@00:30 | clock +1m | a=7@00:50 | watermark 2m | a=9@01:26 | end`

function total(aggregator?: Aggregator<Item, number, number>): Pipeline<Pane<string, number>, Item> {
  return pipeline('total')
    .from<Item>([])
    .eventTime({ timestamp: (item) => item.at, watermark: monotonous() })
    .keyBy((item) => item.key)
    .window(tumbling('2m'), { allowedLateness: '1h', trigger: earlyAndLate({ earlyEvery: '1m' }) })
    .aggregate((a) => aggregator ?? a.sum((item) => item.value))
    .to(collected())
}

const plain = { create: () => 0, merge: (a: number, b: number) => a + b, result: (n: number) => n }
/** Keeps a sum outside its accumulator: a restart or another run sees it. */
function leaky(): Aggregator<Item, number, number> {
  let hidden = 0
  return { ...plain, add: (n, item) => n + item.value + hidden++ }
}
/** Depends on the order of arrival. */
const ordered: Aggregator<Item, number, number> = { ...plain, add: (n, item) => n * 10 + item.value }

describe('simulate', () => {
  test('gives panes, steps, what is late and what is left', () => {
    const run = simulate(total(), steps, { record })
    expectPanes(
      run.panes.filter((pane) => pane.key === 'a'),
      [
        { value: 5, timing: 'early', index: 0 },
        { value: 12, timing: 'on-time', index: 1 },
        { value: 21, timing: 'late', index: 2 },
      ],
    )
    expect(run.stateEntries).toBe(0)
    expect(run.metrics.get('window.late')).toBe(1)
    expect(latestByWindow(run.panes)).toHaveLength(2)
    expect(() => expectPanes(run.panes, [{ value: 5 }])).toThrow(/expected|pane/i)
  })

  test('finals are the last values', () => {
    const run = simulate(total(), script`a=5@00:26 | end`, { record })
    expect(finals(run.panes)).toMatchObject([{ value: 5 }])
  })

  test('restarts leave no trace, unless state hides outside the accumulator', () => {
    simulate(total(), steps, { record }).crashAtEveryStep().sameResults()
    expect(() => simulate(total(leaky()), steps, { record }).crashAtEveryStep().sameResults()).toThrow()
  })

  test('order of arrival does not matter, unless the aggregator makes it', () => {
    const mixed = script`a=1@00:10 a=2@00:20 a=3@00:30 | watermark 2m | end`
    simulate(total(), mixed, { record }).permutations({ seed: 1, runs: 50 }).sameResults()
    expect(() =>
      simulate(total(ordered), mixed, { record }).permutations({ seed: 1, runs: 50 }).sameResults(),
    ).toThrow()
  })
})

describe('script', () => {
  test.each(['a=5', 'a=x@1', 'watermark', 'watermark soon', 'clock', 'a=5@1 | nonsense | end'])(
    '%s cannot be read, and the error says where',
    (text) => {
      expect(() => script(text)).toThrow(/at|position|read|expected/i)
    },
  )

  test('prints itself in a way that reads back', () => {
    expect(script(String(steps)).steps).toEqual(steps.steps)
  })
})

describe('verifyOperator', () => {
  test('passes what does not depend on delivery', () => {
    verifyOperator(total(), steps, { record })
  })

  test('fails for state outside the accumulator', () => {
    expect(() => verifyOperator(total(leaky()), steps, { record })).toThrow()
  })
})

describe('verifyTrigger', () => {
  test.each([
    watermarkThenUpdates(),
    emitOnClose(),
    continuousRefinement(),
    continuousRefinement({ completion: true }),
    earlyAndLate({ earlyEvery: '10ms', lateEvery: '5ms' }),
    earlyAndLate(),
  ] as Trigger<never>[])('$kind', (trigger) => {
    verifyTrigger(trigger, { runs: 100 })
  })

  test('fails for a fast path that says something else than its step', () => {
    const every = policy({ kind: 'x', fastPath: { early: 'perRecord', completion: false, late: 'perRecord' } })
    const lying = { ...every, fastPath: { early: 'never', completion: true, late: 'perRecord' } as const }
    expect(() => verifyTrigger(lying as Trigger<never>, { runs: 100 })).toThrow()
  })
})

describe('virtualClock', () => {
  test('wakes in order of time, once, and never goes back', () => {
    const clock = virtualClock(100)
    const woken: string[] = []
    clock.wakeAt?.(130, () => woken.push('b'))
    clock.wakeAt?.(120, () => woken.push('a'))
    const cancel = clock.wakeAt?.(125, () => woken.push('never'))
    cancel?.()
    clock.advance(10)
    expect(woken).toEqual([])
    clock.advance('1s')
    clock.set(5)
    expect(woken).toEqual(['a', 'b'])
    expect([clock.now(), clock.waiting()]).toEqual([1_110, 0])
  })
})

test('sessions that touch are one', () => {
  const run = simulate(
    pipeline('s')
      .from<Item>([])
      .eventTime({ timestamp: (item) => item.at, watermark: monotonous() })
      .keyBy((item) => item.key)
      .window(session('1m'))
      .count()
      .to(collected()),
    script`a=1@00:10 a=1@01:10 a=1@03:00 | end`,
    { record },
  )
  expect(run.panes).toMatchObject([
    { window: { start: 10_000, end: 130_000 }, value: 2 },
    { window: { start: 180_000, end: 240_000 }, value: 1 },
  ])
})
