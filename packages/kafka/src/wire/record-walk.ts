/**
 * Owns walking the records of one batch in place: one object for all of them, which says where in the buffer the key,
 * value and headers of the record in hand lie. Nothing is copied or made per record. Every length is checked against
 * what is left, so garbage ends in an error and never in a hang or a large allocation.
 */
import { LEAST_RECORD_BYTES } from './layout.ts'
import { malformed } from './malformed.ts'

/** A range [start, end) of the buffer; `start` is −1 for null. */
export interface Range {
  start: number
  end: number
}

export class RecordWalk {
  bytes: Uint8Array = new Uint8Array(0)
  /** Of the record in hand: its offset and timestamp, and where its parts lie (a start of −1: null). */
  offsetDelta = 0
  timestamp = 0
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  /** Where the count of headers stands. */
  headersAt = 0
  recordEnd = 0
  /** Records that have not been walked over. */
  left = 0
  #at = 0
  #end = 0
  #last = 0
  #baseTimestamp = 0n
  #base = 0
  #fixed = false

  /** Takes a batch in hand: `count` records in bytes[start, end). With `fixed` every record has the base timestamp. */
  start(
    bytes: Uint8Array,
    start: number,
    end: number,
    count: number,
    lastDelta: number,
    base: bigint,
    fixed: boolean,
  ): void {
    if (count < 0 || count * LEAST_RECORD_BYTES > end - start) {
      throw malformed(
        'A record batch',
        `${count} records in ${end - start} bytes`,
        `${LEAST_RECORD_BYTES} bytes or more for each`,
      )
    }
    this.bytes = bytes
    this.left = count
    this.#at = start
    this.#end = end
    this.#last = lastDelta
    this.#baseTimestamp = base
    this.#base = Number(base)
    this.#fixed = fixed
  }

  /** Goes to the next record; false when there is none. */
  next(): boolean {
    if (this.left === 0) {
      if (this.#at !== this.#end)
        throw malformed('A record batch', `${this.#end - this.#at} bytes behind its last record`, 'none')
      return false
    }
    const length = this.#varint()
    const end = this.#at + length
    if (length < LEAST_RECORD_BYTES - 1 || end > this.#end) {
      throw malformed('A record', `a length of ${length}`, `${LEAST_RECORD_BYTES - 1} to ${this.#end - this.#at}`)
    }
    this.recordEnd = end
    // Attributes of records have no meaning so far.
    this.#at++
    this.timestamp = this.#timestamp()
    this.offsetDelta = this.#varint()
    if (this.offsetDelta < 0 || this.offsetDelta > this.#last) {
      throw malformed('A record', `an offset delta of ${this.offsetDelta}`, `0 to ${this.#last}, the last of its batch`)
    }
    const keyLength = this.#length('key', end)
    this.keyStart = keyLength < 0 ? -1 : this.#at
    if (keyLength > 0) this.#at += keyLength
    this.keyEnd = keyLength < 0 ? -1 : this.#at
    const valueLength = this.#length('value', end)
    this.valueStart = valueLength < 0 ? -1 : this.#at
    if (valueLength > 0) this.#at += valueLength
    this.valueEnd = valueLength < 0 ? -1 : this.#at
    this.headersAt = this.#at
    // Most records have none; what is inside others is looked at only when asked for.
    if (end - this.#at !== 1 || this.bytes[this.#at] !== 0) this.#checkHeaders(end)
    this.#at = end
    this.left--
    return true
  }

  #checkHeaders(end: number): void {
    const count = this.#varint()
    if (count < 0 || count * 2 > end - this.#at) {
      throw malformed('A record', `${count} headers in ${end - this.#at} bytes`, '2 bytes or more for each')
    }
    for (let i = 0; i < count; i++) {
      const key = this.#length('header key', end)
      if (key < 0) throw malformed('A record', 'a header without a key', 'a key for each header')
      this.#at += key
      const value = this.#length('header value', end)
      if (value > 0) this.#at += value
    }
    if (this.#at !== end) throw malformed('A record', `${end - this.#at} bytes behind its headers`, 'none')
  }

  /** A length that must fit in front of `end`; −1: null. */
  #length(what: string, end: number): number {
    const length = this.#varint()
    if (length < -1 || length > end - this.#at) {
      throw malformed('A record', `a ${what} of ${length} bytes`, `−1 (null) to ${end - this.#at}`)
    }
    return length
  }

  #varint(): number {
    const { bytes } = this
    let at = this.#at
    let byte = bytes[at++] as number
    if (byte < 0x80 && at <= this.#end) {
      this.#at = at
      return (byte >>> 1) ^ -(byte & 1)
    }
    let value = byte & 0x7f
    let shift = 7
    do {
      if (at >= this.#end || shift > 28) throw malformed('A record', 'a number that does not end', 'a 32-bit varint')
      byte = bytes[at++] as number
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f)
    this.#at = at
    return (value >>> 1) ^ -(value & 1)
  }

  #timestamp(): number {
    const { bytes } = this
    const start = this.#at
    let at = start
    let value = 0
    let factor = 1
    let byte: number
    do {
      if (at >= this.#end || at - start > 9)
        throw malformed('A record', 'a timestamp that does not end', 'a 64-bit varint')
      byte = bytes[at++] as number
      value += (byte & 0x7f) * factor
      factor *= 128
    } while (byte > 0x7f)
    this.#at = at
    if (this.#fixed) return this.#base
    // Up to seven bytes everything is exact in a double.
    if (at - start <= 7) return this.#base + (value % 2 === 0 ? value / 2 : -(value + 1) / 2)
    return this.#wideTimestamp(start, at)
  }

  #wideTimestamp(start: number, end: number): number {
    let zigzag = 0n
    for (let at = end - 1; at >= start; at--) zigzag = (zigzag << 7n) | BigInt((this.bytes[at] as number) & 0x7f)
    const delta = BigInt.asIntN(64, (zigzag >> 1n) ^ -(zigzag & 1n))
    return Number(BigInt.asIntN(64, this.#baseTimestamp + delta))
  }
}
