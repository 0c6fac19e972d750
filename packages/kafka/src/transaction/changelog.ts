/**
 * Owns the topic that the state of a job is kept in: a partition for each task, compacted, so that it holds little more
 * than the newest record of each part. It is made when there is none, checked when there is one, and read up to where a
 * task was committed.
 */
import { StreamError, problem } from '@tidemark/core'
import { type Cluster, EARLIEST, LATEST, type PartitionLeader } from '../client/cluster.ts'
import { CODE, mayRetry, refused } from '../client/error-codes.ts'
import { persist } from '../client/retry.ts'
import { splitOf } from '../fetch/partition.ts'
import { bytes, nullable } from '../serde/serde.ts'
import { sourceSettings } from '../source/options.ts'
import { PartitionReader } from '../source/partition-reader.ts'
import { type Opening, offsetsAt, openPatience, topicsOf } from '../source/start-positions.ts'

/**
 * Compacted without an end: a part that is gone leaves a tombstone. Segments are small, since only what lies in those
 * that are closed is compacted.
 */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'compact'],
  ['segment.bytes', String(50 << 20)],
])
const READ_AT_A_TIME = 1_000
/** How a job comes to be one that shares nothing. */
const ALONE = "without a group, or with until: 'end'"
const START_ANEW = 'To start anew, give the job another name, and read from the beginning'

export class Changelog {
  readonly topic: string
  readonly #cluster: Cluster
  readonly #opening: Opening

  constructor(cluster: Cluster, topic: string, opening: Opening) {
    this.topic = topic
    this.#cluster = cluster
    this.#opening = opening
  }

