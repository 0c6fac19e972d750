/** Owns mean: the arithmetic mean of numbers. */
import type { Aggregator, Column } from './aggregator.ts'
import { decodeNumbers, encodeNumbers } from './byte-stream.ts'
import { extracted, finite, grown } from './extract.ts'
import { dividable } from '../io/pieces.ts'

/** The accumulator of mean. */
export interface MeanAcc {
  sum: number
  count: number
}

/**
 * The arithmetic mean of the numbers that `of` returns: their sum (see `sum` for its rounding) by their count. NaN for
 * no records, as in the empty pane of a discarding window.
 * @throws StreamError BAD_VALUE (a record error) where `of` returns no finite number
 * @example a.mean((view) => view.dwellMs)
 */
export function mean<T>(of: (value: T) => number): Aggregator<T, MeanAcc, number> {
  return extracted(finite(of, 'mean'), MEAN, { kind: 'mean', of, make: (capacity) => new MeanColumn(capacity) })
}

class MeanColumn implements Column {
  readonly addMayThrow: boolean = false
  #sums: Float64Array
  #counts: Float64Array

  constructor(capacity: number) {
    this.#sums = new Float64Array(capacity)
    this.#counts = new Float64Array(capacity)
  }

  get arrays(): readonly Float64Array[] {
    return [this.#sums, this.#counts]
  }

  grow(capacity: number): void {
    this.#sums = grown(this.#sums, capacity)
    this.#counts = grown(this.#counts, capacity)
  }

  open(slot: number): void {
    this.#sums[slot] = 0
    this.#counts[slot] = 0
  }

  add(slot: number, input: number): void {
    this.#sums[slot] = (this.#sums[slot] as number) + input
    this.#counts[slot] = (this.#counts[slot] as number) + 1
  }

  merge(slot: number, from: MeanColumn, fromSlot: number): void {
    this.#sums[slot] = (this.#sums[slot] as number) + (from.#sums[fromSlot] as number)
    this.#counts[slot] = (this.#counts[slot] as number) + (from.#counts[fromSlot] as number)
  }

  result(slot: number): number {
    return (this.#sums[slot] as number) / (this.#counts[slot] as number)
  }

  save(count: number): readonly Float64Array[] {
    return dividable([this.#sums.slice(0, count), this.#counts.slice(0, count)])
  }

  load([sums, counts]: readonly [Float64Array, Float64Array]): void {
    this.#sums.set(sums)
    this.#counts.set(counts)
  }
}

const MEAN: Aggregator<number, MeanAcc, number> = {
  create: () => ({ sum: 0, count: 0 }),
  add: (acc, value) => {
    acc.sum += value
    acc.count++
    return acc
  },
  merge: (a, b) => {
    a.sum += b.sum
    a.count += b.count
    return a
  },
  result: (acc) => acc.sum / acc.count,
  subtract: (a, b) => {
    a.sum -= b.sum
    a.count -= b.count
    return a
  },
  encode: (acc) => encodeNumbers(acc.sum, acc.count),
  decode: (bytes) => {
    const [sum, count] = decodeNumbers(bytes, 2) as [number, number]
    return { sum, count }
  },
}
