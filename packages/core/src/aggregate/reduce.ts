/** Owns reduce: two values made one, again and again. */
import type { Aggregator } from './aggregator.ts'
import { decodeValue, encodeValue } from './bytes.ts'
import { checkOf } from './extract.ts'

/** Stands for no record: undefined may be one. */
const NOTHING: unique symbol = Symbol('nothing')

/** The accumulator of reduce: what the records have been combined to, if there were any. */
export type ReduceAcc<T> = T | typeof NOTHING

/**
 * The records combined two by two, in order of arrival; one record is its own result, undefined stands for none.
 * `combine` must be associative, and it must return a new value (or one of its arguments) and change neither: a record
 * may be in many windows. With a checkpoint the values have to be plain.
 * @throws whatever `combine` throws, as an error of the record
 * @example a.reduce((one, other) => (one.dwellMs >= other.dwellMs ? one : other))
 */
export function reduce<T>(combine: (a: T, b: T) => T): Aggregator<T, ReduceAcc<T>, T> {
  checkOf(combine, 'reduce')
  return Object.freeze({
    create: () => NOTHING,
    add: (acc: ReduceAcc<T>, value: T) => (acc === NOTHING ? value : combine(acc as T, value)),
    merge: (a: ReduceAcc<T>, b: ReduceAcc<T>) => {
      if (b === NOTHING) return a
      return a === NOTHING ? b : combine(a as T, b as T)
    },
    result: (acc: ReduceAcc<T>) => (acc === NOTHING ? undefined : acc) as T,
    encode: (acc: ReduceAcc<T>) => encodeValue(acc === NOTHING ? [] : [acc]),
    decode: (bytes: Uint8Array) => {
      const acc = decodeValue(bytes) as readonly T[]
      return acc.length === 0 ? NOTHING : (acc[0] as T)
    },
  })
}
