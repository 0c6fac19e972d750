/**
 * Owns which fetched batches count for a reader of committed transactions. A broker gives such a reader only what is
 * decided, and with each response the list of transactions in its range that were aborted: complete for that range, those
 * that began before it or end behind it included. So each response is judged by its own list, and nothing is carried
 * from one to the next that a seek could make untrue.
 */
import type { Marker } from '../wire/batch-walk.ts'

export interface AbortedTransaction {
  readonly producerId: bigint
  /** Offset of its first record. */
  readonly firstOffset: bigint
}

/** What the filter looks at; a `BatchWalk` is one. */
export interface FetchedBatch {
  readonly producerId: bigint
  readonly nextOffset: bigint
  readonly isTransactional: boolean
  readonly isControl: boolean
  marker(): Marker
}

export class CommittedFilter {
  /** Aborted transactions that have not begun yet, the earliest last. Cleared by `begin`. */
  #ahead: AbortedTransaction[] = []
  /** Producers that are inside one. Cleared by `begin`, and each by its abort marker. */
  readonly #inside: Set<bigint> = new Set()

  /** A new response, with its list of aborted transactions in any order. */
  begin(aborted: readonly AbortedTransaction[]): void {
    this.#ahead = aborted.toSorted((a, b) =>
      a.firstOffset < b.firstOffset ? 1 : a.firstOffset > b.firstOffset ? -1 : 0,
    )
    this.#inside.clear()
  }

  /** Whether the records of the next batch count. Call it for each batch of the response, in order. */
  admits(batch: FetchedBatch): boolean {
    const ahead = this.#ahead
    while (ahead.length > 0 && (ahead.at(-1) as AbortedTransaction).firstOffset < batch.nextOffset) {
      this.#inside.add((ahead.pop() as AbortedTransaction).producerId)
    }
    if (batch.isControl) {
      if (batch.marker() === 'abort') this.#inside.delete(batch.producerId)
      return false
    }
    return !batch.isTransactional || !this.#inside.has(batch.producerId)
  }
}
