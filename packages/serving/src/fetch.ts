/**
 * Owns one look at both tiers: which asks which for what, whether hot can be believed, and what to do where it cannot.
 * One round trip to each, more only while something is waited for.
 */
import {
  type Cell,
  type Clock,
  type ColdSession,
  type HotRead,
  type HotSession,
  type ShardState,
  StreamError,
} from '@tidemark/core'
import type { Bounds, Knowledge } from './knowledge.ts'
import type { Rules } from './rules.ts'
import { type Place, unite } from './unite.ts'
import { sleep } from './wait.ts'

export interface Fetched {
  /** For each key, in order of window end, then start. */
  readonly places: readonly Place[][]
  /** W by which rows of each tier are complete or final; +∞ after the end. */
  readonly watermarks: { readonly hot: number; readonly cold: number }
  readonly incomplete: readonly Gap[]
}

/** Results with window ends in (from, to] of which some may be missing or old. */
export interface Gap {
  readonly from: number
  readonly to: number
  readonly why: string
}

export interface FetchOptions {
  readonly hot: HotSession
  readonly cold: ColdSession
  readonly partitions: readonly string[]
  readonly knowledge: Knowledge
  readonly clock: Clock
  readonly rules: Rules
  readonly overlapMs: number
  /** How long hot is waited for before a range is said to be incomplete, ms. */
  readonly maxWaitMs: number
  /** A look that takes longer may have missed an eviction, ms. */
  readonly longestQueryMs: number
}

const RETRY_MS = 100

/** How both tiers are asked in one look. Both give a list of cells per column; columns are the same in both. */
export interface Ask {
  readonly hot: (from: number, to: number) => Promise<HotRead>
  readonly cold: (from: number, to: number) => Promise<readonly (readonly Cell[])[]>
  /** How many columns there are, known when both have answered. */
  readonly columns: () => number
}

/** Hot as it was found: what is wrong with it, if anything. */
interface HotLook {
  readonly cells: readonly (readonly Cell[])[]
  readonly shards: ReadonlyMap<string, ShardState>
  readonly wrong: string | undefined
}

interface Look {
  readonly hot: HotLook | undefined
  readonly cold: readonly (readonly Cell[])[]
}

interface Attempt extends Look {
  readonly from: number
  readonly to: number
  readonly bounds: Bounds
  readonly tookMs: number
  /** No time is left to wait. */
  readonly late: boolean
}

/** Looks at both tiers. */
export interface Looks {
  /** The last W that cold has told of; −∞ before one is known. */
  readonly lastTime: () => Promise<number>
  /** Results with window ends up to here may have expired; −∞ where everything is kept. */
  readonly goneTo: () => Promise<number>
  /** All keys in one round trip to each tier; a column per key. `partial`: see `look`. */
  readonly fetch: (keys: readonly Uint8Array[], from: number, to: number, partial: boolean) => Promise<Fetched>
  /**
   * Looks until both tiers are current, or it has taken too long. `partial`: what could not be read is named in
   * `incomplete` then; else it is an error.
   * @throws StreamError RESULTS_INCOMPLETE
   */
  readonly look: (from: number, to: number, partial: boolean, ask: () => Ask) => Promise<Fetched>
}

export class Fetcher implements Looks {
  readonly #options: FetchOptions

  constructor(options: FetchOptions) {
    this.#options = options
  }

  async lastTime(): Promise<number> {
    await this.#options.knowledge.bounds()
    return this.#options.knowledge.frontier.watermark
  }

  async goneTo(): Promise<number> {
    await this.#options.knowledge.bounds()
    return this.#options.knowledge.goneTo()
  }

  fetch(keys: readonly Uint8Array[], from: number, to: number, partial: boolean): Promise<Fetched> {
    const { hot, cold } = this.#options
    return this.look(from, to, partial, () => ({
      hot: (after, upTo) => hot.read(keys, after, upTo),
      cold: (after, upTo) => cold.read(keys, after, upTo),
      columns: () => keys.length,
    }))
  }

  async look(from: number, to: number, partial: boolean, ask: () => Ask): Promise<Fetched> {
    const { clock, knowledge, maxWaitMs } = this.#options
    const until = clock.now() + maxWaitMs
    for (let again = false; ; again = true) {
      const began = clock.now()
      const bounds = await knowledge.bounds(again)
      const asked = ask()
      const found = await this.#ask(asked, from, to, bounds)
      const late = clock.now() >= until
      if (found.hot?.wrong !== undefined) {
        const alone = await this.#coldAlone(ask(), found.hot.wrong, from, to)
        if (alone !== undefined && (alone.incomplete.length === 0 || (late && partial))) return alone
      }
      const judged = this.#judge(asked, { ...found, from, to, bounds, tookMs: clock.now() - began, late })
      if (judged !== undefined) {
        if (judged.incomplete.length === 0 || partial) return judged
        throw incomplete(judged.incomplete)
      }
      if (!late) await sleep(clock, RETRY_MS)
    }
  }

