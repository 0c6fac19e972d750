/**
 * Owns the reader of a Kafka source: partitions as splits, fetched ahead and delivered in turn. What it delivers is in
 * order within a partition; between partitions there is no order.
 */
import { type Batch, type Position, type SourceReader, StreamError } from '@tidemark/core'
import { type Cluster, EARLIEST, LATEST, type PartitionLeader, type TopicMetadata } from '../client/cluster.ts'
import { Fetcher } from '../fetch/fetcher.ts'
import { Partition, splitOf } from '../fetch/partition.ts'
import type { SourceSettings } from './options.ts'
import { commit, gone, offsetsAt, startOffsets, topicsOf, usable } from './start-positions.ts'

/** Commits for a group that has no members. */
const nobody = { generation: -1, member: '', instance: null }

export class KafkaReader<out T> implements SourceReader<T> {
  readonly #cluster: Cluster
  readonly #settings: SourceSettings<T>
  readonly #partitions: Map<string, Partition<T>> = new Map()
  readonly #fetcher: Fetcher
  readonly #committed: Map<string, bigint> = new Map()
  /** The order in which partitions are asked: the one that delivered last comes last. */
  #order: Partition<T>[] = []
  #waiting: { readonly limit: number; resolve(batch: Batch<T>): void; reject(error: unknown): void } | undefined
  #failure: unknown

  private constructor(cluster: Cluster, settings: SourceSettings<T>) {
    this.#cluster = cluster
    this.#settings = settings
    this.#fetcher = new Fetcher(cluster, settings.topics, this.#partitions, settings, {
      news: () => this.#serve(),
      failed: (error) => this.#fail(error),
      lost: (partition) => this.#lost(partition),
      metadata: (topics) => this.#learn(topics),
    })
  }

  static async open<T>(
    cluster: Cluster,
    positions: readonly Position[] | undefined,
    settings: SourceSettings<T>,
  ): Promise<KafkaReader<T>> {
    const reader = new KafkaReader(cluster, settings)
    const topics = await topicsOf(cluster, settings.topics, settings)
    const places = topics.flatMap(({ partitions }) => partitions)
    const starts = await startOffsets(cluster, places, positions, settings)
    const ends = settings.bounded ? await offsetsAt(cluster, places, LATEST, settings.committed, settings) : undefined
    for (const place of places) reader.#add(place, starts.get(splitOf(place)) as bigint, ends?.get(splitOf(place)))
    reader.#fetcher.start()
    return reader
  }

  get splits(): readonly string[] {
    return [...this.#partitions.keys()]
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

  async committed(positions: readonly Position[]): Promise<void> {
    const { group } = this.#settings
    if (group === undefined) return
    const news = positions.filter(({ split, offset }) => this.#committed.get(split) !== offset)
    const places = news.flatMap(({ split, offset }) => {
      const partition = this.#partitions.get(split)
      return partition === undefined
        ? []
        : [{ topic: partition.topic, partition: partition.partition, offset, metadata: '' }]
    })
    if (places.length === 0) return
    await commit(this.#cluster, { group, ...nobody }, places, this.#settings)
    for (const { split, offset } of news) this.#committed.set(split, offset)
  }

  async close(): Promise<void> {
    this.#fetcher.close()
    this.#waiting = undefined
    await this.#cluster.close()
  }

  #add(place: PartitionLeader, start: bigint, end: bigint | undefined): Partition<T> {
    const { value, key, onBadRecord, committed, checksums, maxDecompressedBytes } = this.#settings
    const walk = { checksums, maxDecompressedBytes }
    const partition = new Partition<T>(place, start, end, { value, key, onBadRecord, committed, walk })
    partition.leader = place.leader
    this.#partitions.set(partition.split, partition)
    this.#order.push(partition)
    return partition
  }

  /** A batch of the first partition in turn that has something to say. */
  #next(limit: number): Batch<T> | undefined {
    const order = this.#order
    for (let i = 0; i < order.length; i++) {
      const partition = order[i] as Partition<T>
      if (partition.paused || !partition.hasNews) continue
      const wasFull = partition.isFull
      const batch = partition.take(limit)
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
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#fetcher.close()
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(this.#failure)
  }

  /** The cluster may have more partitions than before, or other leaders. */
  async #learn(topics: readonly TopicMetadata[]): Promise<void> {
    const places = topics.flatMap(({ partitions }) => partitions)
    const now = new Map(places.map((place) => [splitOf(place), place]))
    for (const [split, partition] of this.#partitions) {
      const found = topics.find(({ topic }) => topic === partition.topic)
      if (found !== undefined && found.partitions.length > 0 && !now.has(split)) throw gone(split)
      partition.leader = now.get(split)?.leader ?? -1
    }
    const added = places.filter((place) => place.leader >= 0 && !this.#partitions.has(splitOf(place)))
    if (this.#settings.bounded || added.length === 0) return
    for (const { topic } of added)
      usable(
        topics.find((other) => other.topic === topic),
        topic,
      )
    // Everything in it is new, whatever `from` says.
    const starts = await offsetsAt(this.#cluster, added, EARLIEST, this.#settings.committed, this.#settings)
    for (const place of added) this.#add(place, starts.get(splitOf(place)) as bigint, undefined)
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
