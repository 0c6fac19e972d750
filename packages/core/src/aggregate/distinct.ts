/** Owns distinct: how many different values, exactly while they are few and within 2 % when they are many. */
import type { Key } from '../io/meta.ts'
import type { KeyId } from '../state/key.ts'
import type { Aggregator } from './aggregator.ts'
import { badBytes, ByteReader, ByteWriter } from './byte-stream.ts'
import { readValue, writeValue } from './bytes.ts'
import { checkLimit, extracted, identified } from './extract.ts'
import { HyperLogLog } from './hyperloglog.ts'

/** The accumulator of distinct: the ids of the values, or a sketch as soon as there are more than the limit. */
export interface DistinctAcc {
  ids: Set<KeyId> | undefined
  sketch: HyperLogLog | undefined
}

/** The first byte of the encoding. */
const EXACT = 0
const SKETCH = 1

/**
 * How many different values `of` returns; values are the same as keys are ('1' and 1 differ, tuples and bytes compare
 * by content). Exact up to `max` of them (default 1,000), then a HyperLogLog estimate in 16 KiB with a standard error
 * of 0.81 % (within 2 % in 99 of 100 cases). Order and merging never change the result.
 * @throws StreamError BAD_KEY (a record error) where `of` returns no key; BAD_AGGREGATE where `max` is no whole number
 * from 1 to 1,000,000
 * @example a.distinct((view) => view.user)
 */
export function distinct<T, U extends Key>(
  of: (value: T) => U,
  options: { readonly max?: number } = {},
): Aggregator<T, DistinctAcc, number> {
  const max = checkLimit(options.max ?? 1_000, 1_000_000, 'max of a.distinct')
  const add = (acc: DistinctAcc, id: KeyId): DistinctAcc => {
    if (acc.sketch !== undefined) acc.sketch.add(id)
    else if ((acc.ids as Set<KeyId>).add(id).size > max) toSketch(acc)
    return acc
  }
  return extracted<T, KeyId, DistinctAcc, number>(
    identified(of, 'distinct'),
    {
      create: () => ({ ids: new Set(), sketch: undefined }),
      add,
      merge: (a, b) => {
        if (b.sketch !== undefined) (a.sketch ?? toSketch(a)).merge(b.sketch)
        else for (const id of b.ids as Set<KeyId>) add(a, id)
        return a
      },
      result: (acc) => acc.sketch?.estimate() ?? (acc.ids as Set<KeyId>).size,
      encode,
      decode,
    },
    { layout: 'distinct' },
  )
}

function toSketch(acc: DistinctAcc): HyperLogLog {
  const sketch = new HyperLogLog()
  for (const id of acc.ids as Set<KeyId>) sketch.add(id)
  acc.sketch = sketch
  acc.ids = undefined
  return sketch
}

function encode(acc: DistinctAcc): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(acc.sketch === undefined ? EXACT : SKETCH)
  if (acc.sketch === undefined) writeValue(writer, acc.ids)
  else acc.sketch.write(writer)
  return writer.finish()
}

function decode(bytes: Uint8Array): DistinctAcc {
  const reader = new ByteReader(bytes)
  const kind = reader.u8()
  if (kind !== EXACT && kind !== SKETCH) throw badBytes(`a distinct of kind ${kind}`)
  const acc: DistinctAcc =
    kind === EXACT
      ? { ids: readValue(reader) as Set<KeyId>, sketch: undefined }
      : { ids: undefined, sketch: HyperLogLog.read(reader) }
  reader.end()
  return acc
}
