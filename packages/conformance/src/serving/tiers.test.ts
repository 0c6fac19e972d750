// Tiers over real pipelines: what is asked of them is what the batch says, wherever the boundary stands.
import {
  type Pane,
  type Pipeline,
  boundedOutOfOrderness,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  pipeline,
  session,
  systemClock,
  tumbling,
} from '@tidemark/core'
import { type Tiers, every, servingTiers } from '@tidemark/serving'
import { earlyAndLate } from '@tidemark/triggers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eagerClock } from './eager-clock.ts'

interface Event {
  readonly key: string
  readonly at: number
  readonly n: number
}

type Window = { readonly start: number; readonly end: number }
type Values = { readonly n: number; readonly sum: number; readonly kinds: number }

function counted(
  events: readonly Event[],
  windows: ReturnType<typeof tumbling>,
  lateness: '0s' | '1m' | '365d',
  log: ReturnType<typeof memoryLog>,
): Pipeline<Pane<string, Values>, Event> {
  return pipeline('counted')
    .from(events)
    .eventTime({ timestamp: (event) => event.at, watermark: boundedOutOfOrderness('1s') })
    .keyBy((event) => event.key)
    .window(windows, { allowedLateness: lateness, trigger: earlyAndLate({ earlyCount: 2 }) })
    .aggregate((a) => ({ n: a.count(), sum: a.sum((event) => event.n), kinds: a.distinct((event) => event.n) }))
    .to(log.sink) as Pipeline<Pane<string, Values>, Event>
}

interface Composed {
  readonly tiers: Tiers<string, Values, Window>
  readonly until: (done: () => Promise<boolean>) => Promise<void>
}

async function filled(
  events: readonly Event[],
  windows: ReturnType<typeof tumbling>,
  lateness: '0s' | '1m' | '365d',
  serveForMs: number,
): Promise<Composed & AsyncDisposable> {
  const clock = eagerClock()
  const log = memoryLog({ partitions: 2 })
  const results = counted(events, windows, lateness, log)
  await results.start().done
  const tiers = servingTiers({
    results,
    log,
    hot: memoryHotStore({ serveForMs, clock, shards: 2 }),
    cold: memoryColdStore(),
    coldWrites: every('2s'),
    clock,
  })
  const stop = new AbortController()
  const running = tiers.run({ signal: stop.signal })
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    while (!(await done())) await new Promise((resolve) => setImmediate(resolve))
  }
  await until(async () => {
    const { partitions } = await tiers.health()
    return partitions.length > 0 && partitions.every(({ logEnd, hot, cold }) => hot === logEnd && cold === logEnd)
  })
  return {
    tiers,
    until,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      await tiers.close()
    },
  }
}

const EVENTS: readonly Event[] = [
  ...Array.from({ length: 40 }, (_, i) => ({ key: i % 3 === 0 ? 'b' : 'a', at: i * 7_000, n: i % 5 })),
  { key: 'a', at: 61_000, n: 9 },
  { key: 'a', at: 500, n: 9 },
]

