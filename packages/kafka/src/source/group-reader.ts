/**
 * Owns the reader of a source in a group: the partitions of the tasks that this member has at the moment. A task begins
 * where the group has committed; one that goes is told of while it can still be committed, and nothing of it is
 * delivered from then on.
 */
import { type Batch, type Key, type SharedReader, StreamError, type TaskEvents, type TaskSplit } from '@tidemark/core'
import type { Cluster, GroupMember as Identity, TopicMetadata } from '../client/cluster.ts'
import { splitOf } from '../fetch/partition.ts'
import { GroupMember, type GroupSettings } from '../group/group-member.ts'
import { partitionOf } from '../records/murmur2.ts'
import { keyBytes } from '../records/result-key.ts'
import type { SourceSettings } from './options.ts'
import { PartitionReader } from './partition-reader.ts'
import { committedOffsets, offsetsFrom, topicsOf } from './start-positions.ts'

export class GroupReader<out T> implements SharedReader<T> {
  readonly #cluster: Cluster
  readonly #settings: SourceSettings<T>
  readonly #group: GroupSettings
  readonly #events: TaskEvents
  readonly #reader: PartitionReader<T>
  /** Splits of the tasks that this member has; none before a task has begun. */
  readonly #tasks: Map<number, { splits: readonly string[] }> = new Map()
  /** Tasks that are to be committed before they go. */
  readonly #leaving: Set<number> = new Set()
  #member: GroupMember | undefined
  #of = 0

  private constructor(cluster: Cluster, settings: SourceSettings<T>, group: GroupSettings, events: TaskEvents) {
    this.#cluster = cluster
    this.#settings = settings
    this.#group = group
    this.#events = events
    this.#reader = new PartitionReader(cluster, settings, async (topics) => this.#seen(topics))
  }

  /** Resolves when the member is in the group; its tasks begin by and by. */
  static async open<T>(
    cluster: Cluster,
    settings: SourceSettings<T>,
    group: GroupSettings,
    events: TaskEvents,
  ): Promise<GroupReader<T>> {
    const made = new GroupReader(cluster, settings, group, events)
    try {
      made.#member = await GroupMember.join(cluster, group, {
        assigned: (tasks) => made.#assigned(tasks),
        revoking: (tasks) => made.#revoke(made.#end(tasks)),
        lost: (tasks) => {
          // Those that are still being finished are lost as well.
          const lost = [...made.#end(tasks), ...tasks.filter((task) => made.#leaving.has(task))]
          if (lost.length > 0) events.lost(lost.map(String))
        },
        failed: (error) => made.#reader.fail(error),
      })
    } catch (error) {
      made.#reader.close()
      throw error
    }
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

  /** Whether a batch is of a task that this member has had ever since. */
  current(batch: Batch<unknown>): boolean {
    return this.#reader.holds(batch)
  }

  /** How many tasks there are; 0 before any is known. */
  get tasks(): number {
    return this.#of
  }

  /** Begins all tasks anew, from what was committed. The member may have been put out: that is asked at once. */
  rewind(): void {
    this.#member?.askNow()
    const tasks = [...this.#tasks.keys()]
    this.#end(tasks)
    this.#assigned(tasks)
  }

  /** See `GroupMember.commit`. */
  commit<R>(work: (who: Identity) => Promise<R>): Promise<R> {
    return (this.#member as GroupMember).commit(work)
  }

  async asOwner<R>(work: (owner: unknown) => Promise<R>): Promise<R | undefined> {
    let called = false
    try {
      return await this.commit((who) => {
        called = true
        return work(who)
      })
    } catch (error) {
      if (!called && error instanceof StreamError && error.code === 'KAFKA_NOT_OWNER') return undefined
      throw error
    }
  }

  /** As producers share records out: by the key's bytes. */
  owns(task: string, key: Key): boolean {
    return partitionOf(keyBytes(key), this.#of) === Number(task)
  }

  /** Offsets are committed by who is the member then. */
  committed(): Promise<void> {
    return Promise.resolve()
  }

  async close(): Promise<void> {
    this.#reader.close()
    await this.#member?.close()
    await this.#cluster.close()
  }

  #assigned(tasks: readonly number[]): void {
    for (const task of tasks) this.#tasks.set(task, { splits: [] })
    this.#begin(tasks).catch((error: unknown) => this.#reader.fail(error))
  }

  async #begin(tasks: readonly number[]): Promise<void> {
    const held = tasks.map((task) => [task, this.#tasks.get(task)] as const)
    const topics = await topicsOf(this.#cluster, this.#settings.topics, this.#settings)
    this.#seen(topics)
    const places = topics.flatMap(({ partitions }) => partitions).filter(({ partition }) => tasks.includes(partition))
    // What the last owner has left open may take as long as its transactions may.
    const kept = await committedOffsets(this.#cluster, this.#group.group, places, this.#group)
    const fresh = places.filter((place) => !kept.has(splitOf(place)))
    const starts = await offsetsFrom(this.#cluster, fresh, this.#settings.from, this.#settings)
    for (const [task, place] of held) {
      // It may have gone meanwhile, and even have come back.
      if (place === undefined || this.#tasks.get(task) !== place) continue
      const own = places.filter(({ partition }) => partition === task)
      const splits = own.map((at): TaskSplit => {
        const split = splitOf(at)
        const { offset, metadata } = kept.get(split) ?? { offset: starts.get(split) as bigint, metadata: '' }
        return { split, offset, metadata }
      })
      place.splits = splits.map(({ split }) => split)
      this.#events.began(String(task), splits)
      this.#reader.add(own.map((at, i) => ({ place: at, offset: (splits[i] as TaskSplit).offset })))
    }
  }

  async #revoke(tasks: readonly number[]): Promise<void> {
    if (tasks.length === 0) return
    for (const task of tasks) this.#leaving.add(task)
    try {
      await this.#events.revoking(tasks.map(String))
    } finally {
      for (const task of tasks) this.#leaving.delete(task)
    }
  }

  /** Delivers nothing more of the tasks; gives back those that had begun. */
  #end(tasks: readonly number[]): readonly number[] {
    const begun = tasks.filter((task) => (this.#tasks.get(task)?.splits.length ?? 0) > 0)
    for (const task of tasks) {
      this.#reader.remove(this.#tasks.get(task)?.splits ?? [])
      this.#tasks.delete(task)
    }
    return begun
  }

  #seen(topics: readonly TopicMetadata[]): void {
    this.#of = Math.max(...topics.map(({ partitions }) => partitions.length))
    this.#member?.tasksSeen(this.#of)
  }
}
