// Thrift values of any kind, read and written without knowing a method: what the fake gateway speaks.
import { BinaryReader } from '../src/thrift/binary-reader.ts'
import { BinaryWriter, FRAME_HEAD, TYPE } from '../src/thrift/binary-writer.ts'

export type Struct = Map<number, Value>
export type Value =
  boolean | number | bigint | Buffer | Struct | readonly Value[] | readonly (readonly [Value, Value])[]

export interface CallMessage {
  readonly method: string
  readonly sequence: number
  readonly args: Struct
}

export function readCall(bytes: Buffer): CallMessage {
  const from = new BinaryReader(bytes)
  if (from.i32() !== 0x8001_0001 - 2 ** 32) throw new Error('no call')
  const method = from.text()
  const sequence = from.i32()
  const args = readStruct(from)
  from.end()
  return { method, sequence, args }
}

function readStruct(from: BinaryReader): Struct {
  const struct: Struct = new Map()
  for (let type = from.u8(); type !== TYPE.stop; type = from.u8()) struct.set(from.i16(), readValue(from, type))
  return struct
}

function readValue(from: BinaryReader, type: number): Value {
  switch (type) {
    case TYPE.bool:
      return from.bool()
    case TYPE.i8:
      return from.u8()
    case TYPE.i16:
      return from.i16()
    case TYPE.i32:
      return from.i32()
    case TYPE.i64: {
      const at = from.at
      from.skip(TYPE.i64)
      return from.bytes.readBigInt64BE(at)
    }
    case TYPE.binary:
      return Buffer.from(from.binary())
    case TYPE.struct:
      return readStruct(from)
    case TYPE.map: {
      const [key, value] = [from.u8(), from.u8()]
      return Array.from({ length: from.i32() }, () => [readValue(from, key), readValue(from, value)] as const)
    }
    case TYPE.list: {
      const element = from.u8()
      return Array.from({ length: from.i32() }, () => readValue(from, element))
    }
    default:
      throw new Error(`type ${type}`)
  }
}

/** A bare reply: message kind 2 with a result struct, or 3 with an exception. */
export function reply(method: string, sequence: number, write: (out: BinaryWriter) => void, kind = 2): Buffer {
  const out = new BinaryWriter().call(method)
  write(out)
  out.stop()
  const bytes = Buffer.from(out.finish(method).bytes.subarray(FRAME_HEAD))
  bytes.writeInt32BE((0x8001_0000 | kind) >> 0, 0)
  bytes.writeInt32BE(sequence, 8 + Buffer.byteLength(method))
  return bytes
}

/** A TIOError as the result. */
export function ioError(method: string, sequence: number, said: string, canRetry = true): Buffer {
  return reply(method, sequence, (out) => {
    out.field(TYPE.struct, 1)
    out.binaryField(1, Buffer.from(said))
    out.boolField(2, canRetry)
    out.stop()
  })
}

/** With its length before it. */
export function frame(bytes: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeInt32BE(bytes.length)
  return Buffer.concat([head, bytes])
}
