/** Owns one run: the job over the flights, the tiers of each policy behind its log, and the time in which both live. */
import {
  type CheckpointStore,
  type Clock,
  type ColdStore,
  type HotStore,
  type Pane,
  type Pipeline,
  type ResultsLog,
  type Sink,
  type TimeWindow,
  arrivalClock,
  replay,
} from '@tidemark/core'
import { type ColdWrites, type TierEvents, continuously, every, servingTiers } from '@tidemark/serving'
import type { Answer } from './batch.ts'
import type { Flight } from './data.ts'
import { delaysByHour } from './job.ts'
import { type FlightTiers, type Stored, WATCHED } from './life.ts'
import { STEP_MS, eventually, paced, timeLapse } from './time-lapse.ts'
import { type Writes, countedCold, countedHot } from './writes.ts'

/** What a run is kept in. */
export interface Stores {
  readonly name: string
  /** How many flights the job takes at a time, at most. */
  readonly batchSize: number
  readonly log: ResultsLog & { readonly sink: Sink<Pane<string, unknown, TimeWindow>> }
  readonly checkpoint?: CheckpointStore
  readonly hot: (clock: Clock) => HotStore
  readonly cold: ColdStore
  /** Gives back what it holds, when nothing runs any more. */
  readonly close: () => Promise<void>
}

export const SERVE_FOR_MS: number = 14 * 86_400_000

/** Two settings for the same results; each has a version of its own in both stores. */
export interface Policy {
  readonly version: string
  readonly text: string
  readonly coldWrites: ColdWrites
}

export const POLICIES: readonly Policy[] = [
  { version: 'continuously', text: 'continuously()', coldWrites: continuously() },
  { version: 'settled', text: "every('6h', { settle: '1d' })", coldWrites: every('6h', { settle: '1d' }) },
]

/** Keeper and cold writer of each; hot writers wait for the log. */
const SLEEPERS = 2 * POLICIES.length
/** More than any store takes to catch up with an hour. */
const CATCH_UP_MS = 60_000
/** Its flights have all landed. */
const WATCHED_UNTIL = WATCHED.end + 8 * STEP_MS

export interface Finished {
  /** In the order of POLICIES. */
  readonly tiers: readonly FlightTiers[]
  readonly hotWrites: Writes
  readonly coldWrites: Writes
  readonly metrics: ReadonlyMap<string, number>
  readonly close: () => Promise<void>
}

export interface Watcher {
  /** After some flights, when hot has their results, and after each hour, when both tiers have done what it asked for. */
  readonly onLook: (now: number, tiers: FlightTiers, stored: Stored, records: number) => Promise<void>
  /** Something is wrong that loses nothing yet. */
  readonly onAlarm: (alarm: TierEvents['alarm']) => void
}

/** Runs to the end of the flights, and on until both tiers of every policy have everything. */
export async function run(flights: readonly Flight[], stores: Stores, watcher: Watcher): Promise<Finished> {
  const [hotWrites, coldWrites]: [Writes, Writes] = [new Map(), new Map()]
  const stop = new AbortController()
  const running: Promise<void>[] = []
  let stored: Stored | undefined
  const clock = timeLapse({
    sleepers: SLEEPERS,
    onStep: (now) => tell(now),
  })
  let landed = 0
  const tell = async (now: number): Promise<void> => {
    // Servers take their time: nothing is held under a name that nobody has opened.
    if (hotWrites.size < POLICIES.length) return
    stored ??= await openStored(hot, stores.cold, hotWrites)
    await watcher.onLook(now, tiers[0] as FlightTiers, stored, landed)
  }
  const hot = stores.hot(clock)
  const log = await stores.log.open({})
  const caughtUp = async (): Promise<boolean> => {
    for (const partition of log.partitions) {
      const { end } = await log.bounds(partition)
      for (const { applied } of hotWrites.values())
        for (const [place, offset] of applied) if (place.endsWith(` ${partition}`) && offset < end) return false
    }
    return true
  }
  const isTransactional = 'transactions' in stores.log.sink
  const before = async (arrivesAt: number | undefined, records: number, committed: () => number): Promise<void> => {
    landed = records
    // What is not committed yet nobody has seen.
    if (isTransactional) await eventually(() => committed() >= records, CATCH_UP_MS)
    const at = arrivesAt ?? (flights.at(-1) as Flight).landedAt
    if (running.length === 0) {
      clock.begin(at)
      for (const one of tiers) {
        one.on('alarm', watcher.onAlarm)
        running.push(one.run({ signal: stop.signal }))
      }
    } else {
      await eventually(caughtUp, CATCH_UP_MS)
      await tell(clock.now())
    }
    await clock.passTo(at)
  }
  // Whole minutes, for a job whose clock stands still does not commit: one at a time while the watched result is made.
  const take = (records: number): number => {
    const { landedAt = Number.POSITIVE_INFINITY } = flights[records] ?? {}
    const isSlow = landedAt <= WATCHED_UNTIL && (flights[records + stores.batchSize]?.landedAt ?? 0) >= WATCHED.start
    let end = records + (isSlow ? 1 : stores.batchSize)
    while (end < flights.length && flights[end]?.landedAt === flights[end - 1]?.landedAt) end++
    return end - records
  }
  const source = paced(replay(flights, { arrivedAt: ({ landedAt }) => landedAt }), { take, before })
  const pipeline = delaysByHour(source).to(stores.log.sink as Sink<Pane<string, Answer, TimeWindow>>) as Pipeline<
    Pane<string, Answer, TimeWindow>,
    Flight
  >
  const tiers = POLICIES.map(({ version, coldWrites: when }) =>
    servingTiers({
      results: pipeline,
      log: stores.log,
      hot: countedHot(hot, hotWrites),
      cold: countedCold(stores.cold, coldWrites),
      coldWrites: when,
      version,
      clock,
      tick: '1h',
      lease: '1h',
      longestQuery: '1h',
      maxWait: '0s',
    }),
  )
  const job = pipeline.start({
    clock: arrivalClock(),
    batchSize: stores.batchSize,
    ...(stores.checkpoint === undefined ? {} : { checkpoint: stores.checkpoint }),
  })
  await job.done
  // What comes last is written to cold when its time has come; then a day for the boundary to follow.
  for (let hours = 0; hours < 24; hours++) {
    await eventually(caughtUp, CATCH_UP_MS)
    await clock.passTo(clock.now() + STEP_MS)
  }
  await log.close()
  return {
    tiers,
    hotWrites,
    coldWrites,
    metrics: job.metrics(),
    close: async () => {
      stop.abort()
      await Promise.all(running)
      await Promise.all([...tiers.map((one) => one.close()), stored?.hot.close(), stored?.cold.close()])
    },
  }
}

/** The name under which the stores hold the results of a policy. */
export function heldAs(writes: Writes, version: string): string {
  return [...writes.keys()].find((name) => name.endsWith(`@${version}`)) ?? version
}

async function openStored(hot: HotStore, cold: ColdStore, writes: Writes): Promise<Stored> {
  const [{ version }] = POLICIES as [Policy]
  const aggregation = { name: heldAs(writes, version), windowMs: STEP_MS }
  return { hot: await hot.open(aggregation), cold: await cold.open(aggregation) }
}
