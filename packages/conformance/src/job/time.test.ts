/** Time in a running job: splits, idleness, stalls, drift, early panes on the clock; all on a virtual clock. */
import { describe, expect, test } from 'vitest'
import {
  type JobEvents,
  type Pane,
  type StartOptions,
  arrivalClock,
  boundedOutOfOrderness,
  collected,
  memorySource,
  merge,
  monotonous,
  pipeline,
  replay,
  together,
  tumbling,
  type EventTimeOptions,
} from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'
import { virtualClock } from '@tidemark/testing'
import { someTurns, until } from './until.ts'

interface Event {
  readonly at: number
}

function setUp(
  time: Partial<EventTimeOptions<Event>> = {},
  splits: readonly string[] = ['p0', 'p1'],
  options: Partial<StartOptions> = {},
) {
  const source = memorySource<Event>({ splits })
  const clock = virtualClock()
  const out = collected<Pane<string, number>>()
  const job = pipeline('time')
    .from(source)
    .eventTime({ timestamp: (e) => e.at, watermark: monotonous(), ...time })
    .keyBy(() => 'a')
    .window(tumbling('1m'))
    .count()
    .to(out)
    .start({ clock, ...options })
  const events: { readonly [E in keyof JobEvents]?: JobEvents[E] }[] = []
  for (const name of ['split', 'stalled', 'progress'] as const) job.on(name, (event) => events.push({ [name]: event }))
  const push = async (split: string, ...at: number[]): Promise<void> => {
    const before = job.metrics().get('memory.records') as number
    source.push(
      at.map((t) => ({ at: t })),
      { split },
    )
    await until(() => job.metrics().get('memory.records') === before + at.length)
    await someTurns()
  }
  const panes = (): unknown[] =>
    out.items.map((pane) => (pane.kind === 'value' ? [pane.window.start, pane.value, pane.timing] : pane.kind))
  return { source, clock, job, events, push, panes, watermark: () => job.metrics().get('watermark') }
}

describe('splits', () => {
  test('the watermark is that of the slowest split, and holds until each has delivered', async () => {
    const { push, watermark, panes, job } = setUp()
    await push('p0', 10_000, 120_000)
    expect(watermark()).toBe(Number.NEGATIVE_INFINITY)
    await push('p1', 30_000)
    expect(watermark()).toBe(30_000)
    await push('p1', 90_000)
    expect(watermark()).toBe(90_000)
    expect(panes()).toEqual([[0, 2, 'on-time']])
    await job.stop()
  })

  test('a finished split is left out; when all are finished time ends', async () => {
    const { source, push, watermark, panes, job } = setUp()
    await push('p0', 10_000, 120_000)
    source.finish('p1')
    await until(() => watermark() === 120_000)
    source.finish()
    await job.done
    expect(panes()).toEqual([
      [0, 1, 'on-time'],
      [120_000, 1, 'on-time'],
    ])
    expect(watermark()).toBe(Number.POSITIVE_INFINITY)
  })

  test('a split that appears joins at the watermark and holds it until it moves; what it has below is late', async () => {
    const { source, push, watermark, job } = setUp({}, ['p0'])
    await push('p0', 100_000)
    source.addSplit('p9')
    await someTurns()
    await push('p0', 200_000)
    expect(watermark()).toBe(100_000)
    await push('p9', 30_000)
    expect(job.metrics().get('window.tooLate')).toBe(1)
    await push('p9', 150_000)
    expect(watermark()).toBe(150_000)
    await job.stop()
  })
})

