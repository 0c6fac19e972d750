/**
 * Owns the fetch loops of a source: one for each node that leads any of its partitions, each with one request under way.
 * They run ahead of the job by at most two responses for each partition. A partition that is paused, full or fetched up
 * to its end is left out of requests. Failures that may pass are tried again until patience is over.
 */
import type { Cluster, FetchedPartition, TopicMetadata } from '../client/cluster.ts'
import { CODE, mayRetry, refused, wantsMetadata } from '../client/error-codes.ts'
import { type Patience, Trouble, pause } from '../client/retry.ts'
import type { Partition } from './partition.ts'

/** How long a broker waits for the first record: also how long a resumed partition may wait for its first request. */
const MAX_WAIT_MS = 500
/** The same while a partition is held back, which may come back at any time. */
const MAX_WAIT_WHILE_PAUSED_MS = 50
const MAX_RESPONSE_BYTES = 16 << 20

export interface FetcherOptions extends Patience {
  readonly committed: boolean
  readonly maxPartitionBytes: number
  /** How often to look for new partitions. */
  readonly metadataEveryMs: number
}

/** What a fetcher tells whoever owns it. */
export interface FetcherEvents {
  /** Something was received. */
  readonly news: () => void
  readonly failed: (error: unknown) => void
  /** The log no longer holds what was asked for. */
  readonly lost: (partition: Partition<unknown>) => Promise<void>
  /** What the cluster says about the topics now. */
  readonly metadata: (topics: readonly TopicMetadata[]) => Promise<void>
}

export class Fetcher {
  readonly #cluster: Cluster
  readonly #topics: readonly string[]
  readonly #partitions: ReadonlyMap<string, Partition<unknown>>
  readonly #options: FetcherOptions
  readonly #events: FetcherEvents
  readonly #loops: Map<number, Promise<void>> = new Map()
  /** Pauses and waits that `wake` or `close` ends. */
  readonly #waits: Set<() => void> = new Set()
  readonly #naps: Set<() => void> = new Set()
  /** Counts requests, so that each begins with another partition. */
  #turn = 0
  #refreshing: Promise<void> | undefined
  /** Ends the pause between two looks at the topics. */
  #lookNow: () => void = () => {}
  #closed = false

  constructor(
    cluster: Cluster,
    topics: readonly string[],
    partitions: ReadonlyMap<string, Partition<unknown>>,
    options: FetcherOptions,
    events: FetcherEvents,
  ) {
    this.#cluster = cluster
    this.#topics = topics
    this.#partitions = partitions
    this.#options = options
    this.#events = events
  }

  /** Looks at the topics from now on, and fetches what there is. */
  start(): void {
    this.#startLoops()
    void this.#keepMetadata()
  }

  /** Partitions were added, whose leaders are known. */
  added(): void {
    this.#startLoops()
    this.wake()
  }

