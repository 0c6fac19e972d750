/** Owns first and last: the value of the earliest and of the latest record by event time. */
import type { TimedMeta } from '../io/meta.ts'
import type { Aggregator, Column } from './aggregator.ts'
import { decodeValue, encodeValue } from './bytes.ts'
import { checkOf, extracted, grown } from './extract.ts'
import { dividable } from '../io/pieces.ts'

/** The accumulator of first and last: a value and its event time. Never changed, only replaced. */
export interface DatedAcc<U> {
  readonly at: number
  readonly value: U
}

/**
 * What `of` returns for the earliest record by event time, whenever it arrived; of records with the same time, for the
 * one that arrived first. In a merge the records of the first part count as arrived before those of the second.
 * Undefined for no records, as in the empty pane of a discarding window.
 * @example a.first((view) => view.page)
 */
export function first<T, U>(of: (value: T) => U): Aggregator<T, DatedAcc<U> | undefined, U> {
  const make = (capacity: number): Column => new DatedColumn(capacity, isEarlier, Number.POSITIVE_INFINITY)
  return extracted(checkOf(of, 'first'), byTime<U>(isEarlier), { layout: 'first', make })
}

/**
 * What `of` returns for the latest record by event time, whenever it arrived; of records with the same time, for the
 * one that arrived last. In a merge the records of the first part count as arrived before those of the second.
 * Undefined for no records, as in the empty pane of a discarding window.
 * @example a.last((view) => view.page)
 */
export function last<T, U>(of: (value: T) => U): Aggregator<T, DatedAcc<U> | undefined, U> {
  const make = (capacity: number): Column => new DatedColumn(capacity, isNotEarlier, Number.NEGATIVE_INFINITY)
  return extracted(checkOf(of, 'last'), byTime<U>(isNotEarlier), { layout: 'last', make })
}

/** Whether a record at `later`, arrived after one at `kept`, takes its place. */
type Replaces = (later: number, kept: number) => boolean

function isEarlier(later: number, kept: number): boolean {
  return later < kept
}

function isNotEarlier(later: number, kept: number): boolean {
  return later >= kept
}

function byTime<U>(replaces: Replaces): Aggregator<U, DatedAcc<U> | undefined, U> {
  return {
    create: () => undefined,
    add: (acc, value, { eventTime }) =>
      acc === undefined || replaces(eventTime, acc.at) ? { at: eventTime, value } : acc,
    merge: (a, b) => (b === undefined || (a !== undefined && !replaces(b.at, a.at)) ? a : b),
    result: (acc) => acc?.value as U,
    encode: (acc) => encodeValue(acc === undefined ? undefined : [acc.at, acc.value]),
    decode: (bytes) => {
      const acc = decodeValue(bytes) as readonly [number, U] | undefined
      return acc === undefined ? undefined : { at: acc[0], value: acc[1] }
    },
  }
}

/** An infinite time stands for none: any record replaces it. */
class DatedColumn implements Column {
  readonly addMayThrow: boolean = false
  readonly #replaces: Replaces
  readonly #none: number
  #times: Float64Array
  #values: unknown[] = []

  constructor(capacity: number, replaces: Replaces, none: number) {
    this.#replaces = replaces
    this.#none = none
    this.#times = new Float64Array(capacity)
  }

  grow(capacity: number): void {
    this.#times = grown(this.#times, capacity)
  }

  open(slot: number): void {
    this.#times[slot] = this.#none
    this.#values[slot] = undefined
  }

  add(slot: number, input: unknown, meta: TimedMeta): void {
    this.#offer(slot, meta.eventTime, input)
  }

  merge(slot: number, from: DatedColumn, fromSlot: number): void {
    const time = from.#times[fromSlot] as number
    if (time !== this.#none) this.#offer(slot, time, from.#values[fromSlot])
  }

  result(slot: number): unknown {
    return this.#values[slot]
  }

  clear(slot: number): void {
    this.open(slot)
  }

  save(count: number): { readonly times: Float64Array; readonly values: Uint8Array } {
    return dividable({ times: this.#times.slice(0, count), values: encodeValue(this.#values.slice(0, count)) })
  }

  load(saved: { readonly times: Float64Array; readonly values: Uint8Array }): void {
    this.#times.set(saved.times)
    this.#values = decodeValue(saved.values) as unknown[]
  }

  #offer(slot: number, time: number, value: unknown): void {
    if (!this.#replaces(time, this.#times[slot] as number)) return
    this.#times[slot] = time
    this.#values[slot] = value
  }
}
