/** Owns min and max: the lowest and the highest of what has an order. */
import type { Aggregator, Column } from './aggregator.ts'
import { decodeValue, encodeValue } from './bytes.ts'
import { extracted, type Ordered, ordered } from './extract.ts'

/**
 * The lowest of the values that `of` returns; undefined for no records, as in the empty pane of a discarding window.
 * Numbers and bigints compare by size, strings by UTF-16 code units; numbers and bigints come before strings.
 * @throws StreamError BAD_VALUE (a record error) for NaN and for values that are no number, bigint or string
 * @example a.min((view) => view.dwellMs)
 */
export function min<T, U extends Ordered>(of: (value: T) => U): Aggregator<T, U | undefined, U> {
  return extracted(ordered(of, 'min'), extreme<U>(isLess), { layout: 'min', make: () => new ExtremeColumn(isLess) })
}

/**
 * The highest of the values that `of` returns; undefined for no records, as in the empty pane of a discarding window.
 * Numbers and bigints compare by size, strings by UTF-16 code units; strings come after numbers and bigints.
 * @throws StreamError BAD_VALUE (a record error) for NaN and for values that are no number, bigint or string
 * @example a.max((view) => view.dwellMs)
 */
export function max<T, U extends Ordered>(of: (value: T) => U): Aggregator<T, U | undefined, U> {
  return extracted(ordered(of, 'max'), extreme<U>(isMore), { layout: 'max', make: () => new ExtremeColumn(isMore) })
}

type Beats = (a: Ordered, b: Ordered) => boolean

/** One order for all types: < alone is none where '10' and 9 meet. */
function isLess(a: Ordered, b: Ordered): boolean {
  return typeof a === 'string' ? typeof b === 'string' && a < b : typeof b === 'string' || a < b
}

function isMore(a: Ordered, b: Ordered): boolean {
  return isLess(b, a)
}

function extreme<U extends Ordered>(beats: Beats): Aggregator<U, U | undefined, U> {
  const better = (a: U | undefined, b: U | undefined): U | undefined =>
    b === undefined || (a !== undefined && !beats(b, a)) ? a : b
  return {
    create: () => undefined,
    add: better,
    merge: better,
    result: (acc) => acc as U,
    encode: encodeValue,
    decode: (bytes) => decodeValue(bytes) as U | undefined,
  }
}

/** NaN stands for none: no input is NaN, and with it an array of numbers stays an array of doubles in V8. */
class ExtremeColumn implements Column {
  readonly addMayThrow: boolean = false
  readonly #beats: Beats
  #values: Ordered[] = []

  constructor(beats: Beats) {
    this.#beats = beats
  }

  grow(): void {}

  open(slot: number): void {
    this.#values[slot] = Number.NaN
  }

  add(slot: number, input: Ordered): void {
    const value = this.#values[slot] as Ordered
    if (value !== value || this.#beats(input, value)) this.#values[slot] = input
  }

  merge(slot: number, from: ExtremeColumn, fromSlot: number): void {
    const value = from.#values[fromSlot] as Ordered
    if (value === value) this.add(slot, value)
  }

  result(slot: number): Ordered | undefined {
    const value = this.#values[slot] as Ordered
    return value === value ? value : undefined
  }

  clear(slot: number): void {
    this.#values[slot] = Number.NaN
  }

  save(count: number): Ordered[] {
    return this.#values.slice(0, count)
  }

  load(saved: readonly Ordered[]): void {
    this.#values = [...saved]
  }
}
