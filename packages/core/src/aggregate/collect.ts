/** Owns collect: the records themselves, up to a limit. */
import type { Aggregator } from './aggregator.ts'
import { decodeValue, encodeValue } from './bytes.ts'
import { checkLimit, checkOf, extracted } from './extract.ts'

/**
 * A new array of the first `max` records by arrival (or of what `of` makes of them); whatever comes after is left out,
 * so a result of length `max` may be incomplete: add a `count` to know. In a merge the records of the first part count
 * as arrived before those of the second. With a checkpoint the values have to be plain.
 * @throws StreamError BAD_AGGREGATE where `max` is no whole number from 1 to 10,000,000
 * @example a.collect({ max: 100, of: (view) => view.page })
 */
export function collect<T, U = T>(options: {
  readonly max: number
  readonly of?: (value: T) => U
}): Aggregator<T, U[], readonly U[]> {
  const max = checkLimit(options?.max, 10_000_000, 'max of a.collect')
  const of = options.of === undefined ? (value: T) => value as unknown as U : checkOf(options.of, 'collect')
  return extracted<T, U, U[], readonly U[]>(
    of,
    {
      create: () => [],
      add: (acc, value) => {
        if (acc.length < max) acc.push(value)
        return acc
      },
      merge: (a, b) => {
        for (let i = 0; i < b.length && a.length < max; i++) a.push(b[i] as U)
        return a
      },
      // A copy: a pane keeps it while records go on being added.
      result: (acc) => acc.slice(),
      encode: encodeValue,
      decode: (bytes) => decodeValue(bytes) as U[],
    },
    { layout: 'collect' },
  )
}