  /**
   * Sees to it that the topic is there, with a partition for each task and compacted. Without a number: one task, of a
   * process that reads everything.
   * @param replicas where it has to be made
   * @throws KAFKA_CHANGELOG for one that does not fit; KAFKA_REFUSED where it may not be made
   */
  async prepare(shared: number | undefined, replicas: number): Promise<void> {
    const { topic } = this
    const tasks = shared ?? 1
    await persist(openPatience(this.#opening), async () => {
      const [found] = await this.#cluster.metadata([topic])
      if (found?.error !== CODE.unknownTopicOrPartition) return
      const error = await this.#cluster.createTopic(topic, { partitions: tasks, replicas, settings: SETTINGS })
      if (error !== CODE.none && error !== CODE.topicExists) throw refused(`Making the changelog '${topic}'`, error)
    })
    const [found] = await topicsOf(this.#cluster, [topic], this.#opening)
    const partitions = found?.partitions.length ?? 0
    if (partitions !== tasks) throw shared === undefined ? this.#ofGroup(partitions) : this.misfit(partitions, tasks)
    await this.#checkPolicy()
  }

  /** The newest record of each key, by key, of what was committed before `end`; without one, of all that was. */
  async read(task: number, end: bigint | undefined): Promise<readonly [ReadonlyMap<string, Uint8Array>, bigint]> {
    const [found] = await topicsOf(this.#cluster, [this.topic], this.#opening)
    const place = found?.partitions.find(({ partition }) => partition === task)
    if (place === undefined) throw this.#lost(task, `no partition ${task}`)
    const stable = await this.#stableEnd(place, end ?? -1n)
    const to = end ?? stable
    const start = await this.#offset(place, EARLIEST)
    const records = new Map<string, Uint8Array>()
    if (start < to) await this.#readInto(records, place, start, to)
    if (end !== undefined && end > 0n && records.size === 0) throw this.#lost(task, `nothing before offset ${end}`)
    return [records, to]
  }

  async #readInto(records: Map<string, Uint8Array>, place: PartitionLeader, start: bigint, to: bigint): Promise<void> {
    const settings = sourceSettings({
      kafka: { kind: 'changelog', connect: () => Promise.resolve(this.#cluster) },
      topics: [this.topic],
      value: nullable(bytes()),
      clock: this.#opening.clock,
    })
    const reader = new PartitionReader<Uint8Array | null>(this.#cluster, settings, () => Promise.resolve())
    try {
      reader.add([{ place, offset: start, end: to }])
      for (let done = false; !done;) {
        const batch = await reader.poll(READ_AT_A_TIME)
        for (const [i, value] of batch.records.entries()) {
          const key = String(batch.info?.(i).key)
          if (value === null) records.delete(key)
          // Not the buffer of the whole answer.
          else records.set(key, new Uint8Array(value))
        }
        done = batch.finished === true
      }
    } finally {
      reader.close()
    }
  }

  /** What is decided; waits until that goes as far as what the task has committed. */
  async #stableEnd(place: PartitionLeader, atLeast: bigint): Promise<bigint> {
    return persist(this.#opening, async () => {
      const stable = await this.#offset(place, LATEST)
      if (stable < atLeast) throw this.#lost(place.partition, `it ends at ${stable}`, atLeast)
      return stable
    })
  }

  /** The input has other partitions than the changelog, or somebody else wrote that. */
  misfit(partitions: number, tasks: number): StreamError {
    return problem('KAFKA_CHANGELOG', `The changelog '${this.topic}'`, {
      found: partitions === 1 ? '1 partition' : `${partitions} partitions`,
      expected: `${tasks}, one for each task (the partitions of the input)`,
      remedy: `The input has been given other partitions, and with them other keys, so that its state does not fit any more${
        partitions === 1 ? `; or one process wrote the state without sharing the input (${ALONE})` : ''
      }. ${START_ANEW}, or copy the input into a new topic.`,
    })
  }

  #ofGroup(partitions: number): StreamError {
    return problem('KAFKA_CHANGELOG', `The changelog '${this.topic}'`, {
      found: `${partitions} partitions, as a job in a group has it`,
      expected: `1, since this process reads all of the input by itself (${ALONE})`,
      remedy: `State is not carried from one to the other: start the job as it was before. ${START_ANEW}.`,
    })
  }

  /** There is state of a task, and no offsets that it belongs to. */
  orphaned(task: number): StreamError {
    return problem('KAFKA_CHANGELOG', `The changelog '${this.topic}', task ${task}`, {
      found: 'state, but no offset that the group has committed with it',
      expected: 'both, as they were committed together',
      remedy: `One process wrote it without sharing the input (${ALONE}), the job has another group than before, or the group's offsets were set by a tool or have expired. Start the job as it was before, or anew: under another name, or with the changelog and the results deleted.`,
    })
  }

  async #offset(place: PartitionLeader, time: bigint): Promise<bigint> {
    return (await offsetsAt(this.#cluster, [place], time, true, this.#opening)).get(splitOf(place)) ?? 0n
  }

  async #checkPolicy(): Promise<void> {
    const { topic } = this
    const { error, settings } = await persist(openPatience(this.#opening), async () => {
      const answer = await this.#cluster.topicSettings(topic, ['cleanup.policy'])
      if (mayRetry(answer.error)) throw refused(`Asking for the settings of '${topic}'`, answer.error)
      return answer
    })
    // Whoever may not ask has been told by the one who made the topic.
    if (error !== CODE.none) return
    const policy = settings.get('cleanup.policy') ?? ''
    if (policy === 'compact') return
    throw problem('KAFKA_CHANGELOG', `The changelog '${topic}'`, {
      found: `cleanup.policy=${policy}`,
      expected: 'compact: with another one, state that is still needed is deleted, or nothing ever is',
      remedy: `Set it: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=compact.`,
    })
  }

  #lost(task: number, found: string, expected?: bigint): StreamError {
    return new StreamError(
      'KAFKA_CHANGELOG',
      `The changelog '${this.topic}', task ${task}: found ${found}, expected the state that was committed${expected === undefined ? '' : `, up to offset ${expected}`}. The topic was deleted or made anew: restore it, or start the job under another name, reading from the beginning.`,
      { retryable: true },
    )
  }
}
