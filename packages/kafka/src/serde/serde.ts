/**
 * Owns how values and keys become bytes and come back: the contract, and the plain ones. A serde knows nothing of
 * topics; what is wrong with a value it says by throwing, and the source adds the place.
 */
import { problem, show } from '@tidemark/core'
import { asBuffer } from './as-buffer.ts'
import { shortText } from './text-cache.ts'

/** The record that a value belongs to. It is the one in hand: take from it what you need, do not keep it. */
export interface RecordView {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** The record's timestamp, ms. */
  readonly timestamp: number
  /** A copy of the key's bytes; null where the record has none. */
  readonly keyBytes: Uint8Array | null
  /** Copies of the header values; of a header that comes more than once the last, and no null ones. */
  readonly headers: ReadonlyMap<string, Uint8Array>
}

/**
 * Makes values of bytes. `decode` gets a view into a fetched response: copy what you keep. A decoder for which null (a
 * tombstone) is a value has `ofNull`; for the others a record without a value is a bad record.
 */
export interface Decoder<out T> {
  readonly decode: (bytes: Uint8Array, record: RecordView) => T
  readonly ofNull?: (record: RecordView) => T
  /** A way without a view made for each record: reads bytes[start, end) and leaves the rest alone. */
  readonly decodeRange?: (bytes: Uint8Array, start: number, end: number) => T
}

/** Makes bytes of values; null writes a tombstone. The bytes are copied before the next call. */
export interface Encoder<in T> {
  readonly encode: (value: T) => Uint8Array | null
}

/** Both ways; `Wire` is what it takes where that differs from what it gives. */
export interface Serde<out T, in Wire = T> extends Decoder<T>, Encoder<Wire> {}

/** Bytes as they are; copied, so that they may be kept. */
export function bytes(): Serde<Uint8Array> {
  return BYTES
}

const BYTES: Serde<Uint8Array> = Object.freeze({
  decode: (given: Uint8Array) => new Uint8Array(given),
  decodeRange: (given: Uint8Array, start: number, end: number) => new Uint8Array(given.subarray(start, end)),
  encode: (value: Uint8Array) => value,
})

/** Text in UTF-8. Bytes that are no UTF-8 become U+FFFD: use `keyText` where they must stay apart. */
export function text(): Serde<string> {
  return TEXT
}

const TEXT: Serde<string> = Object.freeze({
  decode: (given: Uint8Array) => asBuffer(given).toString(),
  decodeRange: (given: Uint8Array, start: number, end: number) => asBuffer(given).toString('utf8', start, end),
  encode: (value: string) => {
    if (typeof value === 'string') return Buffer.from(value)
    throw problem('BAD_VALUE', 'A value', {
      found: show(value),
      expected: 'text',
      remedy: 'Map it to text, or use json().',
    })
  },
})

/**
 * The key of a record as core compares it: text where the bytes are UTF-8, and the bytes where they are not, so that two
 * keys are the same exactly when their bytes are.
 */
export function keyText(): Serde<string | Uint8Array> {
  return KEY_TEXT
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const KEY_TEXT: Serde<string | Uint8Array> = Object.freeze({
  decode: (given: Uint8Array) => keyOf(given, 0, given.length),
  decodeRange: keyOf,
  encode: (value: string | Uint8Array) => (typeof value === 'string' ? Buffer.from(value) : value),
})

function keyOf(given: Uint8Array, start: number, end: number): string | Uint8Array {
  const short = shortText(given, start, end)
  if (short !== undefined) return short
  const part = given.subarray(start, end)
  try {
    return STRICT.decode(part)
  } catch {
    return new Uint8Array(part)
  }
}

/** The same with null: tombstones are read and written. */
export function nullable<T, Wire>(serde: Serde<T, Wire>): Serde<T | null, Wire | null>
export function nullable<T>(decoder: Decoder<T>): Decoder<T | null>
export function nullable<T>(serde: Decoder<T> & Partial<Encoder<never>>): Decoder<T | null> {
  const encode = serde.encode as Encoder<unknown>['encode'] | undefined
  const made: Decoder<T | null> = { ...serde, ofNull: () => null }
  if (encode === undefined) return Object.freeze(made)
  return Object.freeze({ ...made, encode: (value: unknown) => (value === null ? null : encode(value)) })
}
