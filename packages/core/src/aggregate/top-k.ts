/**
 * Owns topK: the values that come most often, in bounded memory. Counts are exact while there is a counter for every
 * value; beyond that the rarest lose theirs, as in Misra and Gries (1982), whose summaries merge (Agarwal et al.,
 * "Mergeable Summaries", 2012). What was taken from all counters is kept and added to every answer, so that a value
 * that always had a counter stays exact, and no answer is too low: the estimates are those of Space-Saving.
 */
import type { Key } from '../io/meta.ts'
import { type KeyId, keyOf } from '../state/key.ts'
import type { Aggregator } from './aggregator.ts'
import { ByteReader, ByteWriter } from './byte-stream.ts'
import { readValue, writeValue } from './bytes.ts'
import { checkLimit, extracted, identified } from './extract.ts'

/** The accumulator of topK: counters by id, and how much was taken from each counter so far (0: all are exact). */
export interface TopKAcc {
  counters: Map<KeyId, number>
  taken: number
}

/** One value of topK and how often it came. */
export interface Ranked<U> {
  readonly value: U
  readonly count: number
}

/**
 * The `k` values of `of` that come most often, most frequent first; ties in a fixed order (booleans, numbers, bigints,
 * strings, each by size), so that arrival does not matter. Values are the same as keys are ('1' and 1 differ, tuples
 * and bytes compare by content).
 *
 * Exact up to 20 × k (at least 2,000) different values. With more, counts may be too high, never too low, and by at
 * most (records / (half as many + 1)); then also which value is kept near that border may depend on the order.
 * @throws StreamError BAD_KEY (a record error) where `of` returns no key; BAD_AGGREGATE where `k` is no whole number
 * from 1 to 10,000
 * @example a.topK((view) => view.page, { k: 10 })
 */
export function topK<T, U extends Key>(
  of: (value: T) => U,
  options: { readonly k: number },
): Aggregator<T, TopKAcc, readonly Ranked<U>[]> {
  const k = checkLimit(options?.k, 10_000, 'k of a.topK')
  const kept = Math.max(10 * k, 1_000)
  const raise = (acc: TopKAcc, id: KeyId, by: number): void => {
    acc.counters.set(id, (acc.counters.get(id) ?? 0) + by)
  }
  return extracted<T, KeyId, TopKAcc, readonly Ranked<U>[]>(
    identified(of, 'topK'),
    {
      create: () => ({ counters: new Map(), taken: 0 }),
      add: (acc, id) => {
        raise(acc, id, 1)
        if (acc.counters.size > 2 * kept) prune(acc, kept)
        return acc
      },
      merge: (a, b) => {
        for (const [id, count] of b.counters) raise(a, id, count)
        a.taken += b.taken
        if (a.counters.size > 2 * kept) prune(a, kept)
        return a
      },
      result: (acc) =>
        ranked(acc)
          .slice(0, k)
          .map(([id, count]) => ({ value: keyOf(id) as U, count: count + acc.taken })),
      encode,
      decode,
    },
    { layout: 'topK' },
  )
}

/**
 * Keeps the highest counters and takes from each what the first one left out had. Half of them go at a time, so that
 * sorting is shared by as many records.
 */
function prune(acc: TopKAcc, kept: number): void {
  const counters = ranked(acc)
  const take = (counters[kept] as [KeyId, number])[1]
  acc.counters = new Map(counters.slice(0, kept).map(([id, count]) => [id, count - take]))
  acc.taken += take
}

function ranked(acc: TopKAcc): [KeyId, number][] {
  return [...acc.counters].sort((a, b) => b[1] - a[1] || order(a[0], b[0]))
}

const TYPES = ['boolean', 'number', 'bigint', 'string']

function order(a: KeyId, b: KeyId): number {
  if (typeof a !== typeof b) return TYPES.indexOf(typeof a) - TYPES.indexOf(typeof b)
  return a < b ? -1 : 1
}

function encode(acc: TopKAcc): Uint8Array {
  const writer = new ByteWriter()
  writer.length(acc.taken)
  writeValue(writer, acc.counters)
  return writer.finish()
}

function decode(bytes: Uint8Array): TopKAcc {
  const reader = new ByteReader(bytes)
  const taken = reader.length()
  const counters = readValue(reader) as Map<KeyId, number>
  reader.end()
  return { counters, taken }
}
