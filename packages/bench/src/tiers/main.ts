/**
 * `npm run bench:tiers -- [--runs N] [--only writers|reads|slices|corrections]`: two tiers over a real Redis and HBase of
 * this machine, beside the same stores without tiers: how fast the writers follow a log, what one question across the
 * boundary takes. From stores in memory a slice of all keys, and what corrections cost where none comes.
 */
import { loadavg } from 'node:os'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { createClient } from '@redis/client'
import {
  type Aggregation,
  type ColdStore,
  type HotStore,
  type TimeWindow,
  memoryColdStore,
  memoryHotStore,
  systemClock,
} from '@tidemark/core'
import { hbaseStore } from '@tidemark/hbase'
import { redisStore } from '@tidemark/redis'
import { startHBase, startRedis } from '@tidemark/services'
import { type Tiers, every, servingTiers } from '@tidemark/serving'
import { spread } from '../spread.ts'
import { type Filled, HOUR, type Stats, cellsOf, fill, fillOver } from './filled.ts'
import { type Counts, watchedCold, watchedHot } from './watched.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const runs = Number(values.runs)
const wanted = (part: string): boolean => values.only === undefined || values.only === part
const DAY = 24 * HOUR
const READS = 200
const BATCH = 10_000

/** Figures by row and measure, in order of first sight. */
const found = new Map<string, number[]>()
function say(row: string, measure: string, value: number): void {
  const place = `${row} | ${measure}`
  found.set(place, [...(found.get(place) ?? []), value])
}

type OurTiers = Tiers<string, Stats, TimeWindow>

interface Running extends AsyncDisposable {
  readonly tiers: OurTiers
  readonly hot: Counts
  readonly cold: Counts
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

function compose({ results, log }: Filled, version: string, hot: HotStore, cold: ColdStore): OurTiers {
  return servingTiers({
    results,
    log,
    hot,
    cold,
    version,
    coldWrites: every('100ms'),
    tick: '200ms',
  })
}

/** Which tier forgets what it is told, so that the rest is measured. */
type Forgetful = 'hot' | 'cold' | 'both' | undefined

function run(
  filled: Filled,
  version: string,
  hotStore: HotStore,
  coldStore: ColdStore,
  forgetful?: Forgetful,
): Running {
  const hot = watchedHot(hotStore, { keeps: forgetful !== 'hot' && forgetful !== 'both' })
  const cold = watchedCold(coldStore, { keeps: forgetful !== 'cold' && forgetful !== 'both' })
  const tiers = compose(filled, version, hot.store, cold.store)
  const stop = new AbortController()
  const running = tiers.run({ signal: stop.signal })
  return {
    tiers,
    hot: hot.counts,
    cold: cold.counts,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      await tiers.close()
    },
  }
}

/** Windows per second until a store has all of them. */
async function rate(filled: Filled, counts: Counts, began: number): Promise<number> {
  while (counts.written < filled.size) await turn()
  return filled.size / (performance.now() - began)
}

/** What the other tier does while one is written, and what is compared then: all of it shares a thread. */
const OTHER_TIER = {
  ready: ['has all already', 'the writer beside the store'],
  forgets: ['is written too and keeps nothing', 'both writers beside the store'],
  keeps: ['is written too, in memory', 'both writers and the other tier beside the store'],
} as const
const OTHERS = Object.keys(OTHER_TIER) as (keyof typeof OTHER_TIER)[]

const memoryHot = (): HotStore => memoryHotStore({ serveForMs: 7 * DAY, clock: systemClock })
const dayHot = (): HotStore => memoryHotStore({ serveForMs: DAY, clock: systemClock })

/** The store, with its results elsewhere: to whoever knows the first place it looks as if it had lost them. */
function elsewhere<S extends HotStore | ColdStore>(store: S): S {
  const open = (aggregation: Aggregation): Promise<unknown> =>
    store.open({ ...aggregation, name: `${aggregation.name}-elsewhere` })
  return { ...store, open }
}

interface Written {
  readonly filled: Filled
  readonly tier: 'hot' | 'cold'
  readonly hot: HotStore
  readonly cold: ColdStore
  /** What the store does without tiers. */
  readonly own: number
  readonly row: string
}

