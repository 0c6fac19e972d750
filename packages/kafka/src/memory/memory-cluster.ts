/** Owns one user's connection to the twin: the port of a cluster on the logs in memory. */
import { StreamError } from '@tidemark/core'
import type {
  Cluster,
  CommitAnswer,
  CommittedOffset,
  FetchPlace,
  FetchRequest,
  FetchedPartition,
  OffsetAnswer,
  Place,
  ProduceAnswer,
  ProduceBatch,
  ProducerId,
  TopicMetadata,
} from '../client/cluster.ts'
import { CODE, refused } from '../client/error-codes.ts'
import { pause } from '../client/retry.ts'
import type { MemoryBrokers } from './memory-brokers.ts'
import type { RequestKind } from './memory-kafka.ts'

export class MemoryCluster implements Cluster {
  readonly #brokers: MemoryBrokers
  readonly #waits: Set<() => void> = new Set()
  #closed = false

  constructor(brokers: MemoryBrokers) {
    this.#brokers = brokers
  }

  async metadata(topics: readonly string[]): Promise<readonly TopicMetadata[]> {
    await this.#turn('metadata', 0)
    return topics.map((topic) => {
      const partitions = this.#brokers.places(topic)
      return { topic, partitions, error: partitions.length === 0 ? CODE.unknownTopicOrPartition : CODE.none }
    })
  }

  async offsets(
    node: number,
    places: readonly Place[],
    time: bigint,
    committed: boolean,
  ): Promise<readonly OffsetAnswer[]> {
    const interrupted = await this.#turn('offsets', node)
    return places.map(({ topic, partition }) => {
      const log = this.#brokers.log({ topic, partition })
      const error = interrupted ?? this.#check(node, { topic, partition })
      const offset = error === CODE.none && log !== undefined ? this.#brokers.offsetAt(log, time, committed) : -1n
      return { topic, partition, error, offset }
    })
  }

  async fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    const interrupted = await this.#turn('fetch', node)
    const wait = pause(this.#brokers.clock, request.maxWaitMs)
    let over = false
    void wait.over.then(() => {
      over = true
      this.#brokers.changed()
    })
    this.#waits.add(wait.wake)
    try {
      for (;;) {
        const answers = this.#read(node, request, interrupted)
        const news = answers.some(({ error, records }) => error !== CODE.none || records.length > 0)
        if (news || over || this.#closed) return answers
        await new Promise<void>((resolve) => this.#brokers.waits.add(resolve))
      }
    } finally {
      this.#waits.delete(wait.wake)
      wait.wake()
    }
  }

  async produce(node: number, batches: readonly ProduceBatch[]): Promise<readonly ProduceAnswer[]> {
    // As a socket does: what the caller does with its buffer afterwards is not written.
    const sent = batches.map((batch) => ({ ...batch, records: new Uint8Array(batch.records) }))
    const interrupted = await this.#turn('produce', node)
    const answers = sent.map(({ topic, partition, records }): ProduceAnswer => {
      const log = this.#brokers.log({ topic, partition })
      const error =
        (typeof interrupted === 'number' ? interrupted : undefined) ?? this.#check(node, { topic, partition })
      if (error !== CODE.none || log === undefined) return { topic, partition, error, baseOffset: -1n }
      return { topic, partition, ...log.append(records) }
    })
    this.#brokers.changed()
    this.#answer()
    return answers
  }

  async producerId(): Promise<ProducerId> {
    const interrupted = await this.#turn('producerId', 0)
    if (interrupted !== undefined) throw refused('Getting a producer id', interrupted)
    return { producerId: this.#brokers.nextProducerId(), producerEpoch: 0 }
  }

  async committedOffsets(group: string, places: readonly Place[]): Promise<readonly CommittedOffset[]> {
    const error = (await this.#turn('committedOffsets', 0)) ?? CODE.none
    const known = this.#brokers.groups.get(group)
    return places.map(({ topic, partition }) => ({
      topic,
      partition,
      error,
      offset: known?.get(`${topic}/${partition}`) ?? -1n,
    }))
  }

  async commitOffsets(group: string, places: readonly FetchPlace[]): Promise<readonly CommitAnswer[]> {
    const error = (await this.#turn('commitOffsets', 0)) ?? CODE.none
    const known = this.#brokers.groups.get(group) ?? new Map<string, bigint>()
    if (error === CODE.none) {
      this.#brokers.groups.set(group, known)
      for (const { topic, partition, offset } of places) known.set(`${topic}/${partition}`, offset)
    }
    return places.map(({ topic, partition }) => ({ topic, partition, error }))
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const wake of this.#waits) wake()
    this.#brokers.changed()
  }

  #loseAnswer = false

  /** Requests are answered in a turn of their own, and may be interrupted. */
  async #turn(request: RequestKind, node: number): Promise<number | undefined> {
    await Promise.resolve()
    if (this.#closed) throw new StreamError('KAFKA_CLOSED', 'The connection to memoryKafka was closed.')
    const said = this.#brokers.interrupt?.(request, node)
    this.#loseAnswer = said === 'after'
    return typeof said === 'number' ? said : undefined
  }

  #answer(): void {
    if (!this.#loseAnswer) return
    this.#loseAnswer = false
    throw new StreamError('KAFKA_UNREACHABLE', 'memoryKafka did not answer.', { retryable: true })
  }

  #check(node: number, place: Place): number {
    if (this.#brokers.log(place) === undefined) return CODE.unknownTopicOrPartition
    return this.#brokers.leader(place) === node ? CODE.none : CODE.notLeader
  }

  #read(node: number, request: FetchRequest, interrupted: number | undefined): readonly FetchedPartition[] {
    let left = request.maxBytes
    let whole = true
    return request.places.map(({ topic, partition, offset }) => {
      const log = this.#brokers.log({ topic, partition })
      const error = interrupted ?? this.#check(node, { topic, partition })
      if (error !== CODE.none || log === undefined) {
        return { topic, partition, error, end: -1n, stableEnd: -1n, aborted: [], records: new Uint8Array(0) }
      }
      const read = log.read(offset, Math.min(left, request.maxPartitionBytes), request.committed, whole)
      if (read.records.length > 0) whole = false
      left = Math.max(0, left - read.records.length)
      return { topic, partition, end: log.end, stableEnd: log.stableEnd, ...read }
    })
  }
}
