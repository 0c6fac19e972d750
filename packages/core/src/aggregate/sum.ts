/** Owns sum: numbers added up. */
import type { Aggregator, Column } from './aggregator.ts'
import { decodeNumbers, encodeNumbers } from './byte-stream.ts'
import { extracted, finite, grown } from './extract.ts'

/**
 * The sum of the numbers that `of` returns; 0 for no records. Exact while all are whole and the sum stays below 2^53;
 * otherwise rounded like any sum of doubles, so that another order of records may differ in the last digits.
 * @throws StreamError BAD_VALUE (a record error) where `of` returns no finite number
 * @example a.sum((view) => view.dwellMs)
 */
export function sum<T>(of: (value: T) => number): Aggregator<T, number, number> {
  return extracted(finite(of, 'sum'), SUM, { kind: 'sum', of, make: (capacity) => new SumColumn(capacity) })
}

class SumColumn implements Column {
  readonly addMayThrow: boolean = false
  #sums: Float64Array

  constructor(capacity: number) {
    this.#sums = new Float64Array(capacity)
  }

  get arrays(): readonly Float64Array[] {
    return [this.#sums]
  }

  grow(capacity: number): void {
    this.#sums = grown(this.#sums, capacity)
  }

  open(slot: number): void {
    this.#sums[slot] = 0
  }

  add(slot: number, input: number): void {
    this.#sums[slot] = (this.#sums[slot] as number) + input
  }

  merge(slot: number, from: SumColumn, fromSlot: number): void {
    this.#sums[slot] = (this.#sums[slot] as number) + (from.#sums[fromSlot] as number)
  }

  result(slot: number): number {
    return this.#sums[slot] as number
  }

  save(count: number): Float64Array {
    return this.#sums.slice(0, count)
  }

  load(saved: Float64Array): void {
    this.#sums.set(saved)
  }
}

const SUM: Aggregator<number, number, number> = {
  create: () => 0,
  add: (acc, value) => acc + value,
  merge: (a, b) => a + b,
  result: (acc) => acc,
  subtract: (a, b) => a - b,
  encode: (acc) => encodeNumbers(acc),
  decode: (bytes) => decodeNumbers(bytes, 1)[0] as number,
}