  /** A partition has room, or was resumed. */
  wake(): void {
    const waits = [...this.#waits]
    this.#waits.clear()
    for (const go of waits) go()
  }

  close(): void {
    this.#closed = true
    this.wake()
    for (const go of this.#naps) go()
  }

  #startLoops(): void {
    for (const { leader } of this.#partitions.values()) {
      if (leader < 0 || this.#loops.has(leader) || this.#closed) continue
      const loop = this.#serve(leader).catch((error: unknown) => {
        if (!this.#closed) this.#events.failed(error)
      })
      this.#loops.set(leader, loop)
    }
  }

  async #serve(node: number): Promise<void> {
    const trouble = new Trouble(this.#options)
    while (!this.#closed) {
      const { wanted, held } = this.#wanted(node)
      if (wanted.length === 0) {
        await new Promise<void>((resolve) => this.#waits.add(resolve))
        continue
      }
      let failure: unknown
      try {
        const answers = await this.#cluster.fetch(node, {
          committed: this.#options.committed,
          maxWaitMs: this.#patienceFor(wanted, held),
          maxBytes: MAX_RESPONSE_BYTES,
          maxPartitionBytes: this.#options.maxPartitionBytes,
          places: wanted.map(({ topic, partition, fetchAt: offset }) => ({ topic, partition, offset })),
        })
        if (this.#closed) return
        failure = await this.#receive(wanted, answers)
        this.#events.news()
      } catch (error) {
        failure = error
      }
      if (this.#closed) return
      if (failure === undefined) trouble.clear()
      else {
        await this.#nap(trouble.next(failure))
        await this.#refresh()
      }
    }
  }

  /** The partitions to ask a node for, each time in another order: the first may bring a batch of any size. */
  #wanted(node: number): { readonly wanted: readonly Partition<unknown>[]; readonly held: boolean } {
    const wanted: Partition<unknown>[] = []
    let held = false
    for (const partition of this.#partitions.values()) {
      if (partition.leader !== node || partition.finished || partition.isFetched) continue
      if (partition.paused) held = true
      // A request that waits for news of others would keep a partition with a backlog from its next one.
      else if (partition.isFull) return { wanted: [], held }
      else wanted.push(partition)
    }
    const by = wanted.length === 0 ? 0 : this.#turn++ % wanted.length
    return { wanted: [...wanted.slice(by), ...wanted.slice(0, by)], held }
  }

  /** How long a broker may wait for records; the first time it is asked where the log ends, whatever is there. */
  #patienceFor(wanted: readonly Partition<unknown>[], held: boolean): number {
    if (wanted.some(({ isKnown }) => !isKnown)) return 0
    return held ? MAX_WAIT_WHILE_PAUSED_MS : MAX_WAIT_MS
  }

  /** Hands the answers on; gives back an error after which to try again. */
  async #receive(wanted: readonly Partition<unknown>[], answers: readonly FetchedPartition[]): Promise<unknown> {
    let again: unknown
    for (const answer of answers) {
      const partition = wanted.find(
        ({ topic, partition: number }) => topic === answer.topic && number === answer.partition,
      )
      if (partition === undefined || partition.finished) continue
      if (answer.error === CODE.none) partition.receive(answer)
      else if (answer.error === CODE.offsetOutOfRange) await this.#events.lost(partition)
      else {
        const error = refused(`Reading ${partition.split}`, answer.error)
        if (!mayRetry(answer.error)) throw error
        if (wantsMetadata(answer.error)) partition.leader = -1
        again ??= error
      }
    }
    return again
  }

  /** Learns the leaders anew; one request at a time, whoever asks. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#learn().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #learn(): Promise<void> {
    let topics: readonly TopicMetadata[]
    try {
      topics = await this.#cluster.metadata(this.#topics)
    } catch {
      // The loop that asked finds its own failure again, and patience is its matter.
      return
    }
    if (this.#closed) return
    await this.#events.metadata(topics)
    this.added()
    if (this.#orphan() !== undefined) this.#lookNow()
  }

  #orphan(): Partition<unknown> | undefined {
    return [...this.#partitions.values()].find(({ leader, finished }) => leader < 0 && !finished)
  }

  /** Looks at the topics from time to time, and soon while a partition has no leader. */
  async #keepMetadata(): Promise<void> {
    const trouble = new Trouble(this.#options)
    try {
      while (!this.#closed) {
        const orphan = this.#orphan()
        if (orphan === undefined) trouble.clear()
        const ms =
          orphan === undefined
            ? this.#options.metadataEveryMs
            : trouble.next(refused(`Finding the leader of ${orphan.split}`, CODE.leaderNotAvailable))
        await this.#nap(ms, (wake) => {
          this.#lookNow = wake
        })
        if (!this.#closed) await this.#refresh()
      }
    } catch (error) {
      if (!this.#closed) this.#events.failed(error)
    }
  }

  async #nap(ms: number, given: (wake: () => void) => void = () => {}): Promise<void> {
    const { over, wake } = pause(this.#options.clock, ms)
    given(wake)
    this.#naps.add(wake)
    await over
    this.#naps.delete(wake)
  }
}
