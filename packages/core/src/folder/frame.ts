/**
 * Owns the bytes of a checkpoint file: a header that tells whether the file is whole, and the payload.
 *
 * | bytes | field |
 * |---|---|
 * | 0–7 | 'TIDEMARK' |
 * | 8–11 | format version, big-endian |
 * | 12–19 | length of the payload, big-endian |
 * | 20–51 | sha256 of bytes 0–19 and the payload |
 * | 52… | the payload: a structured clone by node:v8 |
 */
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { StreamError } from '../errors/stream-error.ts'

const MAGIC = 'TIDEMARK'
const FORMAT = 1
const SUM_AT = 20
const PAYLOAD_AT = 52

/** Why a file is not a whole checkpoint, in words. */
export class Damage {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/** @throws StreamError CHECKPOINT_NOT_PLAIN when the value holds what cannot be kept */
export function encodeFrame(job: string, value: unknown): Uint8Array {
  const payload = plainBytes(job, value)
  const frame = Buffer.alloc(PAYLOAD_AT + payload.byteLength)
  frame.write(MAGIC, 'latin1')
  frame.writeUInt32BE(FORMAT, 8)
  frame.writeBigUInt64BE(BigInt(payload.byteLength), 12)
  frame.set(payload, PAYLOAD_AT)
  frame.set(sumOf(frame), SUM_AT)
  return frame
}

/** @throws StreamError CHECKPOINT_FORMAT for a whole file that this version cannot read */
export function decodeFrame(path: string, bytes: Uint8Array): { readonly value: unknown } | Damage {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (frame.byteLength < PAYLOAD_AT) return new Damage(`${frame.byteLength} bytes, less than a header`)
  if (frame.toString('latin1', 0, 8) !== MAGIC) return new Damage('another kind of file, or a damaged header')
  const length = frame.readBigUInt64BE(12)
  if (length !== BigInt(frame.byteLength - PAYLOAD_AT))
    return new Damage(`${frame.byteLength - PAYLOAD_AT} bytes of payload where the header says ${length}`)
  if (!sumOf(frame).equals(frame.subarray(SUM_AT, PAYLOAD_AT))) return new Damage('a checksum that does not fit')
  const format = frame.readUInt32BE(8)
  if (format !== FORMAT) throw unreadable(path, `format ${format}`, `format ${FORMAT}`)
  try {
    return { value: deserialize(frame.subarray(PAYLOAD_AT)) }
  } catch (cause) {
    throw unreadable(
      path,
      cause instanceof Error ? cause.message : String(cause),
      `a payload that Node ${process.version} can read`,
      cause,
    )
  }
}

function sumOf(frame: Buffer): Buffer {
  return createHash('sha256').update(frame.subarray(0, SUM_AT)).update(frame.subarray(PAYLOAD_AT)).digest()
}

function unreadable(path: string, found: string, expected: string, cause?: unknown): StreamError {
  return new StreamError(
    'CHECKPOINT_FORMAT',
    `The checkpoint '${path}': found ${found}, expected ${expected}. It is whole: go back to the versions of Tidemark and Node that wrote it, or newer ones.`,
    { cause },
  )
}

function plainBytes(job: string, value: unknown): Uint8Array {
  const refused = refusal(value)
  if (refused instanceof Uint8Array) return refused
  const { path, what } = culprit(value)
  throw new StreamError(
    'CHECKPOINT_NOT_PLAIN',
    `The checkpoint of '${job}': found ${what} at ${path}, expected plain values (objects, arrays, Map, Set, Date, bigint, bytes). Keep only such values in records, keys and accumulators, or give the aggregator encode and decode.`,
    { cause: refused },
  )
}

/** The value as bytes, or why it cannot be. */
function refusal(value: unknown): Uint8Array | Error {
  try {
    return serialize(value)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The innermost part that cannot be kept. Slow: only for the error. */
function culprit(value: unknown): { readonly path: string; readonly what: string } {
  const seen = new Set<unknown>()
  let path = 'checkpoint'
  let at = value
  while (typeof at === 'object' && at !== null && !seen.has(at)) {
    seen.add(at)
    const bad = partsOf(at).find(([, part]) => !seen.has(part) && !(refusal(part) instanceof Uint8Array))
    if (bad === undefined) break
    path += bad[0]
    at = bad[1]
  }
  return { path, what: describe(at) }
}

function partsOf(value: object): (readonly [string, unknown])[] {
  if (value instanceof Map)
    return [...value].flatMap(
      ([key, part], i) =>
        [
          [`.key(${i})`, key],
          [`.get(${typeof key === 'string' ? `'${key}'` : i})`, part],
        ] as const,
    )
  if (value instanceof Set) return [...value].map((part, i) => [`.values(${i})`, part] as const)
  const parts: (readonly [string, unknown])[] = []
  for (const name of Object.keys(value)) {
    const shown = Array.isArray(value) ? `[${name}]` : /^[\w$]+$/.test(name) ? `.${name}` : `['${name}']`
    try {
      parts.push([shown, (value as Record<string, unknown>)[name]])
    } catch {
      // A getter that throws is what cannot be kept: it shows as its owner.
    }
  }
  return parts
}

function describe(value: unknown): string {
  if (typeof value === 'function') return `a function (${value.name || 'without a name'})`
  if (typeof value === 'symbol') return String(value)
  return `a ${(value as object | null | undefined)?.constructor?.name ?? typeof value}`
}
