/**
 * Owns the arithmetic of slices: the stretches of time between the points where a hopping window starts or ends. A
 * record belongs to one slice; a window is a run of slices. ("Pairs": Krishnamurthy, Wu, Franklin, SIGMOD 2006.)
 * Hops and slices are numbered from the offset on; numbers may be negative.
 */
export class Slices {
  readonly #size: number
  readonly #every: number
  readonly #offset: number
  /** What is left of a hop when the size is no multiple of it: the hop is then cut in two. */
  readonly #rest: number
  readonly #hops: number
  readonly #perHop: 1 | 2

  constructor(sizeMs: number, everyMs: number, offsetMs: number) {
    this.#size = sizeMs
    this.#every = everyMs
    this.#offset = offsetMs
    this.#rest = sizeMs % everyMs
    this.#hops = Math.floor(sizeMs / everyMs)
    this.#perHop = this.#rest === 0 ? 1 : 2
  }

  /** The slice that holds a timestamp. */
  sliceOf(timestamp: number): number {
    const hop = Math.floor((timestamp - this.#offset) / this.#every)
    if (this.#perHop === 1) return hop
    return timestamp - this.#offset - hop * this.#every < this.#rest ? 2 * hop : 2 * hop + 1
  }

  /** Where a slice starts and ends. */
  boundsOf(slice: number): { readonly start: number; readonly end: number } {
    if (this.#perHop === 1) return { start: this.startOf(slice), end: this.startOf(slice + 1) }
    const hop = Math.floor(slice / 2)
    const cut = this.startOf(hop) + this.#rest
    return slice === 2 * hop ? { start: this.startOf(hop), end: cut } : { start: cut, end: this.startOf(hop + 1) }
  }

  /** The first and the last window (by hop) that contain a slice; first > last: it lies in a gap. */
  firstHop(slice: number): number {
    if (this.#perHop === 1) return slice - this.#hops + 1
    const hop = Math.floor(slice / 2)
    return slice === 2 * hop ? hop - this.#hops : hop - this.#hops + 1
  }

  lastHop(slice: number): number {
    return this.#perHop === 1 ? slice : Math.floor(slice / 2)
  }

  firstSlice(hop: number): number {
    return hop * this.#perHop
  }

  lastSlice(hop: number): number {
    return this.#perHop === 1 ? hop + this.#hops - 1 : 2 * (hop + this.#hops)
  }

  /** The last hop that a watermark completes. */
  lastComplete(watermark: number): number {
    return Math.floor((watermark - this.#offset - this.#size) / this.#every)
  }

  startOf(hop: number): number {
    return hop * this.#every + this.#offset
  }

  endOf(hop: number): number {
    return hop * this.#every + this.#offset + this.#size
  }
}
