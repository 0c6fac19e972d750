/**
 * Owns walking the record batches of a fetched buffer in place: header fields as properties, records by `RecordWalk`.
 * It does not decide which batches count (read_committed does) and does not decode keys or values.
 */
import { StreamError } from '@tidemark/core'
import { decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import {
  AT,
  BEFORE_LENGTH_ENDS,
  COMPRESSION_BITS,
  CONTROL_BIT,
  LOG_APPEND_TIME_BIT,
  MAGIC,
  TRANSACTIONAL_BIT,
} from './layout.ts'
import { malformed } from './malformed.ts'
import { RecordWalk } from './record-walk.ts'

export interface BatchWalkOptions {
  /** A batch that is larger once decompressed is an error. */
  readonly maxDecompressedBytes: number
  /** Compare the checksum of each batch. */
  readonly checksums: boolean
}

/** What a control batch says about the transaction of its producer. */
export type Marker = 'commit' | 'abort' | 'unknown'

export class BatchWalk {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #options: BatchWalkOptions
  #start = 0
  #next = 0
  #count = 0

  baseOffset = 0n
  /** The offset behind the last one of the batch. */
  nextOffset = 0n
  attributes = 0
  producerId = -1n
  producerEpoch = -1
  baseSequence = -1

  constructor(bytes: Uint8Array, options: BatchWalkOptions) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#options = options
  }

  /** Goes to the next batch that is there as a whole; false when there is none (a fetch may cut the last one off). */
  next(): boolean {
    const start = this.#next
    const left = this.#bytes.length - start
    if (left < BEFORE_LENGTH_ENDS) return false
    const length = this.#view.getInt32(start + AT.length)
    if (length < AT.records - BEFORE_LENGTH_ENDS) {
      throw malformed('A record batch', `a length of ${length}`, `${AT.records - BEFORE_LENGTH_ENDS} or more`)
    }
    if (length > left - BEFORE_LENGTH_ENDS) return false
    const magic = this.#view.getInt8(start + AT.magic)
    if (magic !== MAGIC) throw oldFormat(magic)
    this.#start = start
    this.#next = start + BEFORE_LENGTH_ENDS + length
    this.#readHead(start)
    return true
  }

  #readHead(start: number): void {
    const view = this.#view
    if (this.#options.checksums) {
      const said = view.getUint32(start + AT.crc)
      const found = crc32c(this.#bytes, start + AT.attributes, this.#next)
      if (said !== found)
        throw malformed('A record batch', `the checksum ${said} in its head`, `${found}, that of its bytes`)
    }
    const lastDelta = view.getInt32(start + AT.lastOffsetDelta)
    this.#count = view.getInt32(start + AT.count)
    if (lastDelta < 0 || this.#count < 0) {
      throw malformed('A record batch', `${this.#count} records up to offset delta ${lastDelta}`, 'neither below zero')
    }
    this.attributes = view.getInt16(start + AT.attributes)
    this.baseOffset = view.getBigInt64(start + AT.baseOffset)
    this.nextOffset = this.baseOffset + BigInt(lastDelta) + 1n
    this.producerId = view.getBigInt64(start + AT.producerId)
    this.producerEpoch = view.getInt16(start + AT.producerEpoch)
    this.baseSequence = view.getInt32(start + AT.baseSequence)
  }

  get isTransactional(): boolean {
    return (this.attributes & TRANSACTIONAL_BIT) !== 0
  }

  /** A marker of a transaction's end: no record in it is anybody's. */
  get isControl(): boolean {
    return (this.attributes & CONTROL_BIT) !== 0
  }

  get count(): number {
    return this.#count
  }

  /** Points `records` at the first record of this batch. */
  records(records: RecordWalk): void {
    const start = this.#start
    const { attributes } = this
    const stamped = (attributes & LOG_APPEND_TIME_BIT) !== 0
    const base = this.#view.getBigInt64(start + (stamped ? AT.maxTimestamp : AT.baseTimestamp))
    const lastDelta = this.#view.getInt32(start + AT.lastOffsetDelta)
    const compression = attributes & COMPRESSION_BITS
    if (compression === 0) {
      records.start(this.#bytes, start + AT.records, this.#next, this.#count, lastDelta, base, stamped)
      return
    }
    const { maxDecompressedBytes } = this.#options
    const packed = this.#bytes.subarray(start + AT.records, this.#next)
    const bytes = decompress(compression, packed, maxDecompressedBytes)
    records.start(bytes, 0, bytes.length, this.#count, lastDelta, base, stamped)
  }

  /** What this control batch says; a kind of control record that is not known says nothing. */
  marker(): Marker {
    const records = new RecordWalk()
    this.records(records)
    if (!records.next() || records.keyStart < 0 || records.keyEnd - records.keyStart < 4) return 'unknown'
    const { bytes, keyStart } = records
    const type = ((bytes[keyStart + 2] as number) << 8) | (bytes[keyStart + 3] as number)
    return type === 0 ? 'abort' : type === 1 ? 'commit' : 'unknown'
  }
}

function oldFormat(magic: number): StreamError {
  return new StreamError(
    'KAFKA_OLD_FORMAT',
    `A record batch: found format (magic) ${magic}, expected ${MAGIC}, which brokers write since 0.11. Copy the topic into a new one with a current client, and read that.`,
  )
}
