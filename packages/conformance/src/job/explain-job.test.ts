/** What job.explain() says while a job runs: where time stands, what a window waits for, what was counted. */
import {
  type Job,
  type KeyedRecords,
  type Pipeline,
  boundedOutOfOrderness,
  collected,
  latestValues,
  memorySource,
  pipeline,
  punctuated,
  session,
  tumbling,
  type EventTimeOptions,
} from '@tidemark/core'
import { virtualClock } from '@tidemark/testing'
import { continuousRefinement, emitOnClose, suppress } from '@tidemark/triggers'
import { expect, test } from 'vitest'
import { someTurns, until } from './until.ts'

interface Event {
  readonly at: number
}
const minute = 60_000

/** A job on a clock of its own, fed by hand. */
function setUp(
  build: (keyed: KeyedRecords<string, Event, Event>) => Pipeline<unknown, Event>,
  splits: readonly string[] = ['p0'],
  time: Partial<EventTimeOptions<Event>> = {},
) {
  const source = memorySource<Event>({ splits })
  const clock = virtualClock()
  const plan = build(
    pipeline('explain')
      .from(source)
      .eventTime({ timestamp: (event) => event.at, watermark: boundedOutOfOrderness('5s'), ...time })
      .keyBy(() => 'a') as never,
  )
  const job: Job<unknown> = plan.start({ clock })
  const push = async (split: string, ...at: number[]): Promise<void> => {
    const before = job.metrics().get('memory.records') as number
    source.push(
      at.map((t) => ({ at: t })),
      { split },
    )
    await until(() => job.metrics().get('memory.records') === before + at.length)
    await someTurns()
  }
  return { source, clock, job, push }
}

const window = (start: number, end: number) => ({ start: start * minute, end: end * minute })

test('what holds the watermark back, since when, and what would complete a window', async () => {
  const { push, clock, job } = setUp(
    (keyed) => keyed.window(tumbling('1m'), { allowedLateness: '10m' }).count().to(collected()) as never,
    ['p0', 'p1'],
  )
  await push('p0', 10_000, 200_000)
  await push('p1', 20_000)
  clock.advance('90s')
  await push('p0', 201_000)
  expect(job.explain(window(0, 1))).toBe(`The watermark is 1970-01-01T00:00:15Z.
It has stood still since 1970-01-01T00:00:00Z although something waits.
Split 'eventTime/p1' holds it back: it has proven 1970-01-01T00:00:15Z; its last record came 1970-01-01T00:00:00Z, 1m 30s ago, it has nothing more to read.

In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) waits for the watermark to reach 1970-01-01T00:01:00Z (45s to go).
What would complete it, from each of these splits:
  split 'eventTime/p1': a record of 1970-01-01T00:01:05Z or later, or its end, or idleAfter in eventTime, for it has nothing more to read

Counted so far:
          records  too late  early panes  on-time  late  of them last  retractions
  window        4         0            0        0     0             0            0`)
  await push('p1', 90_000)
  expect(job.explain(window(0, 1)).split('\n\n')[1]).toBe(
    `In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) is complete; late records update it until the watermark reaches 1970-01-01T00:11:00Z.`,
  )
  await push('p0', 900_000)
  await push('p1', 900_000)
  expect(job.explain(window(0, 1)).split('\n\n')[1]).toBe(
    `In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) is final: its state is gone.`,
  )
  await job.stop()
})