async function beside(n: number, { filled, tier, hot, cold, own, row }: Written): Promise<void> {
  for (const other of OTHERS) {
    const version = `${tier}-${other}-${n}`
    const forgets = tier === 'hot' ? 'cold' : 'hot'
    if (other === 'ready') {
      await using running = run(filled, version, hot, cold, 'both')
      while (running.hot.written < filled.size || running.cold.written < filled.size) await turn()
    }
    const began = performance.now()
    await using running = run(
      filled,
      version,
      other === 'ready' && tier === 'hot' ? elsewhere(hot) : hot,
      other === 'ready' && tier === 'cold' ? elsewhere(cold) : cold,
      other === 'forgets' ? forgets : undefined,
    )
    const ours = await rate(filled, running[tier], began)
    const [does, compared] = OTHER_TIER[other]
    const what = `${row}, the other tier ${does}`
    say(what, 'store alone, k windows/s', own)
    say(what, 'tiers, k windows/s', ours)
    say(what, compared, ours / own)
  }
}

async function writes(filled: Filled, redis: HotStore, hbase: ColdStore, n: number): Promise<void> {
  const cells = await cellsOf(filled)
  const watermark = filled.to
  const aggregation = (name: string): { name: string; windowMs: number } => ({ name: `${name}-${n}`, windowMs: HOUR })

  let began = performance.now()
  const hot = await redis.open(aggregation('own'))
  for (let at = 0; at < cells.length; at += BATCH)
    await hot.write(hot.shards[0] as string, cells.slice(at, at + BATCH), { watermark })
  let own = cells.length / (performance.now() - began)
  await hot.close()
  const row = 'Redis, hot writer'
  await beside(n, { filled, tier: 'hot', hot: redis, cold: memoryColdStore(), own, row })

  began = performance.now()
  const cold = await hbase.open(aggregation('own'))
  for (let at = 0; at < cells.length; at += BATCH) await cold.put(cells.slice(at, at + BATCH), { watermark })
  own = cells.length / (performance.now() - began)
  await cold.close()
  await beside(n, { filled, tier: 'cold', hot: memoryHot(), cold: hbase, own, row: 'HBase, cold writer' })
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** Waits until the boundary is where it belongs: seven days behind the end. */
async function offloaded({ tiers }: Running, filled: Filled): Promise<number> {
  for (;;) {
    const { boundary } = await tiers.health().catch(() => ({ boundary: 0 }))
    if (boundary >= filled.to - 8 * DAY) return boundary
    await turn()
  }
}

/** 14 days of a key, seven from each tier: both stores asked at once, and the tiers, in turn. */
async function reads(filled: Filled, redis: HotStore, hbase: ColdStore): Promise<void> {
  await using running = run(filled, 'reads', redis, hbase)
  const boundary = await offloaded(running, filled)
  const aggregation = { name: 'page-stats@reads', windowMs: HOUR }
  const [hot, cold] = [await redis.open(aggregation), await hbase.open(aggregation)]
  const { from, to, keys } = filled
  const encoded = new Map((await cellsOf(filled)).map(({ key }) => [Buffer.from(key).toString('latin1'), key]))
  const bytes = [...encoded.values()]
  for (let n = 0; n < runs; n++) {
    const times = { blind: [] as number[], ours: [] as number[] }
    const before = [running.hot.reads, running.cold.reads]
    for (let i = 0; i < READS; i++) {
      const at = (i * 7 + n) % keys.length
      const began = performance.now()
      const [fromHot, fromCold] = await Promise.all([
        hot.read([bytes[at] as Uint8Array], boundary, to),
        cold.read([bytes[at] as Uint8Array], from, boundary),
      ])
      const between = performance.now()
      const rows = await running.tiers.read({ key: keys[at] as string, from, to })
      times.ours.push(performance.now() - between)
      times.blind.push(between - began)
      const counts = [(fromHot.cells[0]?.length ?? 0) + (fromCold[0]?.length ?? 0), rows.length]
      if (counts.some((count) => count !== (to - from) / HOUR)) throw new Error(`read ${counts.join(' and ')} windows`)
    }
    const row = 'read 14 days of a key'
    say(row, 'two stores at once, µs', 1_000 * median(times.blind))
    say(row, 'tiers, µs', 1_000 * median(times.ours))
    say(row, 'tiers beside two stores', median(times.ours) / median(times.blind))
    say(row, 'round trips to Redis', (running.hot.reads - (before[0] ?? 0)) / READS)
    say(row, 'round trips to HBase', (running.cold.reads - (before[1] ?? 0)) / READS)
  }
  await hot.close()
  await cold.close()
}

/** A day of 10,000 keys, half of it below the boundary. */
async function slices(): Promise<void> {
  const filled = await fill(10_000, 37)
  await using running = run(
    filled,
    'slices',
    memoryHotStore({ serveForMs: DAY, clock: systemClock }),
    memoryColdStore(),
  )
  while ((await running.tiers.health()).boundary < filled.from + 12 * HOUR) await turn()
  const range = { from: filled.from, to: filled.from + DAY }
  for (let n = 0; n < runs; n++) {
    const [cpu, began] = [process.cpuUsage(), performance.now()]
    let rows = 0
    for await (const _ of running.tiers.slice(range)) rows++
    if (rows !== 24 * filled.keys.length) throw new Error(`found ${rows} rows, expected ${24 * filled.keys.length}`)
    const took = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    say('slice of a day, 10,000 keys, in memory', 'k rows/s', rows / took)
    say('slice of a day, 10,000 keys, in memory', 'k rows per second of CPU', (1_000 * rows) / (user + system))
  }
}

/** Seconds of CPU so far: what the machine does besides is not in it. */
function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Tiers of windows that may be corrected beside such that may not, in turn, where no correction comes. */
async function corrections(): Promise<void> {
  const row = 'corrections, none of which comes, beside none enabled'
  for (let n = -2; n < runs; n++) {
    const took = { add: [] as number[], none: [] as number[] }
    for (const kind of n % 2 === 0 ? (['add', 'none'] as const) : (['none', 'add'] as const)) {
      let began = cpu()
      const filled = await fillOver(600, 100, kind)
      took[kind].push(cpu() - began)
      began = cpu()
      {
        await using running = run(filled, 'forgotten', dayHot(), memoryColdStore(), 'both')
        while (running.hot.written < filled.size || running.cold.written < filled.size) await turn()
      }
      took[kind].push(cpu() - began)
      await using kept = run(filled, 'kept', dayHot(), memoryColdStore())
      while ((await kept.tiers.health()).boundary < filled.from) await turn()
      while (kept.hot.written < filled.size) await turn()
      began = cpu()
      let rows = 0
      for (let times = 0; times < 3; times++)
        for await (const _ of kept.tiers.slice({ from: filled.from, to: filled.to })) rows++
      if (rows !== 3 * filled.size) throw new Error(`found ${rows} rows, expected ${3 * filled.size}`)
      took[kind].push(cpu() - began)
    }
    if (n < 0) continue
    for (const [i, what] of ['job', 'writers', 'reader'].entries())
      say(row, `${what}, time of CPU`, (took.add[i] as number) / (took.none[i] as number))
  }
}

/** What is to be reached, by measure. */
const TARGETS: ReadonlyMap<string, string> = new Map<string, string>([
  [OTHER_TIER.ready[1], '≥ 0.8'],
  [OTHER_TIER.forgets[1], '≥ 0.8'],
  ['tiers beside two stores', '≤ 1.5'],
  ['round trips to Redis', '1'],
  ['round trips to HBase', '1'],
  ['k rows/s', '≥ 50'],
])

async function onServers(): Promise<void> {
  await using server = await startRedis()
  await using base = await startHBase()
  const client = createClient({
    socket: { host: '127.0.0.1', port: server.nodes[0]?.port as number },
    disableOfflineQueue: true,
  })
  client.on('error', () => {})
  await client.connect()
  const redis = redisStore({ client, serveFor: '7d' })
  const hbase = hbaseStore({ thrift: `tcp://${base.framed}`, table: 'bench', salts: 4, warn: () => {} })
  if (wanted('writers')) {
    const written = await fill(600, 300)
    // A table that is there, and servers that have compiled what they run.
    await writes(written, redis, hbase, -1)
    found.clear()
    for (let n = 0; n < runs; n++) await writes(written, redis, hbase, n)
  }
  if (wanted('reads')) await reads(await fill(100, 336), redis, hbase)
  client.destroy()
}

if (wanted('writers') || wanted('reads')) await onServers()
if (wanted('slices')) await slices()
if (wanted('corrections')) await corrections()

console.log(
  `load ${loadavg()[0]?.toFixed(1)}\n| what | measure | median (lowest–highest) | target |\n| --- | --- | --- | --- |`,
)
for (const [place, numbers] of found) {
  const target = TARGETS.get(place.split(' | ')[1] as string) ?? ''
  console.log(`| ${place} | ${spread(numbers, Math.max(...numbers) < 100 ? 2 : 0)} | ${target} |`)
}
