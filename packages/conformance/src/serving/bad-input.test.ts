// What goes wrong around tiers is an alarm or an error, and nothing is lost by it.
import {
  type ColdStore,
  type HotStore,
  type MemoryLog,
  StreamError,
  boundedOutOfOrderness,
  memoryColdStore,
  memoryHotStore,
  memoryLog,
  pipeline,
  systemClock,
  tumbling,
} from '@tidemark/core'
import { servingTiers } from '@tidemark/serving'
import { expect, test } from 'vitest'
import { eagerClock } from './eager-clock.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function counts(log: MemoryLog) {
  return pipeline('counts')
    .from([1_000, 2_000, 12_000, 95_000])
    .eventTime({ timestamp: (at) => at, watermark: boundedOutOfOrderness('1s') })
    .keyBy(() => 'all')
    .window(tumbling('10s'))
    .aggregate((a) => ({ n: a.count() }))
    .to(log.sink)
}

/** Its first ten writes are refused. */
function awayAtFirst(hot: HotStore, cold: ColdStore, which: 'hot' | 'cold', code: string): [HotStore, ColdStore] {
  let left = 10
  const refuse = (): void => {
    if (left-- > 0) throw new StreamError(code, 'as a test wants it', { retryable: true })
  }
  if (which === 'hot') {
    const open: HotStore['open'] = async (of) => {
      const session = await hot.open(of)
      return { ...session, write: async (...args) => (refuse(), session.write(...args)) }
    }
    return [{ ...hot, open }, cold]
  }
  const open: ColdStore['open'] = async (of) => {
    const session = await cold.open(of)
    return { ...session, put: async (...args) => (refuse(), session.put(...args)) }
  }
  return [hot, { ...cold, open }]
}

test.each([
  ['a full hot store', 'hot', 'REDIS_FULL'],
  ['a cold store that is away', 'cold', 'HBASE_AWAY'],
] as const)('%s is an alarm while it lasts, and nothing is lost', async (_, which, code) => {
  const clock = eagerClock()
  const log = memoryLog()
  const [hot, cold] = awayAtFirst(memoryHotStore({ serveForMs: 30_000, clock }), memoryColdStore(), which, code)
  const results = counts(log)
  await results.start().done
  const tiers = servingTiers({ results, log, hot, cold, clock })
  const alarms: string[] = []
  tiers.on('alarm', ({ code: of, message }) => alarms.push(`${of} ${message}`))
  const stop = new AbortController()
  const running = tiers.run({ signal: stop.signal })
  for (let current = false; !current; await turn()) {
    const { partitions } = await tiers.health()
    current = partitions.length > 0 && partitions.every(({ logEnd, hot: at, cold: c }) => at === logEnd && c === logEnd)
  }
  expect(alarms.filter((text) => /^WRITERS_RESTARTED .*as a test wants it/.test(text))).toHaveLength(10)
  const rows = await tiers.read({ key: 'all', from: 0, to: 200_000 })
  expect(rows.map(({ window, value }) => [window.start, value.n])).toEqual([
    [0, 2],
    [10_000, 1],
    [90_000, 1],
  ])
  stop.abort()
  await Promise.all([running, tiers.close()])
})

test('two deployments of one aggregation are told, and agree all the same', async () => {
  const clock = eagerClock()
  const log = memoryLog({ clock })
  const stores = { hot: memoryHotStore({ serveForMs: 30_000, clock }), cold: memoryColdStore() }
  const results = counts(log)
  const both = [0, 1].map(() => servingTiers({ results, log, ...stores, clock }))
  const alarms = new Set<string>()
  const stop = new AbortController()
  for (const tiers of both) tiers.on('alarm', ({ code }) => alarms.add(code))
  const running = both.map((tiers) => tiers.run({ signal: stop.signal }))
  await results.start().done
  while (!alarms.has('TWO_WRITERS')) await turn()
  for (let current = false; !current; await turn()) {
    const { partitions } = await (both[0] as (typeof both)[0]).health()
    current = partitions.length > 0 && partitions.every(({ logEnd, hot: at, cold: c }) => at === logEnd && c === logEnd)
  }
  for (const tiers of both)
    expect((await tiers.read({ key: 'all', from: 0, to: 200_000 })).map(({ value }) => value.n)).toEqual([2, 1, 1])
  stop.abort()
  await Promise.all([...running, ...both.map((tiers) => tiers.close())])
})

test('deployments that mean different things by it are refused', async () => {
  const log = memoryLog()
  const stores = { hot: memoryHotStore({ serveForMs: 30_000, clock: systemClock }), cold: memoryColdStore() }
  const results = counts(log)
  const stop = new AbortController()
  await using first = servingTiers({ results, log, ...stores, lease: '1s' })
  const running = first.run({ signal: stop.signal })
  while ((await first.health()).partitions.length === 0) await turn()
  await using other = servingTiers({ results, log, ...stores, lease: '2s' })
  await expect(other.run()).rejects.toMatchObject({ code: 'TIERS_DIFFER' })
  stop.abort()
  await running
})
