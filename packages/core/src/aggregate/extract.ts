/**
 * Owns what built-in aggregators do before they add: running the user's `of` on a record and checking what it returns.
 * All of it happens in `input`, so that a record that is refused has changed nothing.
 */
import { configError, recordError, type StreamError } from '../errors/stream-error.ts'
import type { Key, TimedMeta } from '../io/meta.ts'
import { badKey, type KeyId, keyId } from '../state/key.ts'
import type { Aggregator, Columns } from './aggregator.ts'
import { ObjectColumn } from './object-column.ts'

/** What min and max can order. */
export type Ordered = number | bigint | string

/** An aggregator of what `input` makes of a record, for records. Its plain path and its columns run the same code. */
export function extracted<T, Input, Acc, Out>(
  input: (value: T) => Input,
  of: Aggregator<Input, Acc, Out>,
  columns: Partial<Columns> = {},
): Aggregator<T, Acc, Out> {
  const column = (): ObjectColumn => new ObjectColumn(of as Aggregator<unknown, Acc, Out>, false)
  return Object.freeze({
    ...of,
    add: (acc: Acc, value: T, meta: TimedMeta) => of.add(acc, input(value), meta),
    '~columns': Object.freeze({ input, make: column, ...columns }),
  })
}

/** Refuses what is no function while the pipeline is built, not at its first record. */
export function checkOf<F>(of: F, name: string): F {
  if (typeof of === 'function') return of
  throw configError('BAD_AGGREGATE', `The argument of a.${name}`, {
    found: of,
    expected: 'a function from a record to a value',
    remedy: `Write a.${name}((value) => value.amount).`,
  })
}

/** Refuses what is no whole number from 1 to `most`. */
export function checkLimit(limit: unknown, most: number, name: string): number {
  if (Number.isSafeInteger(limit) && (limit as number) >= 1 && (limit as number) <= most) return limit as number
  throw configError('BAD_AGGREGATE', `The limit ${name}`, {
    found: limit,
    expected: `a whole number from 1 to ${most}`,
    remedy: 'Every accumulator is bounded: state how many values to keep.',
  })
}

/** Runs `of` and lets only finite numbers pass: one NaN or Infinity would make all later results useless. */
export function finite<T>(of: (value: T) => number, name: string): (value: T) => number {
  checkOf(of, name)
  return (value) => {
    const found = of(value)
    if (!Number.isFinite(found)) throw badNumber(name, found)
    return found
  }
}

/** Runs `of` and lets only values pass that have an order. */
export function ordered<T, U extends Ordered>(of: (value: T) => U, name: string): (value: T) => U {
  checkOf(of, name)
  return (value) => {
    const found = of(value)
    const type = typeof found
    // NaN is the one value that differs from itself.
    if ((type !== 'number' && type !== 'string' && type !== 'bigint') || found !== found) {
      throw badValue(name, found, 'a number (not NaN), bigint or string')
    }
    return found
  }
}

/** Runs `of` and makes the key it returns an id. */
export function identified<T>(of: (value: T) => Key, name: string): (value: T) => KeyId {
  checkOf(of, name)
  return (value) => {
    const found = of(value)
    try {
      return keyId(found)
    } catch {
      throw badKey(found, `The value of a.${name}`)
    }
  }
}

/** The error for what is no finite number. */
export function badNumber(name: string, found: unknown): StreamError {
  return badValue(name, found, 'a finite number')
}

function badValue(name: string, found: unknown, expected: string): StreamError {
  return recordError('BAD_VALUE', `The value of a.${name}`, {
    found,
    expected,
    remedy: 'Drop such records in a filter before the window, or return another value for them.',
  })
}

/** A bigger column with the same contents; the same one if it is big enough. */
export function grown(column: Float64Array, capacity: number): Float64Array {
  if (capacity <= column.length) return column
  const bigger = new Float64Array(capacity)
  bigger.set(column)
  return bigger
}