describe('one query across the boundary', () => {
  test('rows say value, status, tier and corrections; the boundary has moved; a roll-up merges', async () => {
    await using composed = await filled(EVENTS, tumbling('10s'), '0s', 60_000)
    const { tiers, until } = composed
    await until(async () => (await tiers.health()).boundary > 0)
    const health = await tiers.health()
    expect(health.boundary).toBeLessThanOrEqual(health.watermark - 60_000)
    const rows = await tiers.read({ key: 'a', from: 0, to: 1_000_000 })
    expect(new Set(rows.map(({ tier }) => tier))).toEqual(new Set(['hot', 'cold']))
    expect(rows.every(({ status }) => status === 'final')).toBe(true)
    expect(rows.reduce((sum, { value }) => sum + value.n, 0)).toBe(EVENTS.filter(({ key }) => key === 'a').length)
    expect(rows.filter(({ corrections }) => corrections > 0).map(({ window }) => window.start)).toEqual([0, 60_000])
    const minutes = await tiers.read({ key: 'a', from: 0, to: 1_000_000, rollUp: '1m' })
    expect(minutes[0]).toMatchObject({ window: { start: 0, end: 60_000 }, corrections: 1, status: 'final' })
    expect(minutes[0]?.value.kinds).toBe(
      new Set(EVENTS.filter(({ key, at }) => key === 'a' && at < 60_000).map(({ n }) => n)).size,
    )
    const sliced = []
    for await (const row of tiers.slice({ from: 0, to: 1_000_000 })) sliced.push(row)
    expect(sliced.reduce((sum, { value }) => sum + value.n, 0)).toBe(EVENTS.length)
    const latest = await tiers.latest({ key: 'a', windows: 2 })
    expect(latest.map(({ window }) => window.start)).toEqual(
      rows
        .slice(-2)
        .map(({ window }) => window.start)
        .toReversed(),
    )
  })

  test('health and explain name what is there', async () => {
    await using composed = await filled(EVENTS, tumbling('10s'), '1m', 60_000)
    const { tiers } = composed
    expect(await tiers.health()).toMatchObject({ state: 'ok', reasons: [], version: '' })
    expect(tiers.explain()).toContain('both filled from memoryLog()')
    expect(tiers.explain()).toContain('offloaded')
  })
})

/** Sums by window of a grid, and by sessions, from all records at once. */
function batch(events: readonly Event[], gapMs: number | undefined): Map<string, number> {
  const out = new Map<string, number>()
  for (const key of new Set(events.map((event) => event.key))) {
    const times = events.filter((event) => event.key === key).sort((a, b) => a.at - b.at)
    if (gapMs === undefined)
      for (const { at, n } of times)
        out.set(
          `${key} ${Math.floor(at / 10_000) * 10_000}`,
          (out.get(`${key} ${Math.floor(at / 10_000) * 10_000}`) ?? 0) + n,
        )
    else {
      let [start, last, sum] = [0, Number.NEGATIVE_INFINITY, 0]
      for (const { at, n } of times) {
        if (at - last > gapMs) [start, sum] = [at, 0]
        sum += n
        last = at
        out.set(`${key} ${start}`, sum)
      }
    }
  }
  return out
}

test.each([
  ['windows of ten seconds', tumbling('10s'), undefined],
  ['sessions', session('5s'), 5_000],
] as const)(
  'law 15: what a query returns does not depend on the allowed lateness: %s',
  async (_, windows, gapMs) => {
    const event = fc.record({
      key: fc.constantFrom('a', 'b'),
      at: fc.integer({ min: 0, max: 120 }).map((s) => s * 1_000),
      n: fc.integer({ min: 1, max: 9 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 25 }),
        fc.constantFrom(20_000, 1_000_000),
        async (events, serveForMs) => {
          const expected = batch(events, gapMs)
          for (const lateness of ['0s', '1m', '365d'] as const) {
            await using composed = await filled(events, windows, lateness, serveForMs)
            const rows = await composed.tiers.read({ keys: ['a', 'b'], from: -1, to: Number.MAX_SAFE_INTEGER })
            expect(new Map(rows.map(({ key, window, value }) => [`${key} ${window.start}`, value.sum]))).toEqual(
              expected,
            )
          }
        },
      ),
      { numRuns: 25 },
    )
  },
  120_000,
)

test('what cannot be served is refused, with the remedy', () => {
  const log = memoryLog()
  const stores = { hot: memoryHotStore({ serveForMs: 1_000, clock: systemClock }), cold: memoryColdStore() }
  const results = counted([], tumbling('10s'), '0s', log)
  expect(() => servingTiers({ results, ...stores } as never)).toThrow(/neither a log nor direct: true/)
  expect(() => servingTiers({ results, log, ...stores, version: 'a/b' })).toThrow(/BAD_VERSION|'version' of the tiers/)
  const sessions = counted([], session('5s'), '1m', log)
  expect(() => servingTiers({ results: sessions, log, ...stores, overlap: '1s' })).toThrow(
    /at least the allowed lateness and the gap, 65000ms/,
  )
})
