// Versions beside each other, tiers without a log, and tiers over a topic of bare updates.
import {
  type MemoryLog,
  type Pane,
  type Pipeline,
  type Source,
  StreamError,
  boundedOutOfOrderness,
  followedBy,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  memorySource,
  pipeline,
  replay,
  systemClock,
  tumbling,
} from '@tidemark/core'
import { servingTiers } from '@tidemark/serving'
import { expect, test } from 'vitest'
import { eagerClock } from './eager-clock.ts'

interface Update {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly count: number
  readonly at: number
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function sums(factor: number): { log: MemoryLog; results: Pipeline<Pane<string, number>, { at: number; n: number }> } {
  const log = memoryLog()
  const results = pipeline('sums')
    .from([1_000, 2_000, 12_000].map((at) => ({ at, n: factor })))
    .eventTime({ timestamp: (one) => one.at, watermark: boundedOutOfOrderness('1s') })
    .keyBy(() => 'all')
    .window(tumbling('10s'))
    .sum((one) => one.n)
    .to(log.sink)
  return { log, results }
}

test('a version is filled beside the other, compared, and promoted; and back', async () => {
  const clock = eagerClock()
  const stores = { hot: memoryHotStore({ serveForMs: 60_000, clock }), cold: memoryColdStore(), clock }
  const stop = new AbortController()
  const [one, two] = [sums(1), sums(10)]
  const first = servingTiers({ ...one, ...stores })
  const second = servingTiers({ ...two, ...stores, version: 'v2' })
  const running = [first.run({ signal: stop.signal }), second.run({ signal: stop.signal })]
  await Promise.all([one.results.start().done, two.results.start().done])
  const range = { from: 0, to: 100_000 }
  const current = async (tiers: typeof first): Promise<void> => {
    for (;;) {
      const { partitions } = await tiers.health()
      if (partitions.length > 0 && partitions.every(({ logEnd, hot, cold }) => hot === logEnd && cold === logEnd))
        return
      await turn()
    }
  }
  await current(first)
  await current(second)
  const asked = async (): Promise<number[]> => (await first.read({ key: 'all', ...range })).map(({ value }) => value)
  expect(await asked()).toEqual([2, 1])
  const found = []
  for await (const { window, one: a, other } of first.diff('', 'v2', range))
    found.push([window.start, a?.value, other?.value])
  expect(found).toEqual([
    [0, 2, 20],
    [10_000, 1, 10],
  ])
  await first.promote('v2')
  expect(await asked()).toEqual([20, 10])
  await first.promote('')
  expect(await asked()).toEqual([2, 1])
  await expect(first.promote('v3')).rejects.toThrow(/nothing has ever been written/)
  const seen = []
  for await (const row of first.watch('all')) {
    seen.push(row.value)
    if (seen.length === 2) break
  }
  expect(seen).toEqual([2, 1])
  stop.abort()
  await Promise.all(running)
  await Promise.all([first.close(), second.close()])
})

test('direct tiers run the pipeline and write both stores with it', async () => {
  const { results } = sums(3)
  const clock = systemClock
  const tiers = servingTiers({
    results,
    direct: true,
    hot: memoryHotStore({ serveForMs: 60_000, clock }),
    cold: memoryColdStore(),
  })
  await tiers.run()
  const rows = await tiers.read({ key: 'all', from: 0, to: 100_000 })
  expect(rows.map(({ value, status }) => [value, status])).toEqual([
    [6, 'final'],
    [3, 'final'],
  ])
  await tiers.close()
})

test('finalize in front of tiers: a topic of bare updates, as a Kafka Streams application writes it', async () => {
  const clock = eagerClock()
  const log = memoryLog()
  const update = (start: number, count: number, at: number): Update => ({
    key: 'page',
    start,
    end: start + 10_000,
    count,
    at,
  })
  const updates = [
    update(0, 1, 1_000),
    update(0, 2, 9_000),
    update(10_000, 1, 11_000),
    update(0, 3, 12_000),
    update(30_000, 1, 31_000),
  ]
  const results = pipeline('counts')
    .from(updates)
    .eventTime({ timestamp: (one) => one.at, watermark: boundedOutOfOrderness('0s') })
    .keyBy((one) => one.key)
    .finalize({ window: ({ start, end }) => ({ start, end }), lag: '5s', allowedLateness: '1m' })
    .map((one) => one.count)
    .to(log.sink)
  const stop = new AbortController()
  const tiers = servingTiers({
    results,
    log,
    hot: memoryHotStore({ serveForMs: 60_000, clock }),
    cold: memoryColdStore(),
    clock,
  })
  const running = tiers.run({ signal: stop.signal })
  await results.start().done
  for (;;) {
    const { partitions } = await tiers.health()
    if (partitions.length > 0 && partitions.every(({ logEnd, hot }) => hot === logEnd)) break
    await turn()
  }
  const rows = await tiers.read({ key: 'page', from: 0, to: 100_000 })
  expect(rows.map(({ window, value }) => [window.start, value])).toEqual([
    [0, 3],
    [10_000, 1],
    [30_000, 1],
  ])
  stop.abort()
  await running
  await tiers.close()
})

test('stopped while a store is written, run ends without an error, whatever the write says', async () => {
  const clock = eagerClock()
  const { log, results } = sums(1)
  const memory = memoryColdStore()
  const stop = new AbortController()
  const cold: typeof memory = {
    ...memory,
    open: async (aggregation) => ({
      ...(await memory.open(aggregation)),
      put: () => {
        stop.abort()
        return Promise.reject(new StreamError('STORE_CLOSED', 'closed with the signal'))
      },
    }),
  }
  const tiers = servingTiers({ results, log, hot: memoryHotStore({ serveForMs: 60_000, clock }), cold, clock })
  await results.start().done
  await tiers.run({ signal: stop.signal })
  expect(stop.signal.aborted).toBe(true)
  await tiers.close()
})

test('history made anew from an archive and the log behind it is a version beside the live one, without a gap', async () => {
  const clock = eagerClock()
  const stores = { hot: memoryHotStore({ serveForMs: 60_000, clock }), cold: memoryColdStore(), clock }
  const records = Array.from({ length: 40 }, (_, i) => ({ at: 1_000 * i, n: i }))
  const live = memorySource<{ at: number; n: number }>()
  live.push(records)
  live.finish()
  // The archive has the first half, the log all of it.
  const archive = replay(records.slice(0, 20), { arrivedAt: ({ at }) => at })
  const made = (from: Source<{ at: number; n: number }>) => {
    const log = memoryLog()
    const results = pipeline('sums')
      .from(from)
      .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('1s') })
      .keyBy(({ n }) => n % 3)
      .window(tumbling('10s'))
      .sum(({ n }) => n)
      .to(log.sink)
    return { log, results }
  }
  const stop = new AbortController()
  const [old, anew] = [made(live), made(followedBy(archive, live, { from: [{ split: '0', offset: 20n }] }))]
  const served = servingTiers({ ...old, ...stores })
  const filled = servingTiers({ ...anew, ...stores, version: 'anew' })
  const running = [served, filled].map((tiers) => tiers.run({ signal: stop.signal }))
  await Promise.all([old.results.start().done, anew.results.start().done])
  for (const tiers of [served, filled])
    for (let current = false; !current; await turn()) {
      const { partitions } = await tiers.health()
      current = partitions.length > 0 && partitions.every(({ logEnd, hot, cold }) => hot === logEnd && cold === logEnd)
    }
  const range = { from: 0, to: 100_000 }
  const differences = []
  for await (const difference of served.diff('', 'anew', range)) differences.push(difference)
  expect(differences).toEqual([])
  const sum = async (): Promise<number> =>
    (await served.read({ keys: [0, 1, 2], ...range })).reduce((total, { value }) => total + value, 0)
  const before = await sum()
  expect(before).toBe((39 * 40) / 2)
  await served.promote('anew')
  expect(await sum()).toBe(before)
  await served.promote('')
  expect(await sum()).toBe(before)
  stop.abort()
  await Promise.all([...running, served.close(), filled.close()])
})
