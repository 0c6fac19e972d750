/**
 * Owns what moves between the tiers: the boundary, by compare-and-set in cold and copied to every shard of hot; eviction
 * below a boundary that every reader has had the time to learn; the heartbeat; and the watchdog that keeps hot from
 * expiring while the boundary is held back. Everything in it may be done twice, or by two processes.
 */
import {
  type Clock,
  type ColdSession,
  type HotSession,
  type ShardState,
  type Signal,
  StreamError,
} from '@tidemark/core'
import { Drift } from './drift.ts'
import {
  type BoundaryRecord,
  type ColdFrontier,
  type PartitionRecord,
  REGISTERS,
  coldFrontier,
  decodeRegister,
  encodeRegister,
} from './registers.ts'
import type { Rules } from './rules.ts'
import { Elapsed, sleep, watched } from './wait.ts'

export interface KeeperOptions {
  readonly cold: ColdSession
  readonly hot: HotSession
  readonly partitions: readonly string[]
  readonly rules: Rules
  readonly serveForMs: number
  readonly leaseMs: number
  readonly longestQueryMs: number
  readonly overlapMs: number
  readonly align: (t: number) => number
  readonly clock: Clock
  readonly tickMs: number
  /** How often cold is written, and how far behind W what is written then ends: the boundary moves no faster. */
  readonly coldEveryMs: number
  readonly coldDelayMs: number
  /** How far the boundary may be behind the time that has passed before hot is kept from expiring, ms. */
  readonly extendAfterMs: number
  readonly signal: Signal
  readonly events: KeeperEvents
}

export interface KeeperEvents {
  readonly boundary: (boundary: number) => void
  readonly evicted: (upTo: number, cells: number) => void
  /** The boundary has stood still for longer than cold takes, and is behind; hot keeps what it has. */
  readonly heldBack: (byMs: number, why: 'cold' | 'frontier') => void
  readonly hotLost: (shard: string) => void
  /** A store has not answered for so long, ms. */
  readonly silent: (what: string, forMs: number) => void
}

/** Missing this many ticks ends the heartbeat. Nothing in hot may expire sooner than that. */
const BEATS = 12
/** Boundaries that were seen and may be evicted below later. */
const MOST_SEEN = 1_024

export class Keeper {
  readonly #options: KeeperOptions
  readonly #patience: Elapsed
  readonly #passed: Elapsed
  readonly #seen: { readonly boundary: number; readonly at: number }[] = []
  #record: BoundaryRecord = { boundary: Number.NEGATIVE_INFINITY, hotFilled: false }
  #bytes: Uint8Array | undefined
  #evicted: number = Number.NEGATIVE_INFINITY
  /** Where hot was at the last tick: cold must be as far before the boundary moves. */
  #hotWas: ReadonlyMap<string, bigint> | undefined
  readonly #drift: Drift
  #extendedAt: number = Number.NEGATIVE_INFINITY
  /** Since when the boundary has been behind where it is. */
  #still: { readonly boundary: number; readonly since: number } | undefined
  #beaten = false
  frontier: ColdFrontier = coldFrontier([])

  constructor(options: KeeperOptions) {
    this.#options = options
    // A tick that comes late, or a clock that jumps, must not count as time in which readers have learned something.
    this.#drift = new Drift(options.serveForMs + options.overlapMs)
    this.#patience = new Elapsed(options.clock, 2 * options.tickMs)
    // What expires does not wait for a late tick: here everything counts.
    this.#passed = new Elapsed(options.clock, Number.POSITIVE_INFINITY)
  }

  get boundary(): number {
    return this.#record.boundary
  }

