/**
 * Owns writing to one topic so that every record arrives, in order within its partition and, as long as brokers remember
 * the producer, once: batches with sequence numbers, acknowledged by all in-sync replicas, one request at a time to each
 * node. What is appended while a request is under way goes into the next one, so a fast pipeline makes large batches and
 * a slow one does not wait.
 */
import { type Clock, StreamError } from '@tidemark/core'
import type { Cluster, ProduceAnswer, ProduceBatch } from '../client/cluster.ts'
import { CODE, mayRetry, refused, wantsMetadata } from '../client/error-codes.ts'
import { Trouble, pause, persist } from '../client/retry.ts'
import { splitOf } from '../fetch/partition.ts'
import { openPatience, topicsOf } from '../source/start-positions.ts'
import type { Compression } from '../wire/compression.ts'
import { PartitionQueue } from './partition-queue.ts'

/** A request holds one batch of each partition, up to about this much. */
const MOST_REQUEST_BYTES = 16 << 20
/** Answers after which the producer starts anew under another id. */
const FORGOTTEN: readonly number[] = [45, 47, 59]

export interface ProducerSettings {
  readonly topic: string
  readonly clock: Clock
  readonly patienceMs: number
  readonly compression: Compression
  readonly maxBatchBytes: number
  /** More than this waiting: `room` is a promise. */
  readonly maxPendingBytes: number
}

export class Producer {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #queues: readonly PartitionQueue[]
  /** Nodes with a request under way. */
  readonly #busy: Set<number> = new Set()
  /** Who waits for room, and who for everything to be written. */
  #roomWaits: (() => void)[] = []
  #flushWaits: { resolve(): void; reject(error: unknown): void }[] = []
  #failure: { readonly error: unknown } | undefined
  #closed = false
  #wakeNap: (() => void) | undefined

  private constructor(cluster: Cluster, settings: ProducerSettings, queues: readonly PartitionQueue[]) {
    this.#cluster = cluster
    this.#settings = settings
    this.#queues = queues
  }

  static async open(cluster: Cluster, settings: ProducerSettings): Promise<Producer> {
    const [found] = await topicsOf(cluster, [settings.topic], settings)
    const producer = await persist(openPatience(settings), () => cluster.producerId())
    const queues = (found?.partitions ?? []).map(
      ({ partition, leader }) =>
        new PartitionQueue(partition, leader, producer, settings.maxBatchBytes, settings.compression),
    )
    return new Producer(cluster, settings, queues)
  }

  get partitions(): number {
    return this.#queues.length
  }

