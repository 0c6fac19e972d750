/** Owns the headers of a record as bytes: made once where many records share them, looked at only when asked for. */
import { varintSize, writeVarint } from './varint.ts'

/** The bytes of no headers. */
export const NO_HEADERS: Uint8Array = Uint8Array.of(0)

export type HeaderValue = string | Uint8Array | null

/** Headers as a record holds them; text is written in UTF-8, and a key may come more than once. */
export function encodeHeaders(headers: Iterable<readonly [key: string, value: HeaderValue]>): Uint8Array {
  const parts: [Buffer, Uint8Array | null][] = []
  let size = 0
  for (const [name, value] of headers) {
    const key = Buffer.from(name)
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    parts.push([key, bytes])
    size += varintSize(key.length) + key.length + (bytes === null ? 1 : varintSize(bytes.length) + bytes.length)
  }
  if (parts.length === 0) return NO_HEADERS
  const out = new Uint8Array(size + varintSize(parts.length))
  let at = writeVarint(out, 0, parts.length)
  for (const [key, value] of parts) {
    at = writeVarint(out, at, key.length)
    out.set(key, at)
    at = writeVarint(out, at + key.length, value === null ? -1 : value.length)
    if (value !== null) out.set(value, at)
    at += value?.length ?? 0
  }
  return out
}

/**
 * Calls back with each header that stands at a place (the count first, as `RecordWalk.headersAt` says): where its key
 * and its value lie, a start of −1 for null. The bytes have been checked by the walk.
 */
export function eachHeader(
  bytes: Uint8Array,
  at: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void,
): void {
  let place = at
  const varint = (): number => {
    let value = 0
    let shift = 0
    let byte: number
    do {
      byte = bytes[place++] as number
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f)
    return (value >>> 1) ^ -(value & 1)
  }
  const count = varint()
  for (let i = 0; i < count; i++) {
    const keyLength = varint()
    const keyStart = place
    place += keyLength
    const valueLength = varint()
    const valueStart = place
    place += Math.max(0, valueLength)
    visit(keyStart, keyStart + keyLength, valueLength < 0 ? -1 : valueStart, valueLength < 0 ? -1 : place)
  }
}

const NONE: ReadonlyMap<string, Uint8Array> = new Map()

/** Copies of the headers at a place by name: of one that comes more than once the last, and no null ones. */
export function headersAt(bytes: Uint8Array, at: number): ReadonlyMap<string, Uint8Array> {
  if (bytes[at] === 0) return NONE
  const found = new Map<string, Uint8Array>()
  eachHeader(bytes, at, (keyStart, keyEnd, valueStart, valueEnd) => {
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString()
    if (valueStart < 0) found.delete(name)
    else found.set(name, new Uint8Array(bytes.subarray(valueStart, valueEnd)))
  })
  return found
}
