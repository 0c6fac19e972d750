/**
 * Owns `kafkaResults`: a results topic as the log that serving tiers are filled from. Only what was committed is read.
 * Each partition is read by itself, from wherever it is asked.
 */
import {
  type Clock,
  type Duration,
  type LogBatch,
  type LogEntry,
  type LogSession,
  type ResultsLog,
  StreamError,
  durationMs,
  systemClock,
} from '@tidemark/core'
import { type Cluster, EARLIEST, type Kafka, LATEST } from '../client/cluster.ts'
import { CODE, refused } from '../client/error-codes.ts'
import { type Patience, Trouble, pause } from '../client/retry.ts'
import { Partition, splitOf } from '../fetch/partition.ts'
import { keyText } from '../serde/serde.ts'
import { noKafka } from '../source/options.ts'
import { offsetsAt, topicsOf } from '../source/start-positions.ts'
import { loggedEntry } from './logged-entry.ts'

export interface KafkaResultsOptions {
  readonly kafka: Kafka
  /** What kafkaSink({ accumulators: true }) wrote. */
  readonly topic: string
  /** How long to wait for a cluster or a partition that is away, default 1 m. */
  readonly patience?: Duration
  /** For tests: what pauses between attempts go by. */
  readonly clock?: Clock
}

const MAX_PARTITION_BYTES = 1 << 20
const WALK = { checksums: true, maxDecompressedBytes: 64 << 20 }

/** @example servingTiers({ results: pageStats, log: kafkaResults({ kafka, topic: 'page-stats' }), hot, cold }) */
export function kafkaResults(options: KafkaResultsOptions): ResultsLog {
  const { kafka, topic, clock = systemClock } = options
  if (typeof kafka?.connect !== 'function') throw noKafka('kafkaResults')
  const patience: Patience = { clock, patienceMs: durationMs(options.patience ?? '1m', "'patience' of kafkaResults") }
  return Object.freeze({
    kind: `kafkaResults(${topic})`,
    open: async (): Promise<LogSession> => {
      const cluster = await kafka.connect()
      try {
        const session = new TopicLog(cluster, topic, patience)
        await session.learn()
        return session
      } catch (error) {
        await cluster.close()
        throw error
      }
    },
  } satisfies ResultsLog)
}

class TopicLog implements LogSession {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #patience: Patience
  readonly #partitions: Map<string, Partition<LogEntry>> = new Map()

  constructor(cluster: Cluster, topic: string, patience: Patience) {
    this.#cluster = cluster
    this.#topic = topic
    this.#patience = patience
  }

  get partitions(): readonly string[] {
    return [...this.#partitions.keys()]
  }

  /** The topic's partitions and their leaders, as they are now. */
  async learn(): Promise<void> {
    const [found] = await topicsOf(this.#cluster, [this.#topic], this.#patience)
    for (const place of found?.partitions ?? []) {
      const split = splitOf(place)
      let partition = this.#partitions.get(split)
      if (partition === undefined) {
        const decoding = { value: loggedEntry, key: keyText(), onBadRecord: undefined }
        partition = new Partition<LogEntry>(place, 0n, undefined, { ...decoding, committed: true, walk: WALK })
        this.#partitions.set(split, partition)
      }
      partition.leader = place.leader
    }
  }

  async bounds(name: string): Promise<{ readonly first: bigint; readonly end: bigint }> {
    const partition = this.#partition(name)
    return this.#trying(async () => {
      const at = async (time: bigint): Promise<bigint> =>
        (await offsetsAt(this.#cluster, [partition], time, true, this.#patience)).get(name) as bigint
      return { first: await at(EARLIEST), end: await at(LATEST) }
    })
  }

  async read(name: string, from: bigint, limit: number, waitMs: number): Promise<LogBatch> {
    const partition = this.#partition(name)
    if (partition.position !== from) partition.seek(from)
    if (!partition.hasNews || !partition.isKnown) await this.#trying(() => this.#fetch(partition, waitMs))
    const { records, next } = partition.take(limit)
    return { entries: records, next, caughtUp: partition.isCaughtUp }
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }

  #partition(name: string): Partition<LogEntry> {
    const found = this.#partitions.get(name)
    if (found !== undefined) return found
    throw new RangeError(`The topic ${this.#topic} has no partition '${name}', only ${this.partitions.join(', ')}.`)
  }

  async #fetch(partition: Partition<LogEntry>, waitMs: number): Promise<void> {
    const { topic, partition: number, fetchAt: offset } = partition
    const [answer] = await this.#cluster.fetch(partition.leader, {
      committed: true,
      maxWaitMs: partition.isKnown ? waitMs : 0,
      maxBytes: 2 * MAX_PARTITION_BYTES,
      maxPartitionBytes: MAX_PARTITION_BYTES,
      places: [{ topic, partition: number, offset }],
    })
    if (answer === undefined) return
    if (answer.error === CODE.offsetOutOfRange) throw await this.#lost(partition)
    if (answer.error !== CODE.none) throw refused(`Reading ${partition.split}`, answer.error)
    partition.receive(answer)
  }

  async #lost({ split, fetchAt }: Partition<LogEntry>): Promise<StreamError> {
    const { first, end } = await this.bounds(split)
    return new StreamError(
      'OFFSET_LOST',
      `Reading the results log ${split}: found offset ${fetchAt} outside of it, expected one from ${first} to ${end}. Retention has deleted results that the tiers have not taken: make retention of the topic longer, and fill the tiers anew from a replay.`,
      { at: { split, offset: fetchAt } },
    )
  }

  /** Tries again while brokers are away, with the leaders as they are then. */
  async #trying<T>(attempt: () => Promise<T>): Promise<T> {
    const trouble = new Trouble(this.#patience)
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        await pause(this.#patience.clock, trouble.next(error)).over
        await this.learn()
      }
    }
  }
}
