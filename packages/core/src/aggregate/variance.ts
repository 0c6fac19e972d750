/** Owns variance: how far numbers spread around their mean. */
import type { Aggregator, Column } from './aggregator.ts'
import { decodeNumbers, encodeNumbers } from './byte-stream.ts'
import { extracted, finite, grown } from './extract.ts'

/** The accumulator of variance: how many, their mean, and the sum of squared distances from it. */
export interface VarianceAcc {
  n: number
  mean: number
  m2: number
}

/**
 * The sample variance (divided by n − 1, as VARIANCE in Flink SQL, Spark and PostgreSQL) of the numbers that `of`
 * returns. NaN for fewer than two records, which say nothing about spread. The population variance is this times
 * (n − 1) / n, the standard deviation its square root.
 *
 * Numerically stable: one by one by Welford (1962), merged by Chan, Golub and LeVeque (1979). Another order of records
 * may differ in the last digits; subtracting also loses those by which the subtracted part outweighs the rest.
 * @throws StreamError BAD_VALUE (a record error) where `of` returns no finite number
 * @example a.variance((view) => view.dwellMs)
 */
export function variance<T>(of: (value: T) => number): Aggregator<T, VarianceAcc, number> {
  return extracted(finite(of, 'variance'), VARIANCE, {
    layout: 'variance',
    make: (capacity) => new VarianceColumn(capacity),
  })
}

const VARIANCE: Aggregator<number, VarianceAcc, number> = {
  create: () => ({ n: 0, mean: 0, m2: 0 }),
  add,
  merge,
  result: (acc) => (acc.n < 2 ? Number.NaN : acc.m2 / (acc.n - 1)),
  subtract,
  encode: (acc) => encodeNumbers(acc.n, acc.mean, acc.m2),
  decode: (bytes) => {
    const [n, mean, m2] = decodeNumbers(bytes, 3) as [number, number, number]
    return { n, mean, m2 }
  },
}

function add(acc: VarianceAcc, value: number): VarianceAcc {
  const before = value - acc.mean
  acc.n++
  acc.mean += before / acc.n
  acc.m2 += before * (value - acc.mean)
  return acc
}

function merge(a: VarianceAcc, b: VarianceAcc): VarianceAcc {
  if (b.n === 0) return a
  // The general case would round: create() has to be the unit exactly.
  if (a.n === 0) return Object.assign(a, b)
  const n = a.n + b.n
  const apart = b.mean - a.mean
  a.m2 += b.m2 + apart * apart * ((a.n * b.n) / n)
  a.mean += apart * (b.n / n)
  a.n = n
  return a
}

function subtract(a: VarianceAcc, b: VarianceAcc): VarianceAcc {
  const n = a.n - b.n
  if (n === 0) return Object.assign(a, { n: 0, mean: 0, m2: 0 })
  const mean = a.mean + (a.mean - b.mean) * (b.n / n)
  const apart = b.mean - mean
  // Rounding may leave less than nothing.
  a.m2 = Math.max(0, a.m2 - b.m2 - apart * apart * ((n * b.n) / a.n))
  a.mean = mean
  a.n = n
  return a
}

/** Three numbers per slot in one column; the arithmetic is that of the accumulators. */
class VarianceColumn implements Column {
  readonly addMayThrow: boolean = false
  readonly #acc: VarianceAcc = { n: 0, mean: 0, m2: 0 }
  readonly #other: VarianceAcc = { n: 0, mean: 0, m2: 0 }
  #fields: Float64Array

  constructor(capacity: number) {
    this.#fields = new Float64Array(capacity * 3)
  }

  grow(capacity: number): void {
    this.#fields = grown(this.#fields, capacity * 3)
  }

  open(slot: number): void {
    this.#fields.fill(0, slot * 3, slot * 3 + 3)
  }

  add(slot: number, input: number): void {
    this.#put(slot, add(this.#take(slot, this.#acc), input))
  }

  merge(slot: number, from: VarianceColumn, fromSlot: number): void {
    this.#put(slot, merge(this.#take(slot, this.#acc), from.#take(fromSlot, this.#other)))
  }

  result(slot: number): number {
    return VARIANCE.result(this.#take(slot, this.#acc))
  }

  save(count: number): Float64Array {
    return this.#fields.slice(0, count * 3)
  }

  load(saved: Float64Array): void {
    this.#fields.set(saved)
  }

  #take(slot: number, into: VarianceAcc): VarianceAcc {
    into.n = this.#fields[slot * 3] as number
    into.mean = this.#fields[slot * 3 + 1] as number
    into.m2 = this.#fields[slot * 3 + 2] as number
    return into
  }

  #put(slot: number, acc: VarianceAcc): void {
    this.#fields[slot * 3] = acc.n
    this.#fields[slot * 3 + 1] = acc.mean
    this.#fields[slot * 3 + 2] = acc.m2
  }
}
