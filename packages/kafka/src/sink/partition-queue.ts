/**
 * Owns what waits to be written to one partition: sealed batches in order, the first of which may be under way, and the
 * batch that records still go into. Sequence numbers are given when a batch is sealed, so a batch that is sent again is
 * known to the broker.
 */
import type { PartitionLeader, ProducerId } from '../client/cluster.ts'
import { BatchWriter, restamp } from '../wire/batch-writer.ts'
import type { Compression } from '../wire/compression.ts'

/** Sequence numbers go round behind the greatest 32-bit integer. */
const SEQUENCES = 2 ** 31

interface Sealed {
  readonly writer: BatchWriter
  readonly bytes: Uint8Array
  readonly count: number
  /** What it counted for in `bytes` of the queue. */
  readonly size: number
}

export interface QueueOptions {
  readonly maxBatchBytes: number
  readonly compression: Compression
  readonly transactional: boolean
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  leader: number
  /** The first batch is in a request that has not been answered. */
  isUnderWay = false
  /** Behind the record that was written last; −1: none was, or nobody knows where. */
  end = -1n
  #producer: ProducerId
  readonly #options: QueueOptions
  readonly #sealed: Sealed[] = []
  /** Writers whose batches are written: their buffers serve again. */
  readonly #spare: BatchWriter[] = []
  #open: BatchWriter = new BatchWriter()
  #sequence = 0
  #sealedBytes = 0

  constructor({ topic, partition, leader }: PartitionLeader, producer: ProducerId, options: QueueOptions) {
    this.topic = topic
    this.partition = partition
    this.leader = leader
    this.#producer = producer
    this.#options = options
  }

  /** Bytes that wait, before compression. */
  get bytes(): number {
    return this.#sealedBytes + (this.#open.count === 0 ? 0 : this.#open.size)
  }

  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#open.count === 0
  }

  append(timestamp: number, key: Uint8Array | null, value: Uint8Array | null, headers?: Uint8Array): void {
    const more = (key?.length ?? 0) + (value?.length ?? 0) + (headers?.length ?? 0)
    if (this.#open.count > 0 && this.#open.size + more > this.#options.maxBatchBytes) this.#seal()
    this.#open.append(timestamp, key, value, headers)
  }

  /** The batch to write next; it stays the first until `written`. */
  first(): Uint8Array | undefined {
    if (this.#sealed.length === 0 && this.#open.count > 0) this.#seal()
    return this.#sealed[0]?.bytes
  }

  /** The first batch is safe, and its first record there; −1: the broker has known it already and does not say where. */
  written(baseOffset = -1n): void {
    const done = this.#sealed.shift()
    if (done === undefined) return
    this.end = baseOffset < 0n ? -1n : baseOffset + BigInt(done.count)
    this.#sealedBytes -= done.size
    this.#spare.push(done.writer)
  }

  /** The broker does not know the producer any more: what waits becomes that of a new one. */
  renew(producer: ProducerId): void {
    this.#producer = producer
    this.#sequence = 0
    for (const { bytes, count } of this.#sealed) restamp(bytes, this.#origin(count))
  }

  /** Drops everything, and goes on as another producer. */
  reset(producer: ProducerId): void {
    this.#producer = producer
    this.#sequence = 0
    this.#sealed.length = 0
    this.#sealedBytes = 0
    this.#open = new BatchWriter()
  }

  #seal(): void {
    const writer = this.#open
    const { count, size } = writer
    const bytes = writer.finish({ compression: this.#options.compression, origin: this.#origin(count) })
    this.#sealed.push({ writer, bytes, count, size })
    this.#sealedBytes += size
    this.#open = this.#spare.pop() ?? new BatchWriter()
  }

  #origin(count: number): ProducerId & { readonly baseSequence: number; readonly transactional: boolean } {
    const baseSequence = this.#sequence
    this.#sequence = (this.#sequence + count) % SEQUENCES
    return { ...this.#producer, baseSequence, transactional: this.#options.transactional }
  }
}