describe('idleness', () => {
  test('is opt-in: without idleAfter a silent split holds the watermark, and a stall is announced with its name', async () => {
    const { clock, push, watermark, events, job } = setUp()
    await push('p0', 10_000, 120_000)
    clock.advance('59s')
    await someTurns()
    expect(events.filter((event) => event.stalled !== undefined)).toEqual([])
    clock.advance('1s')
    await until(() => events.some((event) => event.stalled !== undefined))
    expect(events.find((event) => event.stalled !== undefined)).toEqual({
      stalled: {
        split: 'eventTime/p1',
        since: 0,
        waiting: [
          { start: 0, end: 60_000 },
          { start: 120_000, end: 180_000 },
        ],
      },
    })
    expect(watermark()).toBe(Number.NEGATIVE_INFINITY)
    expect(job.health().reasons.join()).toContain('held back by eventTime/p1')
    expect(job.explain({ start: 0, end: 60_000 })).toMatch(
      /Split 'eventTime\/p1' holds it back: it has delivered nothing yet.*nothing more to read[^]*waits for the watermark to reach 1970-01-01T00:01:00Z[^]*idleAfter/,
    )
    clock.advance('10m')
    await someTurns()
    expect(events.filter((event) => event.stalled !== undefined)).toHaveLength(1)
    await job.stop()
  })

  test('idleAfter takes a caught-up split out; when it resumes, what it has below the watermark is late, not lost', async () => {
    const { clock, push, watermark, events, panes, job } = setUp({ idleAfter: '30s' })
    await push('p0', 10_000, 120_000)
    await push('p1', 5_000)
    clock.advance('20s')
    await push('p0', 125_000)
    clock.advance('10s')
    await until(() => watermark() === 125_000)
    expect(events.filter((event) => event.split?.state === 'idle')).toEqual([{ split: { split: 'p1', state: 'idle' } }])
    expect(panes()).toEqual([[0, 2, 'on-time']])
    await push('p1', 20_000)
    expect(job.metrics().get('window.tooLate')).toBe(1)
    expect(events.findLast((event) => event.split !== undefined)).toEqual({ split: { split: 'p1', state: 'active' } })
    expect(events.filter((event) => event.progress !== undefined)).toContainEqual({ progress: { watermark: 125_000 } })
    await job.stop()
  })

  test("whenAllIdle 'advance' follows processing time only while all splits are caught up and idle", async () => {
    const { clock, push, watermark, panes, job } = setUp(
      { idleAfter: '10s', whenAllIdle: 'advance', watermark: boundedOutOfOrderness('5s') },
      ['p0'],
    )
    await push('p0', 58_000)
    expect(watermark()).toBe(53_000)
    clock.advance('6s')
    await someTurns()
    expect(watermark()).toBe(53_000)
    clock.advance('4s')
    await until(() => watermark() === 63_000)
    expect(panes()).toEqual([[0, 1, 'on-time']])
    await push('p0', 61_000)
    expect(watermark()).toBe(63_000)
    expect(job.metrics().get('window.onTime')).toBe(2)
    await job.stop()
  })

  test('without it the watermark holds while no split is active', async () => {
    const { clock, push, watermark, job } = setUp({ idleAfter: '10s' }, ['p0'])
    await push('p0', 58_000)
    clock.advance('1h')
    await someTurns()
    expect(watermark()).toBe(58_000)
    await job.stop()
  })
})

describe('alignment', () => {
  test('maxDrift pauses a split that is too far ahead, and resumes it', async () => {
    const source = memorySource<Event>({ splits: ['fast', 'slow'] })
    source.push(
      Array.from({ length: 50 }, (_, i) => ({ at: i * 60_000 })),
      { split: 'fast' },
    )
    source.push(
      Array.from({ length: 50 }, (_, i) => ({ at: i * 1_000 })),
      { split: 'slow' },
    )
    source.finish()
    const most = { windows: 0 }
    const job = pipeline('drift')
      .from(source)
      .eventTime({ timestamp: (e) => e.at, watermark: monotonous(), maxDrift: '5m' })
      .keyBy(() => 'a')
      .window(tumbling('1m'))
      .count()
      .to(collected())
      .start({ batchSize: 1 })
    job.on('progress', () => {
      most.windows = Math.max(most.windows, job.health().openWindows)
    })
    await job.done
    expect(most.windows).toBeGreaterThan(4)
    expect(most.windows).toBeLessThan(9)
    expect(job.metrics().get('window.assigned')).toBe(100)
  })

  test('streams that are merged are aligned as well', async () => {
    const shop = pipeline('shop')
    const time = { timestamp: (e: Event) => e.at, watermark: monotonous(), maxDrift: '2m' } as const
    const fast = shop.from(Array.from({ length: 100 }, (_, i) => ({ at: i * 60_000 }))).eventTime(time)
    const slow = shop.from(Array.from({ length: 100 }, (_, i) => ({ at: i * 30_000 }))).eventTime(time)
    const out = collected<Pane<string, number>>()
    const job = merge(fast, slow)
      .keyBy(() => 'a')
      .window(tumbling('1h'))
      .count()
      .to(out)
      .start({ batchSize: 1 })
    await job.done
    expect(out.items.map((pane) => pane.kind === 'value' && pane.value)).toEqual([160, 40])
    expect(job.metrics().get('window.tooLate')).toBe(0)
  })
})

