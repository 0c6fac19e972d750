/** Owns count: how many records. */
import type { Aggregator, Column, Columns } from './aggregator.ts'
import { decodeNumbers, encodeNumbers } from './byte-stream.ts'
import { grown } from './extract.ts'

/**
 * How many records there are; 0 for none. Exact up to 2^53.
 * @example a.count()
 */
export function count<T>(): Aggregator<T, number, number> {
  return COUNT
}

class CountColumn implements Column {
  readonly addMayThrow: boolean = false
  #counts: Float64Array

  constructor(capacity: number) {
    this.#counts = new Float64Array(capacity)
  }

  get arrays(): readonly Float64Array[] {
    return [this.#counts]
  }

  grow(capacity: number): void {
    this.#counts = grown(this.#counts, capacity)
  }

  open(slot: number): void {
    this.#counts[slot] = 0
  }

  add(slot: number): void {
    this.#counts[slot] = (this.#counts[slot] as number) + 1
  }

  merge(slot: number, from: CountColumn, fromSlot: number): void {
    this.#counts[slot] = (this.#counts[slot] as number) + (from.#counts[fromSlot] as number)
  }

  result(slot: number): number {
    return this.#counts[slot] as number
  }

  save(count: number): Float64Array {
    return this.#counts.slice(0, count)
  }

  load(saved: Float64Array): void {
    this.#counts.set(saved)
  }
}

const columns: Columns = Object.freeze({
  kind: 'count',
  input: undefined,
  make: (capacity: number) => new CountColumn(capacity),
})

const COUNT: Aggregator<unknown, number, number> = Object.freeze({
  create: () => 0,
  add: (acc: number) => acc + 1,
  merge: (a: number, b: number) => a + b,
  result: (acc: number) => acc,
  subtract: (a: number, b: number) => a - b,
  encode: (acc: number) => encodeNumbers(acc),
  decode: (bytes: Uint8Array) => decodeNumbers(bytes, 1)[0] as number,
  '~columns': columns,
})
