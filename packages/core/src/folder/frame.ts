/**
 * Owns the bytes of a checkpoint file: a header that tells whether the file is whole, and the payload.
 *
 * | bytes | field |
 * |---|---|
 * | 0–7 | 'TIDEMARK' |
 * | 8–11 | format version, big-endian |
 * | 12–19 | length of the payload, big-endian |
 * | 20–51 | sha256 of bytes 0–19 and the payload |
 * | 52… | the payload: pieces of the checkpoint in groups, each the length (4 bytes, big-endian) and a clone by node:v8 |
 *
 * In format 1 the payload was one clone of everything. A frame is made chunk by chunk, so that large ones do not keep
 * the thread: cloning a piece, then the sum, each with turns for others in between.
 */
import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { StreamError } from '../errors/stream-error.ts'
import { notPlain } from '../io/not-plain.ts'
import type { Pause } from '../io/checkpoint.ts'
import { type Piece, joined, piecesOf } from '../io/pieces.ts'

const MAGIC = 'TIDEMARK'
const FORMAT = 2
const UNDIVIDED = 1
const SUM_AT = 20
const PAYLOAD_AT = 52
const LENGTH_SIZE = 4
/** A chunk is written or summed at a time; about a millisecond's work. */
const CHUNK_SIZE = 1 << 20

/** Why a file is not a whole checkpoint, in words. */
export class Damage {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

/**
 * The chunks of a frame, in order.
 * @throws StreamError CHECKPOINT_NOT_PLAIN when the value holds what cannot be kept
 */
export async function encodeFrame(
  job: string,
  value: unknown,
  pause: Pause = () => undefined,
  chunkSize: number = CHUNK_SIZE,
): Promise<readonly Uint8Array[]> {
  const chunks: Buffer[] = []
  let parts: Buffer[] = [Buffer.alloc(PAYLOAD_AT)]
  let size = PAYLOAD_AT
  let total = 0
  const cut = (): void => {
    total += size
    chunks.push(Buffer.concat(parts, size))
    parts = []
    size = 0
  }
  for (const bytes of plainGroups(job, value)) {
    const length = Buffer.alloc(LENGTH_SIZE)
    length.writeUInt32BE(bytes.byteLength)
    parts.push(length, bytes)
    size += LENGTH_SIZE + bytes.byteLength
    if (size >= chunkSize) cut()
    const turn = pause()
    if (turn !== undefined) await turn
  }
  if (size > 0) cut()
  const head = chunks[0] as Buffer
  head.write(MAGIC, 'latin1')
  head.writeUInt32BE(FORMAT, 8)
  head.writeBigUInt64BE(BigInt(total - PAYLOAD_AT), 12)
  const sum = createHash('sha256').update(head.subarray(0, SUM_AT))
  for (const [i, chunk] of chunks.entries()) {
    sum.update(i === 0 ? head.subarray(PAYLOAD_AT) : chunk)
    const turn = pause()
    if (turn !== undefined) await turn
  }
  head.set(sum.digest(), SUM_AT)
  return chunks
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
  if (format !== FORMAT && format !== UNDIVIDED)
    throw unreadable(path, `format ${format}`, `format ${FORMAT} or ${UNDIVIDED}`)
  try {
    const payload = frame.subarray(PAYLOAD_AT)
    return { value: format === UNDIVIDED ? deserialize(payload) : joined(groupsIn(payload)) }
  } catch (cause) {
    throw unreadable(
      path,
      cause instanceof Error ? cause.message : String(cause),
      `a payload that Node ${process.version} can read`,
      cause,
    )
  }
}

function* groupsIn(payload: Buffer): Generator<readonly Piece[], void> {
  for (let at = 0; at < payload.byteLength;) {
    const begin = at + LENGTH_SIZE
    at = begin + payload.readUInt32BE(at)
    yield deserialize(payload.subarray(begin, at)) as readonly Piece[]
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

function* plainGroups(job: string, value: unknown): Generator<Buffer, void> {
  try {
    for (const group of piecesOf(value)) yield serialize(group)
  } catch (cause) {
    const { path, what } = culprit(value)
    throw notPlain(`The checkpoint of '${job}'`, `${what} at ${path}`, cause)
  }
}

function canBeKept(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

/** The innermost part that cannot be kept. Slow: only for the error. */
function culprit(value: unknown): { readonly path: string; readonly what: string } {
  const seen = new Set<unknown>()
  let path = 'checkpoint'
  let at = value
  while (typeof at === 'object' && at !== null && !seen.has(at)) {
    seen.add(at)
    const bad = partsOf(at).find(([, part]) => !seen.has(part) && !canBeKept(part))
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