test('idle splits do not count; with idleAfter silence would complete a window as well', async () => {
  const { push, clock, job } = setUp(
    (keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never,
    ['p0', 'p1'],
    { idleAfter: '30s', watermark: punctuated<Event>((event) => event.at) },
  )
  await push('p0', 10_000)
  expect(job.explain(window(0, 1)).split('\n\n').slice(0, 2).join('\n')).toBe(`The watermark is not known yet.
Split 'eventTime/p1' holds it back: it has delivered nothing yet; it has been there since 1970-01-01T00:00:00Z, 0ms ago, it has nothing more to read.
In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) waits for the watermark to reach 1970-01-01T00:01:00Z.
What would complete it, from each of these splits:
  split 'eventTime/p0': a record that proves it, or its end, or 30s of silence once it has nothing more to read (idleAfter)
  split 'eventTime/p1': a record that proves it, or its end, or 30s of silence once it has nothing more to read (idleAfter)
  while no split is active, the watermark holds (whenAllIdle: 'hold')`)
  clock.advance('30s')
  await until(() => job.health().splits.get('eventTime/p1')?.state === 'idle')
  expect(job.explain().split('\n\n')[0]).toBe(`The watermark is not known yet.
No split is active: it holds until one delivers.
Split 'eventTime/p0' is idle and does not count.
Split 'eventTime/p1' is idle and does not count.`)
  await job.stop()
})

test('while all splits are idle the watermark holds: what one of them would have to deliver is said', async () => {
  const { push, clock, job } = setUp(
    (keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never,
    ['p0', 'p1'],
    { idleAfter: '30s' },
  )
  await push('p0', 80_000)
  await push('p1', 12_000)
  clock.advance('29s')
  await push('p1', 12_000)
  clock.advance('2s')
  await until(() => job.health().splits.get('eventTime/p0')?.state === 'idle')
  expect(job.explain(window(1, 2)).split('\n\n')[1])
    .toBe(`In 'window' the window [1970-01-01T00:01:00Z, 1970-01-01T00:02:00Z) waits for the watermark to reach 1970-01-01T00:02:00Z (1m 53s to go).
What would complete it, from each of these splits:
  split 'eventTime/p1': a record of 1970-01-01T00:02:05Z or later
  while no split is active, the watermark holds (whenAllIdle: 'hold')`)
  clock.advance('30s')
  await until(() => job.health().splits.get('eventTime/p1')?.state === 'idle')
  expect(job.explain(window(0, 1)).split('\n\n').slice(0, 2).join('\n')).toBe(`The watermark is 1970-01-01T00:00:07Z.
It has stood still since 1970-01-01T00:00:00Z although something waits.
No split is active: it holds until one delivers.
Split 'eventTime/p0' is idle and does not count.
Split 'eventTime/p1' is idle and does not count.
In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) waits for the watermark to reach 1970-01-01T00:01:00Z (53s to go).
What would complete it, from any one of these splits, or the end of all of them:
  split 'eventTime/p0': a record
  split 'eventTime/p1': a record of 1970-01-01T00:01:05Z or later`)
  await push('p0', 1_000)
  expect(job.explain(window(0, 1))).toContain('is final')
  await job.stop()
})

test("with whenAllIdle: 'advance' silence completes a window: before it begins and while it lasts", async () => {
  const { push, clock, job } = setUp(
    (keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never,
    ['p0', 'p1'],
    { idleAfter: '30s', whenAllIdle: 'advance' },
  )
  await push('p0', 12_000)
  await push('p1', 12_000)
  expect(job.explain(window(0, 1)).split('\n\n')[1]?.split('\n').slice(-2)).toEqual([
    "  split 'eventTime/p1': a record of 1970-01-01T00:01:05Z or later, or its end, or 30s of silence once it has nothing more to read (idleAfter)",
    "  while no split is active, the watermark goes on with processing time (whenAllIdle: 'advance')",
  ])
  clock.advance('31s')
  await until(() => job.health().splits.get('eventTime/p1')?.state === 'idle')
  expect(job.explain(window(0, 1)).split('\n\n').slice(0, 2).join('\n')).toBe(`The watermark is 1970-01-01T00:00:38Z.
No split is active: it goes on with processing time (whenAllIdle: 'advance').
Split 'eventTime/p0' is idle and does not count.
Split 'eventTime/p1' is idle and does not count.
In 'window' the window [1970-01-01T00:00:00Z, 1970-01-01T00:01:00Z) waits for the watermark to reach 1970-01-01T00:01:00Z (22s to go).
What would complete it, from any one of these splits, or the end of all of them:
  split 'eventTime/p0': a record of 1970-01-01T00:01:05Z or later
  split 'eventTime/p1': a record of 1970-01-01T00:01:05Z or later
  22s more of silence, for the watermark goes on with processing time (whenAllIdle: 'advance')`)
  clock.advance('22s')
  await until(() => job.explain(window(0, 1)).includes('is final'))
  await job.stop()
})

test('a window over results waits for those before it; the volume is counted per stage', async () => {
  const { source, push, job } = setUp(
    (keyed) =>
      keyed
        .name('minutes')
        .window(tumbling('1m'), { trigger: emitOnClose(), allowedLateness: '10m' })
        .count()
        .keyBy(() => 'all')
        .name('hours')
        .window(tumbling('1h'), { trigger: continuousRefinement({ completion: true }) })
        .sum((count) => count)
        .to(latestValues()) as never,
  )
  await push('p0', 10_000, 20_000, 70_000, 15_000, 66 * minute)
  await push('p0', 5_000)
  expect(job.explain(window(0, 60))).toBe(`The watermark is 1970-01-01T01:05:55Z.
Split 'eventTime/p0' holds it back: it has proven 1970-01-01T01:05:55Z; its last record came 1970-01-01T00:00:00Z, 0ms ago, it has nothing more to read.

In 'hours' the window [1970-01-01T00:00:00Z, 1970-01-01T01:00:00Z) waits for the watermark to reach 1970-01-01T01:10:00Z (4m 5s to go), 10m after its end: until then results of 'minutes' may come.
What would complete it, from each of these splits:
  split 'eventTime/p0': a record of 1970-01-01T01:10:05Z or later, or its end, or idleAfter with whenAllIdle: 'advance' in eventTime, for it has nothing more to read

Counted so far:
           records  too late  early panes  on-time  late  of them last  retractions  replaced  withdrawn
  minutes        6         1            0        2     0             2            0         –          –
  hours          2         0            2        0     0             0            0         0          0`)
  source.finish()
  await job.done
  expect(job.explain(window(0, 60))).toBe(`The input has ended: every window is complete.

In 'hours' the window [1970-01-01T00:00:00Z, 1970-01-01T01:00:00Z) is final: its state is gone.

Counted so far:
           records  too late  early panes  on-time  late  of them last  retractions  replaced  withdrawn
  minutes        6         1            0        3     0             3            0         –          –
  hours          3         0            3        2     0             2            0         0          0`)
})

test('results that replace each other, and sessions that are withdrawn, are counted', async () => {
  const { push, job } = setUp(
    (keyed) =>
      keyed
        .name('visits')
        .window(session('1m'), { trigger: continuousRefinement(), allowedLateness: '1h' })
        .count()
        .keyBy(() => 'all')
        .name('hours')
        .window(tumbling('1h'), { trigger: continuousRefinement() })
        .sum((count) => count)
        .to(latestValues()) as never,
  )
  await push('p0', 0, 30_000, 180_000, 105_000, 105_000)
  expect(job.explain().split('\n\n')[1]).toBe(`Counted so far:
          records  too late  early panes  on-time  late  of them last  retractions  replaced  withdrawn
  visits        5         0            3        0     2             0            1         –          –
  hours         5         0            5        0     0             0            0         1          1`)
  expect(job.explain(window(0, 60)).split('\n\n')[1])
    .toBe(`In 'visits' the window [1970-01-01T00:00:00Z, 1970-01-01T01:00:00Z) waits for the watermark to reach 1970-01-01T01:00:00.001Z (57m 5s to go).
What would complete it, from each of these splits:
  split 'eventTime/p0': a record of 1970-01-01T01:00:05.001Z or later, or its end, or idleAfter with whenAllIdle: 'advance' in eventTime, for it has nothing more to read
In 'hours' the window [1970-01-01T00:00:00Z, 1970-01-01T01:00:00Z) waits for the watermark to reach 1970-01-01T02:00:00.001Z (1h 57m to go), 1h and 1ms after its end: until then results of 'visits' may come.
What would complete it, from each of these splits:
  split 'eventTime/p0': a record of 1970-01-01T02:00:05.001Z or later, or its end, or idleAfter with whenAllIdle: 'advance' in eventTime, for it has nothing more to read`)
  await job.stop()
})

test('what a gate holds back is said; a window that no stage can have is as well', async () => {
  const { push, job } = setUp(
    (keyed) =>
      keyed
        .window(tumbling('1m'), { trigger: suppress.untilTimeLimit('5m', { maxKeys: 10, onFull: 'fail' }) })
        .count()
        .to(collected()) as never,
  )
  await push('p0', 10_000, 20_000)
  expect(job.explain().split('\n').at(-1)).toBe("  The gate of 'window' holds back 1 of its panes.")
  expect(job.explain(window(0, 2)).split('\n\n')[1]).toBe(
    "No stage has the window [1970-01-01T00:00:00Z, 1970-01-01T00:02:00Z): 'window' has tumbling(1m).",
  )
  await job.stop()
})

test('a watermark that has stood still is said to have', async () => {
  const { push, clock, job } = setUp((keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never)
  await push('p0', 10_000)
  clock.advance('1m')
  await until(() => job.health().reasons.length > 0)
  expect(job.explain().split('\n\n')[0]).toBe(`The watermark is 1970-01-01T00:00:05Z.
It has stood still since 1970-01-01T00:00:00Z although something waits.
Split 'eventTime/p0' holds it back: it has proven 1970-01-01T00:00:05Z; its last record came 1970-01-01T00:00:00Z, 1m ago, it has nothing more to read.`)
  await job.stop()
})

test('records that do not move the time of a split are told from those that do', async () => {
  const { push, clock, job } = setUp((keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never)
  for (let i = 0; i <= 5; i++) {
    await push('p0', 12_000 - i)
    if (i < 5) clock.advance('10s')
  }
  expect(job.explain().split('\n')[1]).toBe(
    "Split 'eventTime/p0' holds it back: it has proven 1970-01-01T00:00:07Z; its last record came 1970-01-01T00:00:50Z, 0ms ago, its watermark has stood still since 1970-01-01T00:00:00Z, 50s ago, it has nothing more to read.",
  )
  await job.stop()
})

test('records that are too far ahead to be believed prove nothing, and are said not to count', async () => {
  const { push, clock, job } = setUp((keyed) => keyed.window(tumbling('1m')).count().to(collected()) as never, ['p0'], {
    maxAhead: '5m',
  })
  await until(() => job.health().splits.size > 0)
  clock.advance('10s')
  await push('p0', 60 * minute)
  const [first, second] = job.explain(window(60, 61)).split('\n\n')
  expect(first?.split('\n')[1]).toBe(
    "Split 'eventTime/p0' holds it back: it has proven nothing yet; its last record came 1970-01-01T00:00:10Z, 0ms ago, it has been there since 1970-01-01T00:00:00Z, 10s ago, it has nothing more to read.",
  )
  expect(second?.split('\n').at(-1)).toBe(
    "  split 'eventTime/p0': a record of 1970-01-01T01:01:05Z or later (one more than 5m ahead of its arrival does not count: maxAhead), or its end, or idleAfter with whenAllIdle: 'advance' in eventTime, for it has nothing more to read",
  )
  await job.stop()
})
