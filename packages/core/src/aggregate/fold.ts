/** Owns fold and use: aggregators that users bring. */
import type { Aggregator } from './aggregator.ts'
import { decodeValue, encodeValue } from './bytes.ts'
import { checkOf } from './extract.ts'

/** The parts of a fold; the laws of Aggregator hold for them. */
export interface Fold<in T, in out Acc> {
  readonly create: () => Acc
  readonly add: (acc: Acc, value: T) => Acc
  readonly merge: (a: Acc, b: Acc) => Acc
}

/**
 * An aggregator of your own, in place: `add` takes a record into the accumulator, `merge` joins two of them (sessions
 * and hopping windows need it), `result` makes the accumulator a value; without it the accumulator is the value. Where
 * `add` changes its accumulator and panes come before the window is over, let `result` return a copy.
 * With a checkpoint accumulators have to be plain; for others write an Aggregator with encode and decode.
 * @throws whatever the parts throw, as an error of the record
 * @example a.fold({ create: () => 0, add: (n, view) => n + (view.dwellMs > 1000 ? 1 : 0), merge: (x, y) => x + y })
 */
export function fold<T, Acc, Out>(parts: Fold<T, Acc> & { readonly result: (acc: Acc) => Out }): Aggregator<T, Acc, Out>
export function fold<T, Acc>(parts: Fold<T, Acc>): Aggregator<T, Acc, Acc>
export function fold<T, Acc>(
  parts: Fold<T, Acc> & { readonly result?: (acc: Acc) => unknown },
): Aggregator<T, Acc, unknown> {
  const { create, add, merge, result } = parts ?? {}
  for (const part of [create, add, merge]) checkOf(part, 'fold')
  return Object.freeze({
    create,
    add: (acc: Acc, value: T) => add(acc, value),
    merge,
    result: result === undefined ? (acc: Acc) => acc : checkOf(result, 'fold'),
    encode: encodeValue,
    decode: (bytes: Uint8Array) => decodeValue(bytes) as Acc,
  })
}

/**
 * The aggregator it is given. For a generic one that stands alone, so that it takes its record type from here.
 * @example a.use(movingAverage((view) => view.dwellMs, { alpha: 0.5 }))
 */
export function use<T, Acc, Out>(aggregator: Aggregator<T, Acc, Out>): Aggregator<T, Acc, Out> {
  return aggregator
}