  async #ask({ hot, cold }: Ask, from: number, to: number, bounds: Bounds): Promise<Look> {
    const hotFrom = Math.max(from, bounds.hotAbove - this.#options.overlapMs)
    const coldTo = Math.min(to, bounds.coldUpTo)
    const [hotRead, coldRead] = await Promise.all([
      hotFrom < to ? hot(hotFrom, to).catch((error: unknown) => String(error)) : undefined,
      from < coldTo ? cold(from, coldTo) : NONE,
    ])
    return { hot: hotRead === undefined ? undefined : this.#believe(hotRead, bounds), cold: coldRead }
  }

  /** Without hot: cold answers up to its C, where it has all that this reader has seen. */
  async #coldAlone({ cold, columns }: Ask, why: string, from: number, to: number): Promise<Fetched | undefined> {
    const { knowledge, rules } = this.#options
    await knowledge.bounds(true)
    const { complete } = knowledge.frontier
    if (!knowledge.coldHasAll || from >= complete) return undefined
    const coldTo = Math.min(to, complete)
    const read = await cold(from, coldTo)
    return {
      places: Array.from({ length: columns() }, (_, i) => unite(NONE, read[i] ?? NONE, coldTo, rules.newestOfBoth)),
      watermarks: { hot: Number.NEGATIVE_INFINITY, cold: knowledge.watermark },
      incomplete: to > complete ? [{ from: complete, to, why }] : [],
    }
  }

  #believe(read: HotRead | string, { hotAbove }: Bounds): HotLook {
    if (typeof read === 'string') return { cells: [], shards: new Map(), wrong: `hot cannot be read (${read})` }
    const { partitions, knowledge, overlapMs, rules } = this.#options
    const lease = rules.readerLease && rules.evictBelowBoundary
    let wrong: string | undefined
    for (const [shard, { alive, applied, evictedTo, life }] of read.shards) {
      if (!alive) wrong ??= `shard '${shard}' of hot has no heartbeat: nothing keeps it current`
      if (lease && evictedTo > hotAbove - overlapMs)
        wrong ??= `shard '${shard}' of hot has evicted what this reader looks for`
      for (const partition of partitions) {
        const at = applied.get(partition)?.offset
        const expected = knowledge.expected(shard, partition, life)
        if (at === undefined) wrong ??= `shard '${shard}' of hot has nothing of partition '${partition}'`
        else if (at < expected)
          wrong ??= `shard '${shard}' of hot is at ${at} of partition '${partition}', behind ${expected}`
      }
    }
    return { ...read, wrong }
  }

  /** What was found, or undefined to look again. */
  #judge({ columns }: Ask, { hot, cold, from, to, bounds, tookMs, late }: Attempt): Fetched | undefined {
    const { knowledge, longestQueryMs, overlapMs, rules, partitions } = this.#options
    const zone = Math.max(from, bounds.hotAbove - overlapMs)
    const gaps: Gap[] = []
    if (rules.readerLease && tookMs > longestQueryMs)
      gaps.push({ from, to, why: `the look took ${tookMs}ms, longer than ${longestQueryMs}ms` })
    if (bounds.overdue && hot !== undefined && from < bounds.coldUpTo)
      gaps.push({ from: zone, to: Math.min(to, bounds.coldUpTo), why: 'cold is behind what was seen of these windows' })
    if (hot?.wrong !== undefined) gaps.push({ from: zone, to, why: hot.wrong })
    if (gaps.length > 0 && !late) return undefined
    let newer = false
    const places = Array.from({ length: columns() }, (_, i) => {
      const united = unite(hot?.cells[i] ?? NONE, cold[i] ?? NONE, bounds.hotAbove, rules.newestOfBoth)
      newer ||= united.some(({ end, hotIsNewer }) => hotIsNewer && end <= bounds.coldUpTo)
      return united
    })
    if (hot !== undefined && !knowledge.saw(bounds, hot.shards, from, newer) && !late) return undefined
    return {
      places,
      watermarks: { hot: hotWatermark(hot?.shards, partitions), cold: knowledge.watermark },
      incomplete: gaps,
    }
  }
}

const NONE: readonly never[] = []

function hotWatermark(shards: ReadonlyMap<string, ShardState> | undefined, partitions: readonly string[]): number {
  if (shards === undefined || shards.size === 0) return Number.NEGATIVE_INFINITY
  let least = Number.POSITIVE_INFINITY
  for (const { applied } of shards.values())
    for (const partition of partitions)
      least = Math.min(least, applied.get(partition)?.watermark ?? Number.NEGATIVE_INFINITY)
  return least
}

function incomplete(gaps: readonly Gap[]): StreamError {
  const { from, to, why } = gaps[0] as Gap
  return new StreamError(
    'RESULTS_INCOMPLETE',
    `Results with window ends in (${timeText(from)}, ${timeText(to)}]: found that ${why}, expected both tiers to be current. Nothing is lost: the log has it. Look at health(), read again, or read with incomplete: 'report' for what there is.`,
    { retryable: true },
  )
}

export function timeText(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15
    ? new Date(at).toISOString()
    : at > 0
      ? 'the end'
      : 'the beginning'
}
