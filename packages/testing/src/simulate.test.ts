import {
  type LateRecord,
  boundedOutOfOrderness,
  collected,
  hopping,
  merge,
  monotonous,
  pipeline,
  session,
  tumbling,
} from '@tidemark/core'
import { continuousRefinement, earlyAndLate } from '@tidemark/triggers'
import { expect, test } from 'vitest'
import { expectPanes } from './matchers.ts'
import { script, scriptOf } from './script.ts'
import { simulate } from './simulate.ts'

interface View {
  readonly page: string
  readonly dwell: number
  readonly at: number
}
const record = (page: string, dwell: number, at: number): View => ({ page, dwell, at })
const views = pipeline('views')
  .from<View>([])
  .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('10s') })
  .keyBy(({ page }) => page)
const sums = views
  .window(tumbling('1m'), { allowedLateness: '1m' })
  .lateTo(collected<LateRecord<View>>())
  .sum(({ dwell }) => dwell)
  .to(collected())

test('watermarks of the script override the strategy', () => {
  const run = simulate(sums, script`a=1@00:10 a=2@09:00 | watermark 1m | a=4@00:20 | watermark 2m | a=8@00:30 | end`, {
    record,
  })
  expect(run.steps.map(({ progress }) => progress)).toEqual([-Infinity, 60_000, 60_000, 120_000, 120_000, Infinity])
  expectPanes(run.panes, [
    { key: 'a', window: [0, 60_000], value: 1, timing: 'on-time' },
    { key: 'a', window: [0, 60_000], value: 5, timing: 'late' },
    { key: 'a', window: [540_000, 600_000], value: 2, timing: 'on-time', isLast: true },
  ])
  expect(run.late.map(({ value }) => value)).toEqual([record('a', 8, 30_000)])
  expect(run.steps[4]?.late).toHaveLength(1)
  expect(run.metrics.get('window.tooLate')).toBe(1)
  expect(run.stateEntries).toBe(0)
})

test('without watermarks the strategy counts, over the splits of the script', () => {
  const { steps } = simulate(
    sums,
    script`p0:a=1@01:00 | p1:a=2@00:50 | p0:a=1@02:00 | idle p1 | join p2 | p2:a=1@03:00 | finish p0 | end`,
    { record },
  )
  expect(steps.map(({ progress }) => progress)).toEqual([
    -Infinity,
    40_000,
    40_000,
    110_000,
    110_000,
    110_000,
    170_000,
    Infinity,
  ])
})

test('state that waits is counted', () => {
  expect(simulate(sums, script`a=1@00:10 b=1@00:20 a=1@01:10`, { record }).stateEntries).toBe(3)
})

test('the clock goes through every wake-up on its way', () => {
  const early = views
    .window(tumbling('1h'), { trigger: earlyAndLate({ earlyEvery: '10s' }) })
    .count()
    .to(collected())
  const { panes } = simulate(early, script`watermark 0 | a=1@1 | clock +3s | b=1@2 | clock +1m`, { record })
  expectPanes(panes, [
    { key: 'a', emittedAt: 10_000 },
    { key: 'b', emittedAt: 13_000 },
  ])
})

test('several sources: a split with the name of a source is of that source', () => {
  const at = { timestamp: ({ at: time }: View) => time, watermark: monotonous() }
  const both = merge(pipeline('left').from<View>([]).eventTime(at), pipeline('right').from<View>([]).eventTime(at))
    .keyBy(({ page }) => page)
    .window(tumbling('1m'))
    .count()
    .to(collected())
  const run = simulate(both, script`a=1@01:30 | a=1@02:30 | end`, { record })
  // The second source has delivered nothing: it holds the watermark to the end.
  expect(run.steps.map(({ progress }) => progress)).toEqual([-Infinity, -Infinity, Infinity])
  expect(run.metrics.get('window.assigned')).toBe(2)
})

test('dead letters, and pipelines without windows', () => {
  const letters = pipeline('p')
    .from<View>([])
    .map(({ dwell }) => (dwell < 0 ? (JSON.parse('{') as number) : dwell), { onError: { deadLetterTo: collected() } })
    .to(collected())
  const run = simulate(letters, script`a=1@0 | a=-1@0 | a=2@0 | end`, { record })
  expect(run.panes).toEqual([1, 2])
  expect(run.deadLetters).toMatchObject([{ original: { dwell: -1 }, stage: 'map' }])
  expect(() => run.crashAtEveryStep().sameResults()).not.toThrow()
})

test('a split that is not there is named', () => {
  expect(() => simulate(sums, script`a=1@0 | idle p7`, { record })).toThrow("Split 'p7' has not joined")
  expect(() => simulate(sums, script`a=1@0 | end | a=2@0`, { record })).toThrow("Split '0' is finished")
})

const steps = script`a=1@00:10 a=2@00:40 | a=4@00:20 | watermark 1m | b=8@01:10 a=16@01:50 | clock +1m | b=32@01:05 | end`

