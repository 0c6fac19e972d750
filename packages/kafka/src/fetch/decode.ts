/** Owns what is made of one fetched record: its value, and on demand its key, headers and the view that decoders get. */
import { type Key, type RecordInfo, StreamError, reasonOf } from '@tidemark/core'
import type { Decoder, RecordView } from '../serde/serde.ts'
import { headersAt } from '../wire/headers.ts'
import type { RecordWalk } from '../wire/record-walk.ts'

/** A record that could not be decoded; copies, so that it may be kept. */
export interface BadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyMap<string, Uint8Array>
  readonly code: string
  readonly reason: string
}

export interface DecodeOptions<out T> {
  readonly value: Decoder<T>
  readonly key: Decoder<Key>
  /** Takes records that cannot be decoded; without it they fail the job. */
  readonly onBadRecord: ((record: BadRecord) => void) | undefined
}

/** Stands for a record that somebody has taken as bad. */
export const TAKEN: unique symbol = Symbol('taken')

/** The record in hand as decoders see it: one object for a partition. */
export class PartitionRecord implements RecordView {
  readonly topic: string
  readonly partition: number
  readonly records: RecordWalk
  baseOffset = 0n

  constructor(topic: string, partition: number, records: RecordWalk) {
    this.topic = topic
    this.partition = partition
    this.records = records
  }

  get offset(): bigint {
    return this.baseOffset + BigInt(this.records.offsetDelta)
  }

  get timestamp(): number {
    return this.records.timestamp
  }

  get keyBytes(): Uint8Array | null {
    const { bytes, keyStart, keyEnd } = this.records
    return copyOf(bytes, keyStart, keyEnd)
  }

  get headers(): ReadonlyMap<string, Uint8Array> {
    return headersAt(this.records.bytes, this.records.headersAt)
  }
}

/** The value of the record in hand. */
export function decodeRecord<T>(view: PartitionRecord, options: DecodeOptions<T>): T | typeof TAKEN {
  const { value } = options
  const { bytes, valueStart, valueEnd } = view.records
  try {
    if (valueStart < 0) {
      if (value.ofNull === undefined) throw tombstone()
      return value.ofNull(view)
    }
    if (value.decodeRange !== undefined) return value.decodeRange(bytes, valueStart, valueEnd)
    return value.decode(bytes.subarray(valueStart, valueEnd), view)
  } catch (error) {
    return bad(error, view, options)
  }
}

function bad(error: unknown, view: PartitionRecord, { onBadRecord }: DecodeOptions<unknown>): typeof TAKEN {
  const { topic, partition, offset, timestamp, keyBytes: key, headers } = view
  const { code, message: reason } = error instanceof StreamError ? error : decoderThrew(error)
  if (onBadRecord === undefined) {
    throw new StreamError(
      code,
      `The record at offset ${offset} of ${topic}/${partition} cannot be decoded. ${reason}`,
      {
        cause: error,
        at: { split: `${topic}/${partition}`, offset },
      },
    )
  }
  const { bytes, valueStart, valueEnd } = view.records
  const value = copyOf(bytes, valueStart, valueEnd)
  onBadRecord({ topic, partition, offset, timestamp, key, value, headers, code, reason })
  return TAKEN
}

function decoderThrew(cause: unknown): StreamError {
  return new StreamError(
    'DECODER_THREW',
    `The decoder threw ${reasonOf(cause)}. Handle such values there, or give the source onBadRecord.`,
    { cause },
  )
}

function tombstone(): StreamError {
  return new StreamError(
    'TOMBSTONE',
    'A record: found a null value (a tombstone), expected bytes. Read the topic with nullable(…), which makes null of it, or give the source onBadRecord.',
  )
}

/** What core may ask of a delivered record, read from the fetched bytes when it does. */
export class FetchedInfo implements RecordInfo {
  readonly timestamp: number
  readonly #bytes: Uint8Array
  readonly #keyStart: number
  readonly #keyEnd: number
  readonly #headersAt: number
  readonly #key: Decoder<Key>
  readonly #view: RecordView

  /** `marks` holds at a place: key start, key end, and where the headers stand. */
  constructor(
    bytes: Uint8Array,
    marks: Int32Array,
    at: number,
    timestamp: number,
    key: Decoder<Key>,
    view: RecordView,
  ) {
    this.timestamp = timestamp
    this.#bytes = bytes
    this.#keyStart = marks[at] as number
    this.#keyEnd = marks[at + 1] as number
    this.#headersAt = marks[at + 2] as number
    this.#key = key
    this.#view = view
  }

  get key(): Key | undefined {
    if (this.#keyStart < 0) return undefined
    const { decode, decodeRange } = this.#key
    if (decodeRange !== undefined) return decodeRange(this.#bytes, this.#keyStart, this.#keyEnd)
    return decode(this.#bytes.subarray(this.#keyStart, this.#keyEnd), this.#view)
  }

  get headers(): ReadonlyMap<string, Uint8Array> {
    return headersAt(this.#bytes, this.#headersAt)
  }
}

export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  return start < 0 ? null : new Uint8Array(bytes.subarray(start, end))
}
