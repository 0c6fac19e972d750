/**
 * Owns quantiles, apart from core because they need the optional peer `@datadog/sketches-js` (DDSketch). Of that
 * package it uses the mapping, the bins and the walk through them; merging and bytes are its own, since its merge
 * forgets negative values and loses count where a bin's number is 0.
 */
import { DDSketch } from '@datadog/sketches-js'
import type { Aggregator } from '../aggregate/aggregator.ts'
import { badBytes, ByteReader, ByteWriter } from '../aggregate/byte-stream.ts'
import { checkOf, extracted } from '../aggregate/extract.ts'
import { configError, recordError } from '../errors/stream-error.ts'

/** Which quantiles, and how near. */
export interface QuantilesOptions<At extends readonly number[]> {
  /** Each from 0 (the lowest value) to 1 (the highest): 0.5 is the median, 0.99 the 99th percentile. */
  readonly at: At
  /** The greatest relative error of a result, from 0.001 to 0.5; 0.01 (1 %) if not given. */
  readonly accuracy?: number
}

/** One number for each of `at`. */
export type Quantiles<At extends readonly number[]> = { readonly [I in keyof At]: number }

/** What a sketch holds, closed: the library's own declarations do not compile by themselves, so ours name none of it. */
export interface QuantileSketch {
  readonly '~sketch': 'DDSketch'
}

/** Values nearer to zero count as zero, values further from it are refused: so a sketch is bounded. */
const TINIEST = 1e-12
const GREATEST = 1e24

/**
 * The quantiles `at` of the numbers that `of` returns, in that order, each within `accuracy` of the true value of that
 * rank (relative error; no interpolation between values). NaN for no records, as in the empty pane of a discarding
 * window. Order and merging never change a result, and subtracting is exact.
 *
 * Magnitudes below 1e-12 count as 0. Memory grows with the logarithm of the ratio of the greatest to the smallest
 * magnitude: 1 KiB to 3 KiB for a ratio of a thousand at 1 %, at most 66 KiB; ten times that at 0.1 %.
 * DDSketch: Masson, Rim and Lee, VLDB 2019.
 * @throws StreamError BAD_VALUE (a record error) where `of` returns no number or one beyond ±1e24; BAD_AGGREGATE for
 * quantiles outside 0 to 1 and for an accuracy outside 0.001 to 0.5
 * @example quantiles((view: PageView) => view.dwellMs, { at: [0.5, 0.99] })
 */
export function quantiles<T, const At extends readonly number[]>(
  of: (value: T) => number,
  options: QuantilesOptions<At>,
): Aggregator<T, QuantileSketch, Quantiles<At>> {
  checkOf(of, 'quantiles')
  const at = checkQuantiles(options?.at)
  const accuracy = checkAccuracy(options.accuracy ?? 0.01)
  const create = (): DDSketch => new DDSketch({ relativeAccuracy: accuracy })
  const sketches: Aggregator<T, DDSketch, Quantiles<At>> = extracted<T, number, DDSketch, Quantiles<At>>(
    magnitude(of),
    {
      create,
      add: (acc, value) => {
        acc.accept(value)
        return acc
      },
      merge: (a, b) => combine(a, b, 1),
      subtract: (a, b) => combine(a, b, -1),
      result: (acc) => at.map((quantile) => acc.getValueAtQuantile(quantile)) as readonly number[] as Quantiles<At>,
      encode: (acc) => encode(acc, accuracy),
      decode: (bytes) => decode(bytes, accuracy, create()),
    },
    { layout: 'quantiles' },
  )
  return sketches as unknown as Aggregator<T, QuantileSketch, Quantiles<At>>
}

function checkQuantiles(at: unknown): readonly number[] {
  const valid = Array.isArray(at) && at.length > 0 && at.every((one) => typeof one === 'number' && one >= 0 && one <= 1)
  if (valid) return Object.freeze([...(at as number[])])
  throw configError('BAD_AGGREGATE', 'The quantiles', {
    found: at,
    expected: 'at least one number from 0 to 1',
    remedy: 'Write quantiles(of, { at: [0.5, 0.99] }): the 99th percentile is 0.99.',
  })
}

function checkAccuracy(accuracy: unknown): number {
  if (typeof accuracy === 'number' && accuracy >= 0.001 && accuracy <= 0.5) return accuracy
  throw configError('BAD_AGGREGATE', 'The accuracy of quantiles', {
    found: accuracy,
    expected: 'a number from 0.001 to 0.5',
    remedy: 'It is a relative error: 0.01 keeps every result within 1 %.',
  })
}

function magnitude<T>(of: (value: T) => number): (value: T) => number {
  return (value) => {
    const found = of(value)
    const size = typeof found === 'number' ? Math.abs(found) : Number.NaN
    if (size <= GREATEST) return size < TINIEST ? 0 : found
    throw recordError('BAD_VALUE', 'The value of quantiles', {
      found,
      expected: 'a number between −1e24 and 1e24',
      remedy: 'Drop such records in a filter before the window, or return another value for them.',
    })
  }
}

/** One of the two stores of a sketch: how many values each bin holds. */
type Store = DDSketch['store']

/** Adds the bins of b to a, or takes them away. Only what results are made of is kept right: bins and counts. */
function combine(a: DDSketch, b: DDSketch, sign: 1 | -1): DDSketch {
  addBins(a.store, b.store, sign)
  addBins(a.negativeStore, b.negativeStore, sign)
  a.zeroCount += sign * b.zeroCount
  a.count += sign * b.count
  return a
}

function addBins(to: Store, from: Store, sign: 1 | -1): void {
  const bins = binsOf(from)
  // The last one first: the range then grows twice at most.
  for (let i = bins.length - 1; i >= 0; i--) {
    const [key, count] = bins[i] as readonly [number, number]
    to.add(key, sign * count)
  }
}

function binsOf(store: Store): (readonly [key: number, count: number])[] {
  const bins: (readonly [number, number])[] = []
  for (let i = 0; i < store.bins.length; i++) {
    const count = store.bins[i] as number
    if (count !== 0) bins.push([i + store.offset, count])
  }
  return bins
}

function encode(acc: DDSketch, accuracy: number): Uint8Array {
  const writer = new ByteWriter()
  writer.f64(accuracy)
  writer.length(acc.zeroCount)
  for (const store of [acc.store, acc.negativeStore]) {
    const bins = binsOf(store)
    writer.length(bins.length)
    let before = 0
    for (const [key, count] of bins) {
      // Zigzag: the first key may be negative.
      const step = key - before
      writer.length(step < 0 ? -2 * step - 1 : 2 * step)
      writer.length(count)
      before = key
    }
  }
  return writer.finish()
}

function decode(bytes: Uint8Array, accuracy: number, acc: DDSketch): DDSketch {
  const reader = new ByteReader(bytes)
  const found = reader.f64()
  if (found !== accuracy) throw badBytes(`quantiles of accuracy ${found} instead of ${accuracy}`)
  acc.zeroCount = reader.length()
  for (const store of [acc.store, acc.negativeStore]) {
    let key = 0
    for (let left = reader.length(); left > 0; left--) {
      const step = reader.length()
      key += step % 2 === 0 ? step / 2 : -(step + 1) / 2
      store.add(key, reader.length())
    }
  }
  reader.end()
  acc.count = acc.zeroCount + acc.store.count + acc.negativeStore.count
  return acc
}
