/**
 * Owns what a reader knows: the boundary it goes by, how long it may, and how much of the log it has seen. It goes over
 * to a newer boundary only when cold has everything that it has seen in hot of the windows below it, and believes a shard
 * that has begun another life only when that has applied everything that may have been seen; so no read goes back. One
 * per reader; reads may overlap.
 */
import type { Clock, ColdSession, ShardState } from '@tidemark/core'
import {
  type BoundaryRecord,
  type ColdFrontier,
  type PartitionRecord,
  REGISTERS,
  coldFrontier,
  decodeRegister,
  goneTo,
} from './registers.ts'
import type { Rules } from './rules.ts'

export interface KnowledgeOptions {
  readonly cold: ColdSession
  readonly partitions: readonly string[]
  readonly leaseMs: number
  /** How long cold keeps results; undefined: for ever. */
  readonly keepForMs: number | undefined
  readonly clock: Clock
  readonly rules: Rules
}

/** What a read goes by. */
export interface Bounds {
  /** Hot holds everything above this less the overlap. */
  readonly hotAbove: number
  /** Cold holds everything up to here. */
  readonly coldUpTo: number
  /** The lease has run out and cold lacks what was seen: windows between the two may go back. */
  readonly overdue: boolean
}

/** How much of each partition was seen of a shard. */
interface SeenOfShard {
  /** The one that was believed last. */
  life: string | undefined
  readonly applied: Map<string, bigint>
  /** What writes under way may have shown is part of it. */
  readonly announced: Map<string, bigint>
}

const NEVER = Number.NEGATIVE_INFINITY
/** How often cold is asked while it is waited for, ms. */
const PENDING_MS = 1_000

export class Knowledge {
  readonly #options: KnowledgeOptions
  /** Adopted, and when it was last known to be the newest. */
  #boundary: number = NEVER
  #learnedAt: number = NEVER
  /** The newest known, adopted or not. */
  #newest: number = NEVER
  #pending: { readonly boundary: number; readonly at: number } | undefined
  /** By partition: what has been seen of windows that may be below the pending boundary. */
  #unsafe: Map<string, bigint> = new Map()
  readonly #seen: Map<string, bigint> = new Map()
  readonly #seenByShard: Map<string, SeenOfShard> = new Map()
  #askedAt: number = NEVER
  #records: readonly (PartitionRecord | undefined)[] = []
  #lastNow: number = NEVER
  frontier: ColdFrontier = coldFrontier([])

  constructor(options: KnowledgeOptions) {
    this.#options = options
  }