test('permutations hold for a sum, and find an aggregator that minds the order', () => {
  expect(() => simulate(sums, steps, { record }).permutations({ seed: 1, runs: 20 }).sameResults()).not.toThrow()
  const last = views
    .window(tumbling('1m'))
    .reduce((_, newer) => newer)
    .to(collected())
  expect(() => simulate(last, steps, { record }).permutations({ seed: 1, runs: 20 }).sameResults()).toThrow(
    /Another order of arrival, another result \(seed 1/,
  )
})

test('permutations of sessions: what became part of a longer session does not count', () => {
  const sessions = views
    .window(session('30s'), { trigger: continuousRefinement({ completion: true }) })
    .count()
    .to(collected())
  expect(() => simulate(sessions, steps, { record }).permutations({ seed: 2, runs: 20 }).sameResults()).not.toThrow()
})

test('permutations of deltas need to know how they add up', () => {
  const deltas = views
    .window(tumbling('1m'), { trigger: continuousRefinement(), accumulation: 'discarding' })
    .sum(({ dwell }) => dwell)
    .to(collected())
  const run = simulate(deltas, steps, { record })
  expect(() => run.permutations({ seed: 3, runs: 5 }).sameResults()).toThrow("say with 'combine' how they add up")
  const combine = (a: unknown, b: unknown): unknown => Number(a) + Number(b)
  expect(() => run.permutations({ seed: 3, runs: 20, combine }).sameResults()).not.toThrow()
})

test('permutations where the watermark follows the records: orders that make others late say nothing', () => {
  const strict = script`a=1@00:10 | a=2@05:00 | a=4@10:00 | a=8@15:00 | a=16@20:00 | a=32@25:00 | end`
  expect(() => simulate(sums, strict, { record }).permutations({ seed: 5, runs: 1 }).sameResults()).toThrow(
    'No order of arrival was found',
  )
})

test('crashAtEveryStep holds, and finds state that a snapshot misses', () => {
  expect(() => simulate(sums, steps, { record }).crashAtEveryStep().sameResults()).not.toThrow()
  let seen = 0
  const forgetful = views
    .window(tumbling('1m'))
    // State of its own, outside the engine: a second run does not start anew.
    .aggregate((a) => a.fold<number>({ create: () => 0, add: () => ++seen, merge: (x, y) => x + y }))
    .to(collected())
  expect(() => simulate(forgetful, steps, { record }).crashAtEveryStep().sameResults()).toThrow(
    /another one with a crash after every step/,
  )
})

test('each step says how its records were counted, also after a restart', () => {
  const gaps = views
    .window(hopping('10s', { every: '1m' }), { allowedLateness: '1m' })
    .count()
    .to(collected())
  const { steps: found } = simulate(
    gaps,
    script`a=1@00:05 a=1@00:15 | watermark 30s | a=1@00:06 | restart | watermark 2m | a=1@00:07 b=1@00:08 | a=1@02:01`,
    { record },
  )
  const none = { noWindow: 0, onTime: 0, late: 0, tooLate: 0, shed: 0 }
  expect(found.map(({ counts }) => counts)).toEqual([
    { ...none, noWindow: 1, onTime: 1 },
    none,
    { ...none, late: 1 },
    none,
    none,
    { ...none, tooLate: 2 },
    { ...none, onTime: 1 },
  ])
})

test('a restart in the script: state, watermark and clock go on', () => {
  const early = views
    .window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }) })
    .count()
    .to(collected())
  const around = (cut: string): readonly unknown[] =>
    simulate(early, script`watermark 0 | clock 5s | a=1@1 ${cut} | clock +10s | a=1@2 | watermark 1m`, { record }).panes
  expect(around('| restart')).toEqual(around(''))
  expect(around('')).toHaveLength(2)
})

test('the clock does not go back', () => {
  const { steps: found } = simulate(
    sums,
    scriptOf([
      { kind: 'clock', to: 5 },
      { kind: 'clock', to: 3 },
    ]),
    { record },
  )
  expect(found.map(({ clock }) => clock)).toEqual([5, 5])
})

test('splits that all join later: nothing else holds the watermark', () => {
  const { steps: found } = simulate(sums, script`join p1 | p1:a=1@01:00 | finish p1`, { record })
  expect(found.map(({ progress }) => progress)).toEqual([-Infinity, 50_000, Infinity])
})

test('a step that fails: the error comes out, or stops the run', () => {
  const full = views.window(tumbling('1m'), { maxKeys: 1 }).count().to(collected())
  const two = script`a=1@0 | watermark 1m | b=1@01:10 | c=1@01:20 | end`
  expect(() => simulate(full, two, { record })).toThrow('maxKeys')
  const run = simulate(full, two, { record, onFailure: 'stop' })
  expectPanes(run.panes, [{ key: 'a', value: 1 }])
  expect(run.steps).toHaveLength(3)
  expect(run.failure).toMatchObject({ step: 3, error: { code: 'STATE_FULL' } })
  expect(() => run.crashAtEveryStep().sameResults()).not.toThrow()
  expect(simulate(full, script`a=1@0 | end`, { record, onFailure: 'stop' }).failure).toBeUndefined()
})

test('crashAtEveryStep finds a failure that comes at another step', () => {
  let seen = 0
  const forgetful = views
    .window(tumbling('1m'))
    .aggregate((a) =>
      a.fold<number>({
        create: () => 0,
        add: () => {
          // Outside the state: a second run of the same pipeline does not start anew.
          if (++seen === 4) throw new Error('the fourth')
          return 0
        },
        merge: () => 0,
      }),
    )
    .to(collected())
  const run = simulate(forgetful, script`a=1@0 | a=1@1 | a=1@2`, { record, onFailure: 'stop' })
  expect(() => run.crashAtEveryStep().sameResults()).toThrow(
    'With a crash after every step, step 0 fails; without, no step fails.',
  )
})
