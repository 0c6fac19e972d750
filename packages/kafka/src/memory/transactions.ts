/** Owns the transaction coordinator of the twin: who has a transactional id, what is open, and how it ends. */
import type { CommittedPlace, Place, ProducerId } from '../client/cluster.ts'
import { CODE } from '../client/error-codes.ts'
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
  /** The partitions and groups of the open transaction. Cleared when it ends. */
  readonly places: Map<string, Place>
  readonly groups: Map<string, Map<string, KeptOffset>>
  /** How the last one ended, so that the same decision may come again. */
  ended: boolean | undefined
}

const FENCED = 47
const INVALID_STATE = 48

export class Transactions {
  readonly #byId: Map<string, Transaction> = new Map()
  readonly #byProducer: Map<bigint, Transaction> = new Map()
  readonly #log: (place: Place) => PartitionLog | undefined
  readonly #groups: Groups

  constructor(log: (place: Place) => PartitionLog | undefined, groups: Groups) {
    this.#log = log
    this.#groups = groups
  }

  init(id: string, newId: () => bigint): ProducerId {
    let transaction = this.#byId.get(id)
    if (transaction === undefined) {
      transaction = { producerId: newId(), producerEpoch: -1, places: new Map(), groups: new Map(), ended: undefined }
      this.#byId.set(id, transaction)
      this.#byProducer.set(transaction.producerId, transaction)
    }
    this.#decide(transaction, false)
    transaction.producerEpoch++
    transaction.ended = undefined
    return { producerId: transaction.producerId, producerEpoch: transaction.producerEpoch }
  }

  /** The error that a batch of this producer gets; a producer without transactions is none of our business. */
  check(place: Place, producerId: bigint, producerEpoch: number, transactional: boolean): number {
    const transaction = this.#byProducer.get(producerId)
    if (transaction === undefined) return CODE.none
    if (transaction.producerEpoch !== producerEpoch) return FENCED
    return transactional && transaction.places.has(nameOf(place)) ? CODE.none : INVALID_STATE
  }

  add(id: string, producer: ProducerId, places: readonly Place[], group?: string): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return FENCED
    transaction.ended = undefined
    for (const place of places) transaction.places.set(nameOf(place), place)
    if (group !== undefined && !transaction.groups.has(group)) transaction.groups.set(group, new Map())
    return CODE.none
  }

  commitOffsets(id: string, producer: ProducerId, group: string, offsets: readonly CommittedPlace[]): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return FENCED
    const pending = transaction.groups.get(group)
    if (pending === undefined) return INVALID_STATE
    for (const place of offsets) pending.set(nameOf(place), { offset: place.offset, metadata: place.metadata })
    return CODE.none
  }

  end(id: string, producer: ProducerId, commit: boolean): number {
    const transaction = this.#of(id, producer)
    if (transaction === undefined) return FENCED
    if (transaction.ended !== undefined) return transaction.ended === commit ? CODE.none : INVALID_STATE
    if (transaction.places.size === 0 && transaction.groups.size === 0) return INVALID_STATE
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
    transaction.ended = commit
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`
}
