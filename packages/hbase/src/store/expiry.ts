/**
 * Owns how long a cell is kept where not for ever: a time to live, which HBase counts from the cell's timestamp.
 * Age is event time, so what is left is measured from the watermark; the clock only says when that is over.
 */
import type { Cell } from '@tidemark/core'

export class Expiry {
  readonly #keepForMs: number
  readonly #windowMs: number
  readonly #now: () => number
  /** The newest watermark that was a time. The infinite one at the end of input says nothing of age. */
  #watermark: number | undefined

  constructor(keepForMs: number, windowMs: number, now: () => number) {
    this.#keepForMs = keepForMs
    this.#windowMs = windowMs
    this.#now = now
  }

  follow(watermark: number): void {
    if (Number.isFinite(watermark)) this.#watermark = Math.max(watermark, this.#watermark ?? watermark)
  }

  /** The time to live of a cell with this timestamp, ms. */
  ttlOf({ end, revision }: Cell, timestamp: number): number {
    // Before any watermark a window counts as not older than its size.
    const left = this.#watermark === undefined ? this.#windowMs : end - this.#watermark
    // What replaces a result must not go before it: then the older one would be seen again.
    const kept = this.#keepForMs + (revision === 0 ? left : Math.max(left, this.#windowMs))
    return Math.max(1, this.#now() + kept - timestamp)
  }

  /** The same for what is kept beside the cells of a row whose stretch is so long. */
  ttlOfKey(timestamp: number, stretchMs: number): number {
    return Math.max(1, this.#now() + this.#keepForMs + this.#windowMs + stretchMs - timestamp)
  }
}
