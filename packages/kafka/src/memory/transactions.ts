/** Owns the transaction coordinator of the twin: who has a transactional id, what is open, and how it ends. */
import type { CommittedPlace, Place, ProducerId } from '../client/cluster.ts'
import { CODE, refused } from '../client/error-codes.ts'
import type { PartitionLog } from './partition-log.ts'

export interface KeptOffset {
  readonly offset: bigint
  readonly metadata: string
}

/** Offsets of groups, by `topic/partition`. */
export type Groups = Map<string, Map<string, KeptOffset>>

interface Transaction {
  readonly producerId: bigint
  producerEpoch: number
  /** The epoch that its owner gave up for this one; −1: it was taken from somebody. */
  lastEpoch: number
  /** The partitions and groups of the open transaction. Cleared when it ends. */
  readonly places: Map<string, Place>
  readonly groups: Map<string, Map<string, KeptOffset>>
  timeoutMs: number
  /** When the open one began; undefined: none is open. */
  begunAt: number | undefined
  /** How the last one ended, so that the same decision may come again. */
  ended: boolean | undefined
}

export class Transactions {
  readonly #byId: Map<string, Transaction> = new Map()
  readonly #byProducer: Map<bigint, Transaction> = new Map()
  readonly #log: (place: Place) => PartitionLog | undefined
  readonly #groups: Groups
  readonly #now: () => number

  constructor(log: (place: Place) => PartitionLog | undefined, groups: Groups, now: () => number) {
    this.#log = log
    this.#groups = groups
    this.#now = now
  }

  /** Aborts what has been open for too long, and fences its owner; true: there was such a one. */
  expire(): boolean {
    const now = this.#now()
    let any = false
    for (const transaction of this.#byId.values()) {
      if (transaction.begunAt === undefined || now - transaction.begunAt < transaction.timeoutMs) continue
      transaction.lastEpoch = -1
      transaction.producerEpoch++
      this.#decide(transaction, false)
      any = true
    }
    return any
  }

  /** With `current`: a new epoch for that producer only; the same request may come again. */
  init(id: string, timeoutMs: number, current: ProducerId | undefined, newId: () => bigint): ProducerId {
    let transaction = this.#byId.get(id)
    if (transaction === undefined) {
      transaction = {
        producerId: newId(),
        producerEpoch: -1,
        lastEpoch: -1,
        places: new Map(),
        groups: new Map(),
        timeoutMs,
        begunAt: undefined,
        ended: undefined,
      }
      this.#byId.set(id, transaction)
      this.#byProducer.set(transaction.producerId, transaction)
    }
    const { producerId } = transaction
    if (current !== undefined) {
      const again = current.producerId === producerId && current.producerEpoch === transaction.lastEpoch
      if (again) return { producerId, producerEpoch: transaction.producerEpoch }
      if (this.#of(id, current) === undefined) throw refused(`Beginning transactions as '${id}'`, CODE.producerFenced)
    }
    this.#decide(transaction, false)
    transaction.timeoutMs = timeoutMs
    transaction.lastEpoch = current?.producerEpoch ?? -1
    transaction.producerEpoch++
    transaction.ended = undefined
    return { producerId, producerEpoch: transaction.producerEpoch }
  }

  /** The error that a batch of this producer gets; a producer without transactions is none of our business. */
  check(place: Place, producerId: bigint, producerEpoch: number, transactional: boolean): number {
    const transaction = this.#byProducer.get(producerId)
    if (transaction === undefined) return CODE.none
    if (transaction.producerEpoch !== producerEpoch) return CODE.invalidProducerEpoch
    return transactional && transaction.places.has(nameOf(place)) ? CODE.none : CODE.invalidTransactionState
  }

  add(id: string, producer: ProducerId, places: readonly Place[], group?: string): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return CODE.invalidProducerEpoch
    transaction.ended = undefined
    transaction.begunAt ??= this.#now()
    for (const place of places) transaction.places.set(nameOf(place), place)
    if (group !== undefined && !transaction.groups.has(group)) transaction.groups.set(group, new Map())
    return CODE.none
  }

  commitOffsets(id: string, producer: ProducerId, group: string, offsets: readonly CommittedPlace[]): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return CODE.invalidProducerEpoch
    const pending = transaction.groups.get(group)
    if (pending === undefined) return CODE.invalidTransactionState
    for (const place of offsets) pending.set(nameOf(place), { offset: place.offset, metadata: place.metadata })
    return CODE.none
  }

  /** Whether an open transaction is about to move an offset. */
  isUnstable(group: string, place: Place): boolean {
    return [...this.#byId.values()].some(({ groups }) => groups.get(group)?.has(nameOf(place)) === true)
  }

  end(id: string, producer: ProducerId, commit: boolean): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return CODE.invalidProducerEpoch
    if (transaction.ended !== undefined) return transaction.ended === commit ? CODE.none : CODE.invalidTransactionState
    if (transaction.places.size === 0 && transaction.groups.size === 0) return CODE.invalidTransactionState
    this.#decide(transaction, commit)
    return CODE.none
  }

  #of(id: string, { producerId, producerEpoch }: ProducerId): Transaction | undefined {
    const found = this.#byId.get(id)
    return found?.producerId === producerId && found.producerEpoch === producerEpoch ? found : undefined
  }

  #decide(transaction: Transaction, commit: boolean): void {
    const { producerId, producerEpoch, places, groups } = transaction
    for (const place of places.values()) this.#log(place)?.decide(producerId, producerEpoch, commit)
    for (const [group, offsets] of commit ? groups : []) {
      const kept = this.#groups.get(group) ?? new Map<string, KeptOffset>()
      this.#groups.set(group, kept)
      for (const [split, offset] of offsets) kept.set(split, offset)
    }
    places.clear()
    groups.clear()
    transaction.begunAt = undefined
    transaction.ended = commit
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}
