/**
 * Owns the unit of most benches: what somebody who needs only this one result would write by hand. Plain objects, a Map
 * per window, closed when the watermark passes; no lateness, no panes, no errors.
 */
import type { Event } from '../records.ts'
import type { HandResult, Totals } from './totals.ts'

export class HandTumbling {
  readonly #windows: Map<number, Map<string, Totals>> = new Map()
  readonly #sizeMs: number
  readonly #boundMs: number
  readonly #out: (result: HandResult) => void
  #watermark = Number.NEGATIVE_INFINITY
  #nextEnd = Number.POSITIVE_INFINITY
  #start = Number.NaN
  #end = Number.NaN
  #current: Map<string, Totals> = new Map()

  constructor(sizeMs: number, boundMs: number, out: (result: HandResult) => void) {
    this.#sizeMs = sizeMs
    this.#boundMs = boundMs
    this.#out = out
  }

  take(records: readonly Event[]): void {
    for (const { key, at, value } of records) this.add(key, at, value)
  }

  add(key: string, at: number, value: number): void {
    if (!(at >= this.#start && at < this.#end)) this.#enter(at)
    const totals = this.#current.get(key)
    if (totals === undefined) {
      this.#current.set(key, { count: 1, sum: value })
    } else {
      totals.count++
      totals.sum += value
    }
    const watermark = at - this.#boundMs
    if (watermark > this.#watermark) {
      this.#watermark = watermark
      if (watermark >= this.#nextEnd) this.#close()
    }
  }

  finish(): void {
    this.#watermark = Number.POSITIVE_INFINITY
    this.#close()
  }

  #enter(at: number): void {
    this.#start = Math.floor(at / this.#sizeMs) * this.#sizeMs
    this.#end = this.#start + this.#sizeMs
    const known = this.#windows.get(this.#start)
    if (known === undefined) {
      this.#windows.set(this.#start, (this.#current = new Map()))
      if (this.#end < this.#nextEnd) this.#nextEnd = this.#end
    } else {
      this.#current = known
    }
  }

  #close(): void {
    this.#nextEnd = Number.POSITIVE_INFINITY
    for (const [start, totals] of this.#windows) {
      const end = start + this.#sizeMs
      if (end > this.#watermark) {
        if (end < this.#nextEnd) this.#nextEnd = end
        continue
      }
      for (const [key, { count, sum }] of totals) this.#out({ key, start, end, count, sum })
      this.#windows.delete(start)
      if (start === this.#start) this.#start = this.#end = Number.NaN
    }
  }
}

export function tumblingByHand(records: readonly Event[], sizeMs: number, boundMs: number): HandResult[] {
  const out: HandResult[] = []
  const tumbling = new HandTumbling(sizeMs, boundMs, (result) => out.push(result))
  tumbling.take(records)
  tumbling.finish()
  return out
}