  /**
   * Before anything else: what is still there stays for as long as it may be needed, whatever has drifted before. Whether
   * it is all there is for the caller to ask after this.
   */
  async begin(): Promise<void> {
    const { hot, rules, serveForMs } = this.#options
    if (rules.watchdog) await hot.extend(serveForMs + this.#extensionMs)
    this.#extendedAt = this.#passed.now()
  }

  get #extensionMs(): number {
    return 2 * (this.#options.extendAfterMs + this.#options.tickMs * BEATS)
  }

  async keep(): Promise<void> {
    const { signal, clock, tickMs, events } = this.#options
    const silent = (forMs: number): void => events.silent('A look at both tiers, for boundary and heartbeat,', forMs)
    while (!signal.aborted) {
      await watched(this.tick(), clock, silent)
      await sleep(clock, tickMs, signal)
    }
  }

  async tick(): Promise<void> {
    const { cold, hot, partitions, rules, tickMs } = this.#options
    await this.#load()
    const records = await Promise.all(
      partitions.map(async (partition) => {
        const bytes = await cold.register(REGISTERS.partition(partition))
        return bytes === undefined ? undefined : decodeRegister<PartitionRecord>(partition, bytes)
      }),
    )
    this.frontier = coldFrontier(records)
    const shards = await hot.state()
    if (this.#beaten)
      for (const [shard, state] of shards) if (!state.alive && state.applied.size > 0) throw asleep(shard)
    await this.#advance(shards)
    if ([...shards.values()].some(({ boundary }) => boundary < this.boundary)) await hot.raiseBoundary(this.boundary)
    // Before the beat: what a heartbeat vouches for must not expire sooner than it.
    if (rules.watchdog) await this.#watch()
    await hot.beat(tickMs * BEATS)
    this.#beaten = true
    await this.#evict(shards)
  }

  async #load(): Promise<void> {
    this.#bytes = await this.#options.cold.register(REGISTERS.boundary)
    if (this.#bytes !== undefined) this.#record = decodeRegister<BoundaryRecord>(REGISTERS.boundary, this.#bytes)
  }

  /** B := max(B, min(C, W − serveFor)), or C where a shard has lost everything; on the grid. */
  async #advance(shards: ReadonlyMap<string, ShardState>): Promise<void> {
    const { rules, serveForMs, align, events } = this.#options
    const { complete, watermark, covered } = this.frontier
    const blank = [...shards].filter(([, { applied }]) => applied.size === 0).map(([shard]) => shard)
    const lost = this.#record.hotFilled && blank.length > 0
    if (lost) for (const shard of blank) events.hotLost(shard)
    // Left out for tests: the age of what hot has, whatever cold has.
    const age = (rules.boundaryBelowCold ? watermark : newestIn(shards)) - serveForMs
    const wanted = lost ? complete : rules.boundaryBelowCold ? Math.min(complete, age) : age
    const boundary = Number.isFinite(wanted) ? Math.max(align(wanted), this.boundary) : this.boundary
    // While cold lacks what hot had a tick ago, readers could not follow: they have seen it.
    const current = [...(this.#hotWas ?? [])].every(([partition, offset]) => (covered.get(partition) ?? 0n) >= offset)
    this.#hotWas = furthest(shards)
    const hotFilled = this.#record.hotFilled || (blank.length === 0 && shards.size > 0)
    const moves = boundary > this.boundary && (current || lost || !rules.boundaryBelowCold)
    if (!moves && hotFilled === this.#record.hotFilled) return
    const record = { boundary: moves ? boundary : this.boundary, hotFilled }
    const bytes = encodeRegister(record)
    if (!(await this.#options.cold.compareAndSet(REGISTERS.boundary, this.#bytes, bytes))) return this.#load()
    this.#record = record
    this.#bytes = bytes
    if (moves) events.boundary(boundary)
  }

  async #evict(shards: ReadonlyMap<string, ShardState>): Promise<void> {
    const { hot, rules, leaseMs, longestQueryMs, overlapMs, serveForMs, events } = this.#options
    const now = this.#patience.now()
    if (this.boundary > (this.#seen.at(-1)?.boundary ?? Number.NEGATIVE_INFINITY)) {
      // At the bound the newest is left out until there is room: eviction waits, nothing is lost.
      if (this.#seen.length < MOST_SEEN) this.#seen.push({ boundary: this.boundary, at: now })
    }
    let upTo = Number.NEGATIVE_INFINITY
    const waits = rules.readerLease ? leaseMs + longestQueryMs : 0
    while (this.#seen.length > 0 && now - (this.#seen[0] as { at: number }).at >= waits)
      upTo = (this.#seen.shift() as { boundary: number }).boundary - overlapMs
    if (!rules.evictBelowBoundary) upTo = this.frontier.watermark - serveForMs
    const evicted = Math.min(...[...shards.values()].map(({ evictedTo }) => evictedTo))
    if (upTo <= evicted && upTo <= this.#evicted) return
    if (!Number.isFinite(upTo)) return
    const cells = await hot.evict(upTo)
    this.#evicted = upTo
    events.evicted(upTo, cells)
  }

  /** What is in hot expires on the server's clock; that must not happen while W, and with it the boundary, stands still. */
  async #watch(): Promise<void> {
    const { hot, extendAfterMs, serveForMs, align } = this.#options
    const { watermark } = this.frontier
    const { boundary } = this
    const held = Number.isFinite(watermark) && align(watermark - serveForMs) > boundary
    const at = this.#passed.now()
    this.#alarm(at)
    const point = held ? boundary : watermark - serveForMs
    const early = this.#drift.note(at, point)
    if (early < extendAfterMs || at - this.#extendedAt < extendAfterMs) return
    await hot.extend(this.#extensionMs)
    this.#extendedAt = at
  }

  /** Where the boundary is still, and cold has had the time for a write that would have moved it. */
  #alarm(at: number): void {
    const { serveForMs, coldEveryMs, coldDelayMs, tickMs, align, events } = this.#options
    const { watermark, complete } = this.frontier
    const { boundary } = this
    const due = watermark - Math.max(serveForMs, coldDelayMs)
    const behind = Number.isFinite(watermark) ? align(due) - boundary : 0
    if (behind <= 0 || boundary !== this.#still?.boundary) this.#still = { boundary, since: at }
    if (at - this.#still.since > coldEveryMs + tickMs * BEATS)
      events.heldBack(behind, complete < due ? 'cold' : 'frontier')
  }
}

/** Nobody has kept what is in the shard from expiring: it must be written again before anyone trusts it. */
function asleep(shard: string): StreamError {
  return new StreamError(
    'HEARTBEAT_LOST',
    `Shard '${shard}' of hot: found that the heartbeat has run out, expected this process to have kept it up. It was asleep for too long, or its clock jumped; what may have expired is written again.`,
    { retryable: true },
  )
}

function newestIn(shards: ReadonlyMap<string, ShardState>): number {
  let newest = Number.NEGATIVE_INFINITY
  for (const { applied } of shards.values())
    for (const { watermark } of applied.values()) if (Number.isFinite(watermark)) newest = Math.max(newest, watermark)
  return newest
}

function furthest(shards: ReadonlyMap<string, ShardState>): ReadonlyMap<string, bigint> {
  const far = new Map<string, bigint>()
  for (const { applied } of shards.values())
    for (const [partition, { offset }] of applied) if (offset > (far.get(partition) ?? -1n)) far.set(partition, offset)
  return far
}