describe('the clock', () => {
  const early = { trigger: earlyAndLate({ earlyEvery: '10s' }) } as const

  test('early panes come when the clock says so, without any record', async () => {
    const source = memorySource<Event>()
    const clock = virtualClock(1_000)
    const out = collected<Pane<string, number>>()
    const job = pipeline('early')
      .from(source)
      .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(tumbling('1m'), early)
      .count()
      .to(out)
      .start({ clock })
    source.push([{ at: 5 }])
    await until(() => job.metrics().get('memory.records') === 1)
    await someTurns()
    clock.advance('9999ms')
    await someTurns()
    expect(out.items).toEqual([])
    clock.advance(1)
    await until(() => out.items.length === 1)
    expect(out.items[0]).toMatchObject({ timing: 'early', value: 1, emittedAt: 11_000, isFirst: true, isLast: false })
    source.push([{ at: 61_000 }])
    await until(() => out.items.length === 2)
    expect(out.items[1]).toMatchObject({ timing: 'on-time', value: 1, index: 1, isLast: true })
    await job.stop()
  })

  test.each([1, 3, 1_024])('a replay runs on arrival time whatever the batches (%d)', async (batchSize) => {
    const out = collected<Pane<string, number>>()
    const records = [
      [5, 100],
      [6, 5_000],
      [7, 10_100],
      [8, 10_101],
      [61_000, 90_000],
    ].map(([at, arrived]) => ({ at: at as number, arrived: arrived as number }))
    await pipeline('replay')
      .from(replay(records, { arrivedAt: (e) => e.arrived }))
      .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
      .keyBy(() => 'a')
      .window(tumbling('1m'), early)
      .count()
      .to(out)
      .start({ clock: arrivalClock(), batchSize }).done
    expect(out.items.map((pane) => pane.kind === 'value' && [pane.timing, pane.value, pane.emittedAt])).toEqual([
      ['early', 2, 10_100],
      ['early', 4, 90_000],
      ['on-time', 4, 90_000],
      ['on-time', 1, 90_000],
    ])
  })
})

test('several pipelines of one source run as one job: the source is read once, one watermark', async () => {
  let read = 0
  const base = pipeline('both')
    .from(
      (function* () {
        for (let i = 0; i < 120; i++) {
          read++
          yield { at: i * 1_000 }
        }
      })(),
    )
    .eventTime({ timestamp: (e) => e.at, watermark: monotonous() })
  const keyed = base.keyBy(() => 'a')
  const [minutes, halves, raw] = [
    collected<Pane<string, number>>(),
    collected<Pane<string, number>>(),
    collected<Event>(),
  ]
  const job = together<unknown, unknown>(
    keyed.name('minutes').window(tumbling('1m')).count().to(minutes) as never,
    keyed.name('halves').window(tumbling('30s')).count().to(halves) as never,
    base.filter((e) => e.at < 3_000).to(raw) as never,
  ).start()
  await job.done
  expect(read).toBe(120)
  expect([minutes.items.length, halves.items.length, raw.items.length]).toEqual([2, 4, 3])
  expect(job.metrics().get('minutes.records')).toBe(120)
})
