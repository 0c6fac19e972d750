/**
 * Owns where results lie in Redis. One hash holds a stretch of window ends of one key: so few that it stays a listpack.
 *
 * | what | bytes |
 * |---|---|
 * | key of a bucket | `tm{` length of the name, `:`, name, key, `}`, bucket end |
 * | field | end of the window before the bucket's end, length of the window, id of a correction |
 * | value | epoch (3), revision (6), 1 or 0 for withdrawn, payload |
 *
 * The braces make all buckets of a key lie in one slot of a cluster. The name is of a given length and the bucket end of
 * eight bytes, so no two keys share bytes. Versions are of fixed width: Redis compares them as text.
 */
import { type Cell, problem } from '@tidemark/core'

/** Windows that fit into a hash that is a listpack, by default settings of the server. */
const WINDOWS_PER_BUCKET = 128
/** Key, tag and braces. */
const HEAD = 'tm{'
const CLOSE = 0x7d
/** Length of a version. */
const VERSION_BYTES = 9
const MOST_EPOCH = 2 ** 24
const MOST_REVISION = 2 ** 48
export class Layout {
  readonly spanMs: number
  readonly #prefix: Buffer
  /** Where keys are put together that are wanted as text. */
  #scratch: Buffer = Buffer.allocUnsafe(128)

  constructor(name: string, windowMs: number) {
    const bytes = Buffer.from(name)
    this.#prefix = Buffer.concat([Buffer.from(`${HEAD}${bytes.length}:`), bytes])
    this.spanMs = Math.max(1, Math.floor(windowMs)) * WINDOWS_PER_BUCKET
  }

  /** What all keys of the aggregation begin with. */
  get prefix(): Buffer {
    return this.#prefix
  }

  /** The end of the bucket that a window end lies in: buckets are (end − span, end]. */
  bucketOf(end: number): number {
    if (!Number.isSafeInteger(end)) {
      throw problem('BAD_WINDOW', 'The window of a result', {
        found: `an end at ${end}`,
        expected: 'whole milliseconds',
        remedy: 'A window without an end is never served from a store.',
      })
    }
    // No −0.
    return Math.ceil(end / this.spanMs) * this.spanMs + 0
  }

  bucketKey(key: Uint8Array, bucket: number): Buffer {
    const bytes = Buffer.allocUnsafe(this.#lengthOf(key))
    this.#writeKey(bytes, key, bucket)
    return bytes
  }

  /** The same, a character for each byte: what many buckets are told apart by. */
  bucketText(key: Uint8Array, bucket: number): string {
    const length = this.#lengthOf(key)
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(2 * length)
    this.#writeKey(this.#scratch, key, bucket)
    return this.#scratch.toString('latin1', 0, length)
  }

  #lengthOf(key: Uint8Array): number {
    return this.#prefix.length + key.length + 9
  }

  #writeKey(bytes: Buffer, key: Uint8Array, bucket: number): void {
    bytes.set(this.#prefix)
    bytes.set(key, this.#prefix.length)
    const at = this.#prefix.length + key.length
    bytes[at] = CLOSE
    // The sign bit is turned, so that the order of bytes is that of times.
    const high = Math.floor(bucket / 2 ** 32)
    bytes.writeInt32BE(high ^ 0x8000_0000, at + 1)
    bytes.writeUInt32BE(bucket - high * 2 ** 32, at + 5)
  }

  /** The user's key and the bucket of a key of Redis; undefined: it is another's. */
  parse(bytes: Buffer): { readonly key: Buffer; readonly bucket: number } | undefined {
    const at = bytes.length - 9
    const { length } = this.#prefix
    if (at < length || bytes[at] !== CLOSE || !bytes.subarray(0, length).equals(this.#prefix)) return undefined
    return { key: bytes.subarray(length, at), bucket: Number(bytes.readBigUInt64BE(at + 1) - 2n ** 63n) }
  }
}

/** @throws StreamError for what cannot be kept */
export function checkCell({ start, end, epoch, revision }: Omit<Cell, 'key'>): void {
  if (!Number.isSafeInteger(start) || start > end) {
    throw problem('BAD_WINDOW', 'The window of a result', {
      found: `[${start}, ${end})`,
      expected: 'a start in whole milliseconds, not after the end',
      remedy: 'See the assigner of its windows.',
    })
  }
  if (!isNatural(epoch, MOST_EPOCH) || !isNatural(revision, MOST_REVISION)) {
    throw problem('BAD_VERSION', 'The version of a result', {
      found: `epoch ${epoch}, revision ${revision}`,
      expected: 'whole numbers of at most 24 and 48 bits',
      remedy: 'Write results anew under another name.',
    })
  }
}

/** Where a window lies in its bucket. */
export function encodeField(
  { start, end, correction }: Pick<Cell, 'start' | 'end' | 'correction'>,
  bucket: number,
): Buffer {
  const [before, size] = [bucket - end, end - start]
  const length = naturalLength(before) + naturalLength(size)
  const bytes = Buffer.allocUnsafe(correction === '' ? length : length + Buffer.byteLength(correction))
  writeNatural(bytes, writeNatural(bytes, 0, before), size)
  if (correction !== '') bytes.write(correction, length)
  return bytes
}

/** One field of a hash as a cell, with the key as it is given. @throws StreamError REDIS_NOT_OURS for what this package has not written */
export function decodeCell(key: Uint8Array, bucket: number, field: Buffer, value: Buffer): Cell {
  const [before, next] = readNatural(field, 0)
  const [size, at] = readNatural(field, next)
  if (value.length < VERSION_BYTES + 1 || !(at <= field.length)) {
    throw problem('REDIS_NOT_OURS', 'A stored result', {
      found: `a field of ${field.length} and a value of ${value.length} bytes`,
      expected: 'what this package writes',
      remedy: 'Somebody else writes keys that begin with tm: give the results a name of their own.',
    })
  }
  const end = bucket - before
  return {
    key,
    start: end - size,
    end,
    correction: at === field.length ? '' : field.toString('utf8', at),
    epoch: value.readUIntBE(0, 3),
    revision: value.readUIntBE(3, 6),
    value: value[VERSION_BYTES] === 0 ? null : new Uint8Array(value.subarray(VERSION_BYTES + 1)),
  }
}

export function encodeValue({ epoch, revision, value }: Pick<Cell, 'epoch' | 'revision' | 'value'>): Buffer {
  const bytes = Buffer.allocUnsafe(VERSION_BYTES + 1 + (value?.length ?? 0))
  bytes.writeUIntBE(epoch, 0, 3)
  bytes.writeUIntBE(revision, 3, 6)
  bytes[VERSION_BYTES] = value === null ? 0 : 1
  if (value !== null) bytes.set(value, VERSION_BYTES + 1)
  return bytes
}

function isNatural(value: number, limit: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < limit
}

function naturalLength(value: number): number {
  let length = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++
  return length
}

function writeNatural(bytes: Buffer, at: number, value: number): number {
  let [rest, to] = [value, at]
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) + 128
  bytes[to++] = rest
  return to
}

/** The number, and where it ends; NaN where the bytes end before it does. */
function readNatural(bytes: Buffer, at: number): readonly [number, number] {
  let value = 0
  for (let [to, unit] = [at, 1]; to < bytes.length; unit *= 128) {
    const byte = bytes[to++] as number
    value += (byte % 128) * unit
    if (byte < 128) return [value, to]
  }
  return [Number.NaN, Number.NaN]
}
