/**
 * Owns a `putMultiple` while it is put together: cells go straight into the message. Invariant: the message stays under
 * the limits given, unless one put alone is larger.
 */
import {
  BinaryWriter,
  type Message,
  TYPE,
  putBinary,
  putBytes,
  putField,
  putInt32,
  putInt64,
  putLatin1,
} from './binary-writer.ts'

export interface BatchLimits {
  readonly puts: number
  readonly bytes: number
}

/** A gateway closes the connection without a word for a frame of more than 2,097,152 bytes. */
export const MOST_FRAME_BYTES = 2_097_152

/** One cell of a put: its family, qualifier, tag, value and timestamp with their heads, and the stop. */
const CELL_BYTES = 40
/** A put around its cells: row and list with their heads, a time to live, durability, the stop. */
const PUT_BYTES = 64
const METHOD = 'putMultiple'
const TTL = Buffer.from('_ttl')
const SYNC_WAL = 3

export class PutBatch {
  readonly #table: Uint8Array
  readonly #family: Uint8Array
  readonly #limits: BatchLimits
  #out: BinaryWriter
  #countAt = 0
  #cellsAt = 0
  #cells = 0
  puts = 0

  constructor(table: Uint8Array, family: Uint8Array, limits: BatchLimits) {
    this.#table = table
    this.#family = family
    this.#limits = limits
    this.#out = new BinaryWriter(4_096)
    this.#open()
  }

  /** Whether a put of so many cells, with so many bytes in row, qualifiers and values, still fits. */
  fits(cells: number, bytes: number): boolean {
    if (this.puts === 0) return true
    return this.puts < this.#limits.puts && this.#out.at + this.sizeOf(cells, bytes) <= this.#limits.bytes
  }

  /** At most what such a put adds to the message. */
  sizeOf(cells: number, bytes: number): number {
    return PUT_BYTES + bytes + cells * (CELL_BYTES + this.#family.length)
  }

  /** Of a row given as text each character is a byte. */
  begin(row: Uint8Array | string): void {
    const out = this.#out
    out.reserve(PUT_BYTES + row.length)
    const { bytes } = out
    let at = putField(bytes, out.at, TYPE.binary, 1)
    at = typeof row === 'string' ? putLatin1(bytes, at, row) : putBinary(bytes, at, row)
    at = putField(bytes, at, TYPE.list, 2)
    bytes[at++] = TYPE.struct
    this.#cellsAt = at
    out.at = at + 4
    this.#cells = 0
  }

  /** The stored value is the tag and then the value. */
  cell(qualifier: Uint8Array, tag: number, value: Uint8Array, timestamp: number): void {
    const out = this.#out
    const family = this.#family
    out.reserve(CELL_BYTES + family.length + qualifier.length + value.length)
    const { bytes } = out
    let at = putField(bytes, out.at, TYPE.binary, 1)
    at = putBinary(bytes, at, family)
    at = putField(bytes, at, TYPE.binary, 2)
    at = putBinary(bytes, at, qualifier)
    at = putField(bytes, at, TYPE.binary, 3)
    at = putInt32(bytes, at, value.length + 1)
    bytes[at++] = tag
    at = putBytes(bytes, at, value)
    at = putField(bytes, at, TYPE.i64, 4)
    at = putInt64(bytes, at, timestamp)
    bytes[at++] = TYPE.stop
    out.at = at
    this.#cells++
  }

  /** Ends a put. The time to live counts from the cells' timestamps, ms. */
  end(ttlMs?: number): void {
    const out = this.#out
    out.reserve(PUT_BYTES)
    const { bytes } = out
    putInt32(bytes, this.#cellsAt, this.#cells)
    let { at } = out
    if (ttlMs !== undefined) {
      at = putField(bytes, at, TYPE.map, 5)
      bytes[at++] = TYPE.binary
      bytes[at++] = TYPE.binary
      at = putInt32(bytes, at, 1)
      at = putBinary(bytes, at, TTL)
      at = putInt32(bytes, at, 8)
      at = putInt64(bytes, at, ttlMs)
    }
    at = putField(bytes, at, TYPE.i32, 6)
    at = putInt32(bytes, at, SYNC_WAL)
    bytes[at++] = TYPE.stop
    out.at = at
    this.puts++
  }

  /** The message so far; the batch is empty then, and may be filled anew while the message is on its way. */
  take(): Message {
    const out = this.#out
    putInt32(out.bytes, this.#countAt, this.puts)
    out.stop()
    const message = out.finish(METHOD)
    this.#out = new BinaryWriter(Math.min(2 * out.at, this.#limits.bytes + 4_096))
    this.#open()
    return message
  }

  #open(): void {
    const out = this.#out.call(METHOD)
    out.binaryField(1, this.#table)
    out.field(TYPE.list, 2)
    out.u8(TYPE.struct)
    this.#countAt = out.at
    out.i32(0)
    this.puts = 0
  }
}