  /** Asks cold where that is due; then what a read may go by. */
  async bounds(force: boolean = false): Promise<Bounds> {
    const { clock, leaseMs } = this.#options
    const now = clock.now()
    // A clock that goes back would make a lease longer than it is.
    const jumped = now < this.#lastNow
    this.#lastNow = now
    if (jumped) {
      this.#learnedAt = this.#askedAt = NEVER
      if (this.#pending !== undefined) this.#pending = { ...this.#pending, at: NEVER }
    }
    const age = now - this.#askedAt
    const due = force || jumped || age >= leaseMs / 3 || (this.#pending !== undefined && age >= PENDING_MS)
    if (due) await this.#ask()
    const overdue = clock.now() - this.#learnedAt > leaseMs && this.#newest > this.#boundary
    // Left out for tests, with what makes up for it.
    const coldUpTo = this.#options.rules.hotTakesAll ? this.#newest : this.#boundary
    return { hotAbove: this.#boundary, coldUpTo, overdue }
  }

  /** Up to which window end results may have expired by now, −∞ where cold keeps all. */
  goneTo(): number {
    const { keepForMs, clock } = this.#options
    return this.#records.reduce((gone, record) => Math.max(gone, goneTo(record, keepForMs, clock.now())), NEVER)
  }

  /** W by which rows from cold are complete or final; +∞ after the end. */
  get watermark(): number {
    return this.frontier.ended ? Number.POSITIVE_INFINITY : this.frontier.watermark
  }

  /** Cold has all that was seen: it may answer alone, up to its C. */
  get coldHasAll(): boolean {
    return covers(this.frontier.covered, this.#seen)
  }

  /**
   * How far a shard must be in a partition: what was seen of it, and what cold has. In another life than the last one,
   * what had been announced as well: cells of it may have been seen, and be gone.
   */
  expected(shard: string, partition: string, life: string | undefined): bigint {
    const of = this.#seenByShard.get(shard)
    const seen = (of?.life === life ? of?.applied : of?.announced)?.get(partition) ?? 0n
    const covered = this.frontier.covered.get(partition) ?? 0n
    return seen > covered ? seen : covered
  }

  /**
   * Remembers what a read by `bounds` has seen. `newer`: hot had something of windows that both tiers were asked for that
   * cold has not. False: the boundary has been adopted meanwhile, and what was seen may go back; to be read again.
   */
  saw(bounds: Bounds, shards: ReadonlyMap<string, ShardState>, from: number, newer: boolean): boolean {
    const { sessionToken, countsAnnounced } = this.#options.rules
    if (sessionToken && bounds.hotAbove < this.#boundary && from < this.#boundary) return false
    const unsure = from < (this.#pending?.boundary ?? NEVER) && (newer || bounds.coldUpTo < this.#newest)
    for (const [shard, { applied, announced, life }] of shards) {
      let own = this.#seenByShard.get(shard)
      if (own === undefined) this.#seenByShard.set(shard, (own = { life, applied: new Map(), announced: new Map() }))
      const behind = [...own.announced].some(([partition, offset]) => (applied.get(partition)?.offset ?? -1n) < offset)
      // One that was shown though it is behind does not become the one to go by.
      if (!behind) own.life = life
      for (const [partition, { offset }] of applied) raise(own.applied, partition, offset)
      const ahead = countsAnnounced ? [...(announced ?? [])] : []
      for (const [partition, offset] of [...own.applied, ...ahead]) {
        raise(own.announced, partition, offset)
        raise(this.#seen, partition, offset)
        if (unsure) raise(this.#unsafe, partition, offset)
      }
    }
    return true
  }

  async #ask(): Promise<void> {
    const { cold, partitions, clock } = this.#options
    const at = clock.now()
    const [boundary, ...records] = await Promise.all([
      cold.register(REGISTERS.boundary),
      ...partitions.map((partition) => cold.register(REGISTERS.partition(partition))),
    ])
    this.#records = records.map((bytes, i) =>
      bytes === undefined ? undefined : decodeRegister<PartitionRecord>(partitions[i] as string, bytes),
    )
    this.frontier = coldFrontier(this.#records)
    const newest =
      boundary === undefined ? NEVER : decodeRegister<BoundaryRecord>(REGISTERS.boundary, boundary).boundary
    this.#askedAt = at
    if (newest < this.#newest) return
    this.#newest = newest
    this.#adopt(at)
  }

  #adopt(at: number): void {
    const { covered } = this.frontier
    const pending = this.#pending
    if (pending !== undefined && covers(covered, this.#unsafe)) {
      this.#boundary = pending.boundary
      this.#learnedAt = pending.at
      this.#pending = undefined
    }
    if (this.#newest === this.#boundary) {
      this.#learnedAt = at
      return
    }
    if (this.#pending !== undefined) return
    if (!this.#options.rules.sessionToken || covers(covered, this.#seen)) {
      this.#boundary = this.#newest
      this.#learnedAt = at
    } else {
      this.#pending = { boundary: this.#newest, at }
      this.#unsafe = new Map(this.#seen)
    }
  }
}

function raise(map: Map<string, bigint>, key: string, to: bigint): void {
  if (to > (map.get(key) ?? -1n)) map.set(key, to)
}

function covers(covered: ReadonlyMap<string, bigint>, seen: ReadonlyMap<string, bigint>): boolean {
  for (const [partition, offset] of seen) if ((covered.get(partition) ?? -1n) < offset) return false
  return true
}
