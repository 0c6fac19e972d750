/**
 * Owns a Thrift message while it is written: the binary protocol, big-endian, behind four bytes of room for the length
 * that a frame begins with. It grows as needed; what is in it is never looked at again.
 */

/** The types of the binary protocol, of which HBase uses these. */
export const TYPE = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  binary: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const

/** The length of a frame stands before the message. */
export const FRAME_HEAD = 4
/** Up to here it is cheaper to copy byte by byte than to ask the host. */
const SHORT = 40

export class BinaryWriter {
  bytes: Buffer
  at: number = FRAME_HEAD
  /** Where the current message keeps the number that its reply must repeat. */
  #sequenceAt = 0

  constructor(size: number = 1_024) {
    this.bytes = Buffer.allocUnsafe(size)
  }

  /** Begins a message that calls a method. */
  call(method: string): this {
    this.at = FRAME_HEAD
    this.i32(VERSION_CALL)
    this.text(method)
    this.#sequenceAt = this.at
    this.i32(0)
    return this
  }

  /** The message with its frame's length; `sequenceAt` says where its number goes. */
  finish(method: string): Message {
    const bytes = this.bytes.subarray(0, this.at)
    bytes.writeInt32BE(this.at - FRAME_HEAD, 0)
    return { method, bytes, sequenceAt: this.#sequenceAt }
  }

  reserve(size: number): void {
    const needed = this.at + size
    if (needed <= this.bytes.length) return
    const bytes = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length))
    this.bytes.copy(bytes, 0, 0, this.at)
    this.bytes = bytes
  }

  u8(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
  }

  i16(value: number): void {
    this.reserve(2)
    this.at = this.bytes.writeInt16BE(value, this.at)
  }

  i32(value: number): void {
    this.reserve(4)
    this.at = putInt32(this.bytes, this.at, value)
  }

  /** A safe integer. */
  i64(value: number): void {
    this.reserve(8)
    this.at = putInt64(this.bytes, this.at, value)
  }

  field(type: number, id: number): void {
    this.reserve(3)
    this.at = putField(this.bytes, this.at, type, id)
  }

  binary(value: Uint8Array): void {
    this.reserve(4 + value.length)
    this.at = putBinary(this.bytes, this.at, value)
  }

  text(value: string): void {
    const size = Buffer.byteLength(value)
    this.reserve(4 + size)
    this.i32(size)
    this.at += this.bytes.write(value, this.at)
  }

  list(type: number, count: number): void {
    this.u8(type)
    this.i32(count)
  }

  stop(): void {
    this.u8(TYPE.stop)
  }

  binaryField(id: number, value: Uint8Array): void {
    this.field(TYPE.binary, id)
    this.binary(value)
  }

  i32Field(id: number, value: number): void {
    this.field(TYPE.i32, id)
    this.i32(value)
  }

  i64Field(id: number, value: number): void {
    this.field(TYPE.i64, id)
    this.i64(value)
  }

  boolField(id: number, value: boolean): void {
    this.field(TYPE.bool, id)
    this.u8(value ? 1 : 0)
  }
}

/** A call as it goes over the wire. Its bytes are the connection's until the reply is there. */
export interface Message {
  readonly method: string
  readonly bytes: Buffer
  readonly sequenceAt: number
}

const VERSION_CALL = 0x8001_0001 - 2 ** 32

export function putInt32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
  return at + 4
}

export function putInt64(bytes: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 2 ** 32)
  return putInt32(bytes, putInt32(bytes, at, high), value - high * 2 ** 32)
}

export function putField(bytes: Buffer, at: number, type: number, id: number): number {
  bytes[at] = type
  bytes[at + 1] = id >>> 8
  bytes[at + 2] = id
  return at + 3
}

export function putBinary(bytes: Buffer, at: number, value: Uint8Array): number {
  return putBytes(bytes, putInt32(bytes, at, value.length), value)
}

export function putBytes(bytes: Buffer, at: number, value: Uint8Array): number {
  const size = value.length
  if (size <= SHORT) for (let i = 0; i < size; i++) bytes[at + i] = value[i] as number
  else bytes.set(value, at)
  return at + size
}

/** Each character is a byte. */
export function putLatin1(bytes: Buffer, at: number, text: string): number {
  return putInt32(bytes, at, text.length) + bytes.write(text, at + 4, 'latin1')
}
