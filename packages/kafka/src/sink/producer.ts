/**
 * Owns writing to topics so that every record arrives, in order within its partition and, as long as brokers remember
 * the producer, once: batches with sequence numbers, acknowledged by all in-sync replicas, one request at a time to each
 * node. What is appended while a request is under way goes into the next one, so a fast pipeline makes large batches and
 * a slow one does not wait.
 */
import { type Clock, StreamError } from '@tidemark/core'
import type { Cluster, Place, ProduceAnswer, ProduceBatch, ProducerId } from '../client/cluster.ts'
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

/** Whose records they are. */
export interface Identity {
  readonly producer: ProducerId
  readonly transactionalId: string | undefined
  /** Asked before each request: tells the coordinator of partitions that the transaction has not written to yet. */
  readonly register: (places: readonly Place[]) => Promise<void>
}

/** A topic as a place to write to. */
export interface Outlet {
  readonly partitions: number
  /** Adds a record; it goes with the next request. @throws what an earlier one failed with */
  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: Uint8Array,
  ): void
  /** Behind the record of a partition that was acknowledged last; −1: none was. */
  end(partition: number): bigint
}

export interface ProducerSettings {
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
  readonly #identity: Identity | undefined
  readonly #queues: readonly PartitionQueue[]
  readonly #topics: readonly string[]
  /** Nodes with a request under way. */
  readonly #busy: Set<number> = new Set()
  /** Who waits for room, and who for everything to be written. */
  #roomWaits: (() => void)[] = []
  #quietWaits: (() => void)[] = []
  #flushWaits: { resolve(): void; reject(error: unknown): void }[] = []
  #failure: { readonly error: unknown } | undefined
  #closed = false
  #wakeNap: (() => void) | undefined

  private constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    identity: Identity | undefined,
    queues: readonly PartitionQueue[],
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#identity = identity
    this.#queues = queues
    this.#topics = [...new Set(queues.map(({ topic }) => topic))]
  }

  /** Without an identity it gets a producer id of its own. */
  static async open(
    cluster: Cluster,
    topics: readonly string[],
    settings: ProducerSettings,
    identity?: Identity,
  ): Promise<Producer> {
    const found = await topicsOf(cluster, topics, settings)
    const producer = identity?.producer ?? (await persist(openPatience(settings), () => cluster.producerId()))
    const { maxBatchBytes, compression } = settings
    const options = { maxBatchBytes, compression, transactional: identity?.transactionalId !== undefined }
    const places = found.flatMap(({ partitions }) => partitions)
    const queues = places.map((place) => new PartitionQueue(place, producer, options))
    return new Producer(cluster, settings, identity, queues)
  }

  outlet(topic: string): Outlet {
    const queues = this.#queues.filter((queue) => queue.topic === topic)
    return {
      partitions: queues.length,
      end: (partition) => (queues[partition] as PartitionQueue).end,
      append: (partition, timestamp, key, value, headers) => {
        if (this.#failure !== undefined) {
          // What would be part of a failed transaction is dropped with it: its end says why.
          if (this.#identity !== undefined) return
          throw this.#failure.error
        }
        ;(queues[partition] as PartitionQueue).append(timestamp, key, value, headers)
      },
    }
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

  /** Sends nothing more until `reset`; resolves when no request is under way. */
  halt(): Promise<void> {
    this.#failure ??= { error: new StreamError('KAFKA_CLOSED', 'The producer was halted.') }
    this.#wakeNap?.()
    this.#settle()
    if (this.#busy.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#quietWaits.push(resolve))
  }

  /** Drops everything that waits, and goes on as another producer; no request may be under way. */
  reset(producer: ProducerId): void {
    this.#failure = undefined
    for (const queue of this.#queues) queue.reset(producer)
    this.#settle()
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
          failure = node < 0 ? this.#leaderless(batches) : await this.#request(node, batches)
        } catch (error) {
          failure = error
        } finally {
          for (const batch of batches) this.#queue(batch).isUnderWay = false
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
    if (this.#busy.size === 0) {
      const waits = this.#quietWaits
      this.#quietWaits = []
      for (const go of waits) go()
    }
    this.#settle()
    // Partitions may have moved here, or away, in the meantime.
    this.#kick()
  }

  async #request(node: number, batches: readonly ProduceBatch[]): Promise<unknown> {
    await this.#identity?.register(batches)
    return this.#take(await this.#cluster.produce(node, batches, this.#identity?.transactionalId))
  }

  #batchesFor(node: number): readonly ProduceBatch[] {
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
      batches.push({ topic: queue.topic, partition: queue.partition, records })
    }
    return batches
  }

  #queue({ topic, partition }: Place): PartitionQueue {
    return this.#queues.find((queue) => queue.partition === partition && queue.topic === topic) as PartitionQueue
  }

  #leaderless(batches: readonly ProduceBatch[]): unknown {
    return refused(`Finding the leader of ${splitOf(batches[0] as ProduceBatch)}`, CODE.leaderNotAvailable)
  }

  /** Takes answers in; gives back an error after which to try again. */
  async #take(answers: readonly ProduceAnswer[]): Promise<unknown> {
    let again: unknown
    for (const answer of answers) {
      const queue = this.#queue(answer)
      if (answer.error === CODE.none || answer.error === CODE.duplicateSequence) {
        queue.written(answer.error === CODE.none ? answer.baseOffset : -1n)
        continue
      }
      const error = refused(`Writing to ${splitOf(answer)}`, answer.error)
      if (FORGOTTEN.includes(answer.error) && this.#identity === undefined) {
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
      const found = await this.#cluster.metadata(this.#topics)
      const leaders = new Map(found.flatMap(({ partitions }) => partitions.map((at) => [splitOf(at), at.leader])))
      for (const queue of this.#queues) queue.leader = leaders.get(splitOf(queue)) ?? -1
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
