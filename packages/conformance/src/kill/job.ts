/**
 * Owns the job that is killed and restarted: tumbling windows, sessions and hopping windows over the same disordered
 * records, with early, on-time and late panes. Everything but processing time is a function of the seed.
 */
import {
  type Batch,
  type LateRecord,
  type Pane,
  type Pipeline,
  type Position,
  type Sink,
  type Source,
  boundedOutOfOrderness,
  hopping,
  pipeline,
  session,
  together,
  tumbling,
} from '@tidemark/core'
import { earlyAndLate } from '@tidemark/triggers'

export interface Visit {
  readonly at: number
  readonly page: string
  readonly ms: number
}
export interface Total {
  readonly visits: number
  readonly ms: number
}
export type TotalPane = Pane<string, Total>
export const STAGES = ['minutes', 'sessions', 'hops'] as const
export type Stage = (typeof STAGES)[number]

/** The numbers of a seed, in [0, 1). (mulberry32) */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Visits in order of arrival: most a little out of order, one in ten late, one in fifty too late for its windows. */
export function visits(seed: number, count: number): readonly Visit[] {
  const next = random(seed)
  return Array.from({ length: count }, (_, i) => {
    const lateness = next()
    const behindMs = lateness < 0.02 ? 6_000 + next() * 4_000 : lateness < 0.12 ? 1_000 + next() * 2_000 : next() * 900
    return {
      at: Math.floor(i * 40 - behindMs),
      page: `/${'abcde'[Math.floor(next() * 5)]}`,
      ms: Math.floor(next() * 1_000),
    }
  })
}

const SPLITS = ['even', 'odd']
/** As many visits in a row are of one split. */
const ROW = 7

/** When a batch comes, and how many records are in it at most. */
export interface Pace {
  readonly batch: number
  readonly beforeBatch: (polls: number) => Promise<void> | undefined
}

/**
 * Visits in two splits, read in runs in the one order of arrival wherever reading begins: they come
 * from the one and the other split a few at a time.
 */
export function visitSource(all: readonly Visit[], pace: Pace): Source<Visit> {
  const runs = SPLITS.map((_, split) =>
    all.map((visit, i) => ({ visit, i })).filter(({ i }) => Math.floor(i / ROW) % 2 === split),
  )
  return {
    kind: 'visits',
    seekable: true,
    open: async (_, positions) => {
      const at = SPLITS.map((split) => Number(positions?.find((position) => position.split === split)?.offset ?? 0))
      const finished = [false, false]
      let polls = 0
      const poll = (limit: number): Batch<Visit> => {
        const arrival = (split: number): number =>
          finished[split] ? Number.POSITIVE_INFINITY : (runs[split]?.[at[split] as number]?.i ?? all.length)
        const split = arrival(0) <= arrival(1) ? 0 : 1
        const run = runs[split] as (typeof runs)[number]
        const first = at[split] as number
        const until = arrival(1 - split)
        let next = first
        while (
          next < run.length &&
          next - first < Math.min(limit, pace.batch) &&
          (run[next] as (typeof run)[number]).i < until
        )
          next++
        at[split] = next
        finished[split] = next === run.length
        return {
          split: SPLITS[split] as string,
          records: run.slice(first, next).map(({ visit }) => visit),
          first: BigInt(first),
          next: BigInt(next),
          finished: next === run.length,
        }
      }
      return {
        splits: SPLITS,
        poll: (limit) => {
          const wait = pace.beforeBatch(polls++)
          return wait === undefined ? poll(limit) : wait.then(() => poll(limit))
        },
        pause: () => {},
        resume: () => {},
        committed: async (_: readonly Position[]) => {},
        close: async () => {},
      }
    },
  }
}

/** The job; `sinkOf` gives the sink of each stage, `lateTo` gets what came too late for a minute. */
export function visitJob(
  source: Source<Visit>,
  sinkOf: (stage: Stage) => Sink<TotalPane>,
  lateTo: Sink<LateRecord<Visit>>,
): Pipeline<TotalPane, Visit> {
  const byPage = pipeline('visits')
    .from(source)
    .eventTime({ timestamp: (visit) => visit.at, watermark: boundedOutOfOrderness('1s') })
    .keyBy((visit): string => visit.page)
  const options = { allowedLateness: '2s', trigger: earlyAndLate({ earlyEvery: '5ms' }) } as const
  return together(
    byPage
      .name('minutes')
      .window(tumbling('1s'), options)
      .lateTo(lateTo)
      .aggregate((a) => ({ visits: a.count(), ms: a.sum((visit) => visit.ms) }))
      .to(sinkOf('minutes'), { name: 'minutes' }),
    byPage
      .name('sessions')
      .window(session('300ms'), options)
      .aggregate((a) => ({ visits: a.count(), ms: a.sum((visit) => visit.ms) }))
      .to(sinkOf('sessions'), { name: 'sessions' }),
    byPage
      .name('hops')
      .window(hopping('2s', { every: '500ms' }), options)
      .aggregate((a) => ({ visits: a.count(), ms: a.sum((visit) => visit.ms) }))
      .to(sinkOf('hops'), { name: 'hops' }),
  )
}

/** One published item as text; the same item is the same text. */
export function line(item: unknown): string {
  return JSON.stringify(item, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}