  /** Adds a record; it is sent with the next request. @throws what an earlier one failed with */
  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: Uint8Array,
  ): void {
    if (this.#failure !== undefined) throw this.#failure.error
    ;(this.#queues[partition] as PartitionQueue).append(timestamp, key, value, headers)
  }

  /** Sends what waits; a promise only where too much does. */
  send(): Promise<void> | undefined {
    this.#kick()
    if (this.#pending < this.#settings.maxPendingBytes || this.#failure !== undefined) return undefined
    return new Promise((resolve) => this.#roomWaits.push(resolve))
  }

  /** Resolves when everything appended is safe. */
  flush(): Promise<void> {
    this.#kick()
    return new Promise((resolve, reject) => {
      this.#flushWaits.push({ resolve, reject })
      this.#settle()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wakeNap?.()
    await this.#cluster.close()
  }

  get #pending(): number {
    let sum = 0
    for (const { bytes } of this.#queues) sum += bytes
    return sum
  }

  /** Starts a request to each node that has something to get and none under way. */
  #kick(): void {
    for (const { leader, isEmpty, isUnderWay } of this.#queues) {
      if (isEmpty || isUnderWay || this.#busy.has(leader) || this.#closed || this.#failure !== undefined) continue
      this.#busy.add(leader)
      void this.#serve(leader)
    }
  }

  async #serve(node: number): Promise<void> {
    const trouble = new Trouble(this.#settings)
    try {
      // What this turn of the event loop still appends goes along.
      await Promise.resolve()
      while (!this.#closed && this.#failure === undefined) {
        const batches = this.#batchesFor(node)
        if (batches.length === 0) break
        let failure: unknown
        try {
          failure = node < 0 ? this.#leaderless(batches) : await this.#take(await this.#cluster.produce(node, batches))
        } catch (error) {
          failure = error
        } finally {
          for (const { partition } of batches) (this.#queues[partition] as PartitionQueue).isUnderWay = false
        }
        if (failure === undefined) trouble.clear()
        else {
          await this.#nap(trouble.next(failure))
          await this.#learn()
        }
        this.#settle()
      }
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#busy.delete(node)
    }
    this.#settle()
    // Partitions may have moved here, or away, in the meantime.
    this.#kick()
  }

  #batchesFor(node: number): readonly ProduceBatch[] {
    const { topic } = this.#settings
    const batches: ProduceBatch[] = []
    let size = 0
    for (const queue of this.#queues) {
      // One that has moved may still be under way to where it was.
      if (queue.leader !== node || queue.isUnderWay) continue
      const records = queue.first()
      if (records === undefined) continue
      if (size > 0 && size + records.length > MOST_REQUEST_BYTES) break
      size += records.length
      queue.isUnderWay = true
      batches.push({ topic, partition: queue.partition, records })
    }
    return batches
  }

  #leaderless(batches: readonly ProduceBatch[]): unknown {
    return refused(`Finding the leader of ${splitOf(batches[0] as ProduceBatch)}`, CODE.leaderNotAvailable)
  }

  /** Takes answers in; gives back an error after which to try again. */
  async #take(answers: readonly ProduceAnswer[]): Promise<unknown> {
    let again: unknown
    for (const answer of answers) {
      const queue = this.#queues[answer.partition] as PartitionQueue
      if (answer.error === CODE.none || answer.error === CODE.duplicateSequence) {
        queue.written()
        continue
      }
      const error = refused(`Writing to ${splitOf(answer)}`, answer.error)
      if (FORGOTTEN.includes(answer.error)) {
        // At least once: what was written under the old id without our knowing is written again.
        const producer = await this.#cluster.producerId()
        queue.renew(producer)
        again ??= forgotten(answer)
      } else if (!mayRetry(answer.error)) throw error
      else {
        if (wantsMetadata(answer.error)) queue.leader = -1
        again ??= error
      }
    }
    return again
  }

  async #learn(): Promise<void> {
    try {
      const [found] = await this.#cluster.metadata([this.#settings.topic])
      for (const queue of this.#queues) {
        const place = found?.partitions.find(({ partition }) => partition === queue.partition)
        queue.leader = place?.leader ?? -1
      }
    } catch {
      // The request that failed will fail again, and patience is its matter.
    }
  }

  async #nap(ms: number): Promise<void> {
    const { over, wake } = pause(this.#settings.clock, ms)
    this.#wakeNap = wake
    await over
  }

  /** Tells those who wait what they wait for. */
  #settle(): void {
    const failed = this.#failure
    if (failed !== undefined || this.#pending < this.#settings.maxPendingBytes) {
      const waits = this.#roomWaits
      this.#roomWaits = []
      for (const go of waits) go()
    }
    if (failed === undefined && !this.#queues.every(({ isEmpty }) => isEmpty)) return
    const waits = this.#flushWaits
    this.#flushWaits = []
    for (const wait of waits) {
      if (failed === undefined) wait.resolve()
      else wait.reject(failed.error)
    }
  }
}

/** The answer as an error that may pass, which it does under a new producer id. */
function forgotten(answer: ProduceAnswer): StreamError {
  return new StreamError('KAFKA_REFUSED', refused(`Writing to ${splitOf(answer)}`, answer.error).message, {
    retryable: true,
  })
}
