/**
 * Owns bytes that are written and read one after the other: a writer and a reader of a few primitives, and accumulators
 * that are nothing but numbers. Numbers are little-endian, lengths are base-128.
 */
import { StreamError } from '../errors/stream-error.ts'

/** How many bytes a length takes. */
export function lengthBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/** Writes a safe integer that is not negative, where there is room for it; says where it ends. */
export function putLength(bytes: Uint8Array, at: number, value: number): number {
  let [rest, to] = [value, at]
  // Division, not shifts: a safe integer has 53 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) + 128
  bytes[to++] = rest
  return to
}

/** Bytes that grow as they are written. */
export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(64)
  /** Made when it is needed: most of what is written here has no numbers of 8 bytes in it. */
  #view: DataView | undefined
  #size = 0

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#size++] = value
  }

  f64(value: number): void {
    this.#reserve(8)
    this.#view ??= new DataView(this.#bytes.buffer)
    this.#view.setFloat64(this.#size, value, true)
    this.#size += 8
  }

  /** A safe integer that is not negative. */
  length(value: number): void {
    this.#reserve(8)
    this.#size = putLength(this.#bytes, this.#size, value)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#size)
    this.#size += bytes.length
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  #reserve(size: number): void {
    const needed = this.#size + size
    if (needed <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#view = undefined
  }
}

/** Reads what ByteWriter wrote. Throws StreamError BAD_BYTES where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #view: DataView | undefined
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number
  }

  f64(): number {
    const { buffer, byteOffset, byteLength } = this.#bytes
    this.#view ??= new DataView(buffer, byteOffset, byteLength)
    return this.#view.getFloat64(this.#take(8), true)
  }

  length(): number {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.u8()
      value += (byte % 128) * unit
      if (byte < 128) return value
      if (unit > Number.MAX_SAFE_INTEGER) throw badBytes('a length of too many bytes')
    }
  }

  /** A copy, so that what is decoded does not hold on to the bytes it came from. */
  raw(size: number): Uint8Array {
    const start = this.#take(size)
    return this.#bytes.slice(start, start + size)
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  end(): void {
    if (this.left !== 0) throw badBytes(`${this.left} bytes too many`)
  }

  #take(size: number): number {
    if (size > this.left) throw badBytes(`an end after ${this.#bytes.length} bytes`)
    const start = this.#at
    this.#at += size
    return start
  }
}

/** The error for bytes that no `encode` of ours has written. */
export function badBytes(found: string): StreamError {
  const remedy = 'They were damaged, or the aggregate was changed since: start the state anew.'
  const expected = 'what encode of the same aggregator has written'
  return new StreamError('BAD_BYTES', `The bytes of an accumulator: found ${found}, expected ${expected}. ${remedy}`)
}

/** Numbers side by side, 8 bytes each. */
export function encodeNumbers(...numbers: readonly number[]): Uint8Array {
  const writer = new ByteWriter()
  for (const number of numbers) writer.f64(number)
  return writer.finish()
}

/** Takes back `count` numbers. */
export function decodeNumbers(bytes: Uint8Array, count: number): number[] {
  const reader = new ByteReader(bytes)
  const numbers = Array.from({ length: count }, () => reader.f64())
  reader.end()
  return numbers
}
