/** Owns the reader of a Kafka source that has all partitions of its topics, also those that are added later. */
import type { Batch, Position, SourceReader } from '@tidemark/core'
import { type Cluster, EARLIEST, type TopicMetadata } from '../client/cluster.ts'
import { splitOf } from '../fetch/partition.ts'
import type { SourceSettings } from './options.ts'
import { PartitionReader } from './partition-reader.ts'
import { commit, endOffsets, offsetsAt, placesOf, startOffsets, topicsOf, usable } from './start-positions.ts'

/** Commits for a group that has no members. */
const nobody = { generation: -1, member: '', instance: null }

export class KafkaReader<out T> implements SourceReader<T> {
  readonly #cluster: Cluster
  readonly #settings: SourceSettings<T>
  readonly #reader: PartitionReader<T>
  readonly #committed: Map<string, bigint> = new Map()

  private constructor(cluster: Cluster, settings: SourceSettings<T>) {
    this.#cluster = cluster
    this.#settings = settings
    this.#reader = new PartitionReader(cluster, settings, (topics) => this.#addNew(topics))
  }

  static async open<T>(
    cluster: Cluster,
    positions: readonly Position[] | undefined,
    settings: SourceSettings<T>,
  ): Promise<KafkaReader<T>> {
    const topics = await topicsOf(cluster, settings.topics, settings)
    const places = topics.flatMap(({ partitions }) => partitions)
    const starts = await startOffsets(cluster, places, positions, settings)
    const ends = settings.bounded ? await endOffsets(cluster, places, settings) : undefined
    const made = new KafkaReader(cluster, settings)
    made.#reader.add(
      places.map((place) => {
        const split = splitOf(place)
        return { place, offset: starts.get(split) as bigint, end: ends?.get(split) }
      }),
    )
    return made
  }

  get splits(): readonly string[] {
    return this.#reader.splits
  }

  poll(limit: number): Batch<T> | Promise<Batch<T>> {
    return this.#reader.poll(limit)
  }

  pause(splits: readonly string[]): void {
    this.#reader.pause(splits)
  }

  resume(splits: readonly string[]): void {
    this.#reader.resume(splits)
  }

  caughtUp(split: string): boolean {
    return this.#reader.caughtUp(split)
  }

  async committed(positions: readonly Position[]): Promise<void> {
    const { group } = this.#settings
    if (group === undefined) return
    const news = positions.filter(({ split, offset }) => this.#committed.get(split) !== offset)
    const places = placesOf(news.filter(({ split }) => this.#reader.has(split)))
    if (places.length === 0) return
    await commit(this.#cluster, { group, ...nobody }, places, this.#settings)
    for (const { split, offset } of news) this.#committed.set(split, offset)
  }

  async close(): Promise<void> {
    this.#reader.close()
    await this.#cluster.close()
  }

  async #addNew(topics: readonly TopicMetadata[]): Promise<void> {
    const places = topics.flatMap(({ partitions }) => partitions)
    const added = places.filter((place) => place.leader >= 0 && !this.#reader.has(splitOf(place)))
    if (this.#settings.bounded || added.length === 0) return
    for (const { topic } of added)
      usable(
        topics.find((other) => other.topic === topic),
        topic,
      )
    // Everything in it is new, whatever `from` says.
    const starts = await offsetsAt(this.#cluster, added, EARLIEST, this.#settings.committed, this.#settings)
    this.#reader.add(added.map((place) => ({ place, offset: starts.get(splitOf(place)) as bigint })))
  }
}
