/**
 * Owns the partitions that a source reads at the moment: fetched ahead and delivered in turn. What it delivers is in
 * order within a partition; between partitions there is no order. Of a partition that was taken out nothing comes any
 * more, whatever has been fetched of it.
 */
import { type Batch, StreamError } from '@tidemark/core'
import { type Cluster, EARLIEST, LATEST, type PartitionLeader, type TopicMetadata } from '../client/cluster.ts'
import { Fetcher } from '../fetch/fetcher.ts'
import { Partition, splitOf } from '../fetch/partition.ts'
import type { SourceSettings } from './options.ts'
import { gone, offsetsAt } from './start-positions.ts'

export interface PartitionStart {
  readonly place: PartitionLeader
  readonly offset: bigint
  /** Where a bounded run ends. */
  readonly end?: bigint | undefined
}

export class PartitionReader<out T> {
  readonly #cluster: Cluster
  readonly #settings: SourceSettings<T>
  readonly #partitions: Map<string, Partition<T>> = new Map()
  readonly #fetcher: Fetcher
  /** Whose batches they are. */
  readonly #sources: WeakMap<Batch<unknown>, Partition<T>> = new WeakMap()
  /** The order in which partitions are asked: the one that delivered last comes last. */
  #order: Partition<T>[] = []
  #waiting: { readonly limit: number; resolve(batch: Batch<T>): void; reject(error: unknown): void } | undefined
  #failure: unknown

  /** `looked` is told what the cluster says about the topics, from time to time; what it throws fails the reader. */
  constructor(
    cluster: Cluster,
    settings: SourceSettings<T>,
    looked: (topics: readonly TopicMetadata[]) => Promise<void>,
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#fetcher = new Fetcher(cluster, settings.topics, this.#partitions, settings, {
      news: () => this.#serve(),
      failed: (error) => this.fail(error),
      lost: (partition) => this.#lost(partition),
      metadata: async (topics) => {
        this.#learn(topics)
        await looked(topics)
      },
    })
    this.#fetcher.start()
  }

  get splits(): readonly string[] {
    return [...this.#partitions.keys()]
  }

  has(split: string): boolean {
    return this.#partitions.has(split)
  }

  /** Whether a batch that was delivered is of a partition that has not been taken out since. */
  holds(batch: Batch<unknown>): boolean {
    const source = this.#sources.get(batch)
    return source !== undefined && this.#partitions.get(batch.split) === source
  }

  /** Reads these from now on. */
  add(starts: readonly PartitionStart[]): void {
    const { value, key, onBadRecord, committed, checksums, maxDecompressedBytes } = this.#settings
    const walk = { checksums, maxDecompressedBytes }
    for (const { place, offset, end } of starts) {
      const partition = new Partition<T>(place, offset, end, { value, key, onBadRecord, committed, walk })
      partition.leader = place.leader
      this.#partitions.set(partition.split, partition)
      this.#order.push(partition)
    }
    this.#fetcher.added()
  }

  remove(splits: Iterable<string>): void {
    for (const split of splits) {
      const partition = this.#partitions.get(split)
      if (partition === undefined) continue
      // An answer that is under way finds it finished.
      partition.finished = true
      this.#partitions.delete(split)
      this.#order = this.#order.filter((other) => other !== partition)
    }
  }

  poll(limit: number): Batch<T> | Promise<Batch<T>> {
    if (this.#failure !== undefined) throw this.#failure
    return (
      this.#next(limit) ??
      new Promise<Batch<T>>((resolve, reject) => {
        this.#waiting = { limit, resolve, reject }
      })
    )
  }

  pause(splits: readonly string[]): void {
    for (const split of splits) {
      const partition = this.#partitions.get(split)
      if (partition !== undefined) partition.paused = true
    }
  }

  resume(splits: readonly string[]): void {
    for (const split of splits) {
      const partition = this.#partitions.get(split)
      if (partition !== undefined) partition.paused = false
    }
    this.#fetcher.wake()
    this.#serve()
  }

  caughtUp(split: string): boolean {
    return this.#partitions.get(split)?.isCaughtUp ?? false
  }

  /** Whoever polls gets the error, from now on. */
  fail(error: unknown): void {
    this.#failure ??= error
    this.#fetcher.close()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(this.#failure)
  }

  close(): void {
    this.#fetcher.close()
    this.#waiting = undefined
  }

  /** A batch of the first partition in turn that has something to say. */
  #next(limit: number): Batch<T> | undefined {
    const order = this.#order
    for (let i = 0; i < order.length; i++) {
      const partition = order[i] as Partition<T>
      if (partition.paused || !partition.hasNews) continue
      const wasFull = partition.isFull
      const batch = partition.take(limit)
      this.#sources.set(batch, partition)
      order.splice(i, 1)
      order.push(partition)
      if (wasFull && !partition.isFull) this.#fetcher.wake()
      return batch
    }
    return undefined
  }

  #serve(): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    try {
      const batch = this.#next(waiting.limit)
      if (batch === undefined) return
      this.#waiting = undefined
      waiting.resolve(batch)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Partitions may have other leaders, but must be there. */
  #learn(topics: readonly TopicMetadata[]): void {
    const now = new Map(topics.flatMap(({ partitions }) => partitions.map((place) => [splitOf(place), place])))
    for (const [split, partition] of this.#partitions) {
      const found = topics.find(({ topic }) => topic === partition.topic)
      if (found !== undefined && found.partitions.length > 0 && !now.has(split)) throw gone(split)
      partition.leader = now.get(split)?.leader ?? -1
    }
  }

  async #lost(partition: Partition<unknown>): Promise<void> {
    const { whenLost, committed } = this.#settings
    const place = { topic: partition.topic, partition: partition.partition, leader: partition.leader }
    const first = (await offsetsAt(this.#cluster, [place], EARLIEST, committed, this.#settings)).get(partition.split)
    const end = (await offsetsAt(this.#cluster, [place], LATEST, committed, this.#settings)).get(partition.split)
    if (whenLost === 'fail') {
      throw new StreamError(
        'KAFKA_OFFSET_LOST',
        `Reading ${partition.split}: found offset ${partition.fetchAt} outside of the log, expected one from ${first} to ${end}. Retention has deleted what was not read yet, or the topic was made anew: set whenLost to 'earliest' or 'latest' to go on without it.`,
        { at: { split: partition.split, offset: partition.fetchAt } },
      )
    }
    partition.seek((whenLost === 'earliest' ? first : end) as bigint)
  }
}
