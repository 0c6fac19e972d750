/** Owns the headers of a record as bytes: made once where many records share them. */
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
