/**
 * Owns how a result becomes the value of a cell: what it says about itself in a few bytes, then its body, which is the
 * encoded accumulator where tiers write it, or the encoded value where a pipeline writes to a store directly.
 */
import { StreamError } from '../errors/stream-error.ts'
import { ByteReader, lengthBytes, putLength } from '../aggregate/byte-stream.ts'
import type { Timing } from '../pane/pane.ts'

export interface StoredResult {
  readonly timing: Timing
  /** Only corrections can follow. */
  readonly isLast: boolean
  readonly records: number
  readonly lateRecords: number
  readonly body: Uint8Array
}

/** Part of the stored format: append only. */
const TIMINGS: readonly Timing[] = ['early', 'on-time', 'late']
const LAST = 4
const FORMAT = 8

/** One byte of flags, two counts of a byte or more, the body. */
export function encodeStoredResult({ timing, isLast, records, lateRecords, body }: StoredResult): Uint8Array {
  const head = 1 + lengthBytes(records) + lengthBytes(lateRecords)
  const bytes = new Uint8Array(head + body.length)
  bytes[0] = FORMAT | TIMINGS.indexOf(timing) | (isLast ? LAST : 0)
  putLength(bytes, putLength(bytes, 1, records), lateRecords)
  bytes.set(body, head)
  return bytes
}

/** @throws StreamError BAD_CELL for bytes that encodeStoredResult has not written */
export function decodeStoredResult(bytes: Uint8Array): StoredResult {
  try {
    const from = new ByteReader(bytes)
    const flags = from.u8()
    const timing = TIMINGS[flags & 3]
    if ((flags & ~7) !== FORMAT || timing === undefined) throw notOurs(bytes, `the flags ${flags}`)
    const [records, lateRecords] = [from.length(), from.length()]
    return { timing, isLast: (flags & LAST) !== 0, records, lateRecords, body: from.raw(from.left) }
  } catch (cause) {
    throw cause instanceof StreamError && cause.code === 'BAD_CELL' ? cause : notOurs(bytes, 'an early end')
  }
}

function notOurs(bytes: Uint8Array, found: string): StreamError {
  return new StreamError(
    'BAD_CELL',
    `A stored result of ${bytes.length} bytes: found ${found}, expected what this version writes. Somebody else writes under the same names, or a newer version of Tidemark does: give the results a name of their own.`,
  )
}
