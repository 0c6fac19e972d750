/**
 * Owns the transactions of one process of a job: results, states and offsets of all its tasks in one after the other.
 * The state of a task is in the changelog, and the offsets say how far that went.
 */
import { StreamError, type Pause, type SharedPositions, type TaskSplit, type TransactionSession } from '@tidemark/core'
import type { Cluster, GroupMember } from '../client/cluster.ts'
import type { Outlet } from '../sink/producer.ts'
import { placesOf } from '../source/start-positions.ts'
import type { Changelog } from './changelog.ts'
import { decodeNote, encodeNote } from './commit-note.ts'
import { TaskState, stateOf } from './task-state.ts'
import type { Offsets, TransactionalProducer } from './transactional-producer.ts'

interface Task {
  readonly partition: number
  readonly state: TaskState
  /** Behind its last record in the changelog. */
  end: bigint
  /** The open transaction has changed it. */
  changed: boolean
}

export interface SessionParts {
  /** For what is asked beside the producer; closed with the session. */
  readonly cluster: Cluster
  readonly producer: TransactionalProducer
  readonly changelog: Changelog
  readonly now: () => number
}

export class KafkaSession implements TransactionSession {
  readonly #parts: SessionParts
  readonly #states: Outlet
  /** Tasks whose state was loaded. */
  readonly #tasks: Map<string, Task> = new Map()

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#states = parts.producer.outlet(parts.changelog.topic)
  }

  outlet(topic: string): Outlet {
    return this.#parts.producer.outlet(topic)
  }

  /** Sends what waits; a promise only where too much does. */
  send(): Promise<void> | undefined {
    return this.#parts.producer.send()
  }

  async load(task: string, splits: readonly TaskSplit[]): Promise<unknown> {
    const partition = Number(task)
    const ends = splits.map(({ metadata }) => decodeNote(metadata)?.changelogEnd).filter((end) => end !== undefined)
    const newest = ends.length === 0 ? undefined : ends.reduce((a, b) => (a > b ? a : b))
    const { changelog } = this.#parts
    // It was made for the tasks that there were when the job started.
    if (partition >= this.#states.partitions) throw changelog.misfit(this.#states.partitions, partition + 1)
    const [records, end] = await changelog.read(partition, newest)
    // State and offsets are committed together: one without the other was taken away, or is another group's.
    if (splits.length > 0 && newest === undefined && records.size > 0) throw changelog.orphaned(partition)
    this.#tasks.set(task, { partition, state: new TaskState(records), end, changed: false })
    return stateOf(records)
  }

  async save(task: string, state: unknown, pause: Pause): Promise<void> {
    const known = this.#tasks.get(task)
    if (known === undefined) throw new TypeError(`the state of task ${task} was not loaded`)
    const now = this.#parts.now()
    for (const { key, value } of known.state.changes(state)) {
      known.changed = true
      this.#states.append(known.partition, now, Buffer.from(key), value)
      await pause()
      await this.send()
    }
  }

  async commit(shared?: SharedPositions): Promise<StreamError | undefined> {
    try {
      await this.#parts.producer.commit(shared === undefined ? undefined : () => this.#offsets(shared))
    } catch (error) {
      if (!(error instanceof StreamError) || !ABORTED.has(error.code)) throw error
      this.#tasks.clear()
      return error
    }
    for (const task of this.#tasks.values()) {
      if (!task.changed) continue
      task.changed = false
      task.state.committed()
    }
    return undefined
  }

  async abort(): Promise<void> {
    // What is loaded anew is what was committed.
    this.#tasks.clear()
    await this.#parts.producer.abort()
  }

  async close(): Promise<void> {
    await this.#parts.producer.close()
    await this.#parts.cluster.close()
  }

  /** Everything written is acknowledged now, so it is known how far the changelog goes. */
  #offsets({ positions, owner }: SharedPositions): Offsets {
    for (const task of this.#tasks.values()) {
      if (!task.changed) continue
      task.end = this.#states.end(task.partition)
      if (task.end < 0n) throw new Error(`nobody says where the state of task ${task.partition} was written`)
    }
    const ends = new Map([...this.#tasks.values()].map(({ partition, end }) => [partition, end]))
    const places = placesOf(positions).map((place, i) => {
      const watermark = positions[i]?.watermark ?? Number.NEGATIVE_INFINITY
      return { ...place, metadata: encodeNote({ watermark, changelogEnd: ends.get(place.partition) ?? 0n }) }
    })
    return { member: owner as GroupMember, places }
  }
}

/** What may be done again, from what was committed. */
const ABORTED: ReadonlySet<string> = new Set(['KAFKA_ABORTED', 'KAFKA_NOT_OWNER'])
