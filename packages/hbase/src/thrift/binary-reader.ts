/**
 * Owns a Thrift message while it is read, strictly: nothing is read past its end, a field has the type it must have or
 * the message is refused, and what is not known is skipped within bounds.
 */
import { StreamError } from '@tidemark/core'
import { TYPE } from './binary-writer.ts'

/** Structs in structs in lists: replies of HBase need five. */
const DEEPEST = 16

export class BinaryReader {
  readonly bytes: Buffer
  at: number = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number
  }

  i16(): number {
    return this.bytes.readInt16BE(this.#take(2))
  }

  i32(): number {
    return this.bytes.readInt32BE(this.#take(4))
  }

  /** @throws StreamError HBASE_BAD_REPLY for what is no safe integer */
  i64(): number {
    const at = this.#take(8)
    const value = this.bytes.readInt32BE(at) * 2 ** 32 + this.bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw badReply(`the number ${this.bytes.readBigInt64BE(at)}`)
    return value
  }

  bool(): boolean {
    return this.u8() !== 0
  }

  /** A view into the message. */
  binary(): Buffer {
    const size = this.i32()
    if (size < 0) throw badReply(`a length of ${size}`)
    const at = this.#take(size)
    return this.bytes.subarray(at, at + size)
  }

  text(): string {
    return this.binary().toString()
  }

  /**
   * The fields of a struct, one after the other: `read` takes the value of a field it knows and says so, or it is
   * skipped.
   */
  struct(read: (id: number, type: number) => boolean): void {
    for (;;) {
      const type = this.u8()
      if (type === TYPE.stop) return
      const id = this.i16()
      if (!read(id, type)) this.skip(type)
    }
  }

  /** How many elements follow; each takes at least `least` bytes. */
  list(type: number, least: number): number {
    const found = this.u8()
    const count = this.i32()
    if (found !== type && count !== 0) throw badReply(`a list of type ${found}`, `one of type ${type}`)
    this.#checkCount(count, least)
    return count
  }

  skip(type: number, depth = 0): void {
    if (depth > DEEPEST) throw badReply(`more than ${DEEPEST} levels of structs and lists`)
    switch (type) {
      case TYPE.bool:
      case TYPE.i8:
        this.#take(1)
        return
      case TYPE.i16:
        this.#take(2)
        return
      case TYPE.i32:
        this.#take(4)
        return
      case TYPE.i64:
      case TYPE.double:
        this.#take(8)
        return
      case TYPE.binary:
        this.binary()
        return
      case TYPE.struct:
        for (;;) {
          const field = this.u8()
          if (field === TYPE.stop) return
          this.i16()
          this.skip(field, depth + 1)
        }
      case TYPE.map: {
        const [key, value] = [this.u8(), this.u8()]
        const count = this.i32()
        this.#checkCount(count, 2)
        for (let i = 0; i < count; i++) {
          this.skip(key, depth + 1)
          this.skip(value, depth + 1)
        }
        return
      }
      case TYPE.set:
      case TYPE.list: {
        const element = this.u8()
        const count = this.i32()
        this.#checkCount(count, 1)
        for (let i = 0; i < count; i++) this.skip(element, depth + 1)
        return
      }
      default:
        throw badReply(`a field of type ${type}`)
    }
  }

  /** @throws StreamError HBASE_BAD_REPLY unless everything was read */
  end(): void {
    if (this.at !== this.bytes.length) throw badReply(`${this.bytes.length - this.at} bytes behind the message`)
  }

  #checkCount(count: number, least: number): void {
    if (count < 0 || count * least > this.bytes.length - this.at) throw badReply(`a list of ${count} elements`)
  }

  #take(size: number): number {
    const { at } = this
    if (size > this.bytes.length - at) throw badReply(`an end after ${this.bytes.length} bytes`)
    this.at = at + size
    return at
  }
}

/** The error for bytes that no Thrift2 gateway of HBase sends. */
export function badReply(found: string, expected = 'a reply of a Thrift2 gateway of HBase'): StreamError {
  return new StreamError(
    'HBASE_BAD_REPLY',
    `A reply of HBase: found ${found}, expected ${expected}. Check that the address is that of a Thrift2 gateway (not Thrift1, not REST) and that its transport fits: tcp:// for a framed one, http:// for one that speaks HTTP.`,
  )
}
