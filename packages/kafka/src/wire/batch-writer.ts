/**
 * Owns writing record batches (magic 2) straight into one buffer that is used again for the next batch. It knows
 * nothing of topics, partitions or requests.
 */
import { StreamError } from '@tidemark/core'
import { type Compression, compress, compressionBits } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { AT, BEFORE_LENGTH_ENDS, CONTROL_BIT, MAGIC, TRANSACTIONAL_BIT } from './layout.ts'
import { NO_HEADERS } from './headers.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

const FIRST_CAPACITY = 4_096

/** Whose batch it is: −1 for a producer without an id. */
export interface BatchOrigin {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

export const NO_ORIGIN: BatchOrigin = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }

export interface FinishOptions {
  readonly origin?: BatchOrigin
  readonly compression?: Compression
  /** The batch is a marker of a transaction's end. */
  readonly control?: boolean
}

export class BatchWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_CAPACITY)
  #at: number = AT.records
  #baseTimestamp = 0
  #maxTimestamp = 0
  #lastDelta = -1
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Bytes of the batch so far, before compression. */
  get size(): number {
    return this.#at
  }

  /**
   * Adds a record. `headers` is what `encodeHeaders` made. `skip` leaves that many offsets out before it, as compaction
   * does. Throws KAFKA_BAD_TIMESTAMP for a timestamp that is no whole number of milliseconds.
   */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: Uint8Array = NO_HEADERS,
    skip: number = 0,
  ): void {
    if (!Number.isSafeInteger(timestamp)) throw badTimestamp(timestamp)
    if (this.#count === 0) this.#baseTimestamp = this.#maxTimestamp = timestamp
    else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    const difference = timestamp - this.#baseTimestamp
    const timestampDelta = Number.isSafeInteger(difference)
      ? difference
      : BigInt(timestamp) - BigInt(this.#baseTimestamp)
    const delta = this.#lastDelta + 1 + skip
    const keyLength = key === null ? -1 : key.length
    const valueLength = value === null ? -1 : value.length
    const body =
      1 +
      varlongSize(timestampDelta) +
      varintSize(delta) +
      varintSize(keyLength) +
      Math.max(0, keyLength) +
      varintSize(valueLength) +
      Math.max(0, valueLength) +
      headers.length
    this.#reserve(5 + body)
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, body)
    bytes[at++] = 0
    at = writeVarlong(bytes, at, timestampDelta)
    at = writeVarint(bytes, at, delta)
    at = writeVarint(bytes, at, keyLength)
    if (key !== null) at = copy(bytes, at, key)
    at = writeVarint(bytes, at, valueLength)
    if (value !== null) at = copy(bytes, at, value)
    if (headers.length === 1) bytes[at++] = headers[0] as number
    else at = copy(bytes, at, headers)
    this.#at = at
    this.#lastDelta = delta
    this.#count++
  }

  /** The batch, which stays whole until the next `append`, and an empty writer. */
  finish(options: FinishOptions = {}): Uint8Array {
    const { origin = NO_ORIGIN, compression = 'none' } = options
    const { control = false } = options
    const packed =
      compression === 'none' || this.#count === 0
        ? undefined
        : compress(compression, this.#bytes.subarray(AT.records, this.#at))
    if (packed !== undefined) {
      this.#at = AT.records
      this.#reserve(packed.length)
      this.#at = copy(this.#bytes, AT.records, packed)
    }
    const bytes = this.#bytes
    bytes.writeBigInt64BE(0n, AT.baseOffset)
    bytes.writeInt32BE(this.#at - BEFORE_LENGTH_ENDS, AT.length)
    bytes.writeInt32BE(-1, AT.leaderEpoch)
    bytes.writeInt8(MAGIC, AT.magic)
    const attributes =
      (packed === undefined ? 0 : compressionBits(compression)) |
      (origin.transactional ? TRANSACTIONAL_BIT : 0) |
      (control ? CONTROL_BIT : 0)
    bytes.writeInt16BE(attributes, AT.attributes)
    bytes.writeInt32BE(this.#lastDelta, AT.lastOffsetDelta)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), AT.baseTimestamp)
    bytes.writeBigInt64BE(BigInt(this.#maxTimestamp), AT.maxTimestamp)
    bytes.writeBigInt64BE(origin.producerId, AT.producerId)
    bytes.writeInt16BE(origin.producerEpoch, AT.producerEpoch)
    bytes.writeInt32BE(origin.baseSequence, AT.baseSequence)
    bytes.writeInt32BE(this.#count, AT.count)
    bytes.writeUInt32BE(crc32c(bytes, AT.attributes, this.#at), AT.crc)
    const batch = bytes.subarray(0, this.#at)
    this.#at = AT.records
    this.#lastDelta = -1
    this.#count = 0
    return batch
  }

  #reserve(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Short ranges are copied byte by byte: a call into the engine costs more. */
function copy(to: Buffer, at: number, from: Uint8Array): number {
  const { length } = from
  if (length > 24) to.set(from, at)
  else for (let i = 0; i < length; i++) to[at + i] = from[i] as number
  return at + length
}

function badTimestamp(found: number): StreamError {
  return new StreamError(
    'KAFKA_BAD_TIMESTAMP',
    `The timestamp of a record: found ${found}, expected whole milliseconds since 1970. Check the clock given to the sink.`,
  )
}

/** Makes a finished batch another producer's: the fields that say whose it is, and the checksum over them. */
export function restamp(batch: Uint8Array, origin: BatchOrigin): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  view.setBigInt64(AT.producerId, origin.producerId)
  view.setInt16(AT.producerEpoch, origin.producerEpoch)
  view.setInt32(AT.baseSequence, origin.baseSequence)
  view.setUint32(AT.crc, crc32c(batch, AT.attributes))
}
