/**
 * Owns where a cell lies in a table and what its stored value is. A row holds a stretch of windows of one key:
 * [salt][aggregation, length first][key, length first][end of the stretch]; the qualifier is the window's end and start
 * and the id of a correction; the timestamp is the version. Part of the format of stores: changed only with FORMAT.
 */
import { createHash } from 'node:crypto'
import { type Cell, problem, show } from '@tidemark/core'
import { putBytes, putInt32 } from '../thrift/binary-writer.ts'
import type { StoredCell } from '../thrift/methods.ts'

export const FORMAT = 1
export const FAMILY: Buffer = Buffer.from('d')

/** How many windows of a key one row is made for. */
const WINDOWS_IN_ROW = 64
/** A row of HBase has at most 32,767 bytes; a longer key is found by its digest and kept in a cell of its own. */
const LONGEST_KEY = 30_000
const DIGEST_BYTES = 32
const BY_DIGEST = 0xffff
const LONGEST_NAME = 1_000
const TIME_BYTES = 8
const WINDOW_BYTES = 2 * TIME_BYTES
const SIGN = 0x8000_0000

export const TAG = { withdrawn: 0, value: 1, key: 2 } as const
/** Of the cell that keeps a long key. */
const KEY_QUALIFIER = Buffer.alloc(0)
const NOTHING = new Uint8Array(0)

export interface Places {
  readonly aggregation: string
  readonly salts: number
  readonly windowMs: number
}

/** One cell as it is to be stored. */
export interface Stored {
  readonly qualifier: Buffer
  readonly tag: number
  readonly value: Uint8Array
  readonly timestamp: number
}

/** A row that a scan may start at or stop before. */
export interface RowRange {
  readonly start: Buffer
  readonly stop: Buffer
  /** How many rows there can be at most. */
  readonly most: number
}

export class Layout {
  readonly #places: Places
  /** How long the stretch of one row is. */
  readonly spanMs: number
  /** Salt to be filled in, then the aggregation. */
  readonly #head: Buffer
  /** Where rows are put together that are wanted as text. */
  readonly #scratch: Buffer

  constructor(places: Places) {
    const name = Buffer.from(places.aggregation)
    if (name.length > LONGEST_NAME) {
      throw problem('HBASE_BAD_NAME', 'The name of results in HBase', {
        found: `${name.length} bytes`,
        expected: `at most ${LONGEST_NAME}`,
        remedy: 'Choose a shorter one: it is part of every row.',
      })
    }
    this.#places = places
    this.spanMs = Math.min(places.windowMs * WINDOWS_IN_ROW, 2 ** 52)
    this.#head = Buffer.alloc(3 + name.length)
    this.#head.writeUInt16BE(name.length, 1)
    name.copy(this.#head, 3)
    this.#scratch = Buffer.allocUnsafe(this.#head.length + 2 + LONGEST_KEY + TIME_BYTES)
  }

  /** The part of a row that all windows of a key share; `rowOf` completes it. */
  prefixOf(key: Uint8Array): Buffer {
    const size = this.#head.length + 2 + (key.length > LONGEST_KEY ? DIGEST_BYTES : key.length)
    const prefix = Buffer.allocUnsafe(size)
    this.#writePrefix(prefix, key)
    return prefix
  }

  /** The bytes of the row of a key's window, a character each: what many rows are told apart by. */
  rowText(key: Uint8Array, end: number): string {
    const row = this.#scratch
    const at = this.#writePrefix(row, key)
    writeTime(row, at, this.stretchOf(end))
    return row.toString('latin1', 0, at + TIME_BYTES)
  }

  #writePrefix(bytes: Buffer, key: Uint8Array): number {
    const byDigest = key.length > LONGEST_KEY
    const part = byDigest ? createHash('sha256').update(key).digest() : key
    const at = putBytes(bytes, 0, this.#head)
    bytes[at] = (byDigest ? BY_DIGEST : part.length) >>> 8
    bytes[at + 1] = byDigest ? BY_DIGEST : part.length
    const end = putBytes(bytes, at + 2, part)
    bytes[0] = saltOf(bytes, end, this.#places.salts)
    return end
  }

  rowOf(prefix: Buffer, end: number): Buffer {
    const row = Buffer.allocUnsafe(prefix.length + TIME_BYTES)
    prefix.copy(row)
    writeTime(row, prefix.length, this.stretchOf(end))
    return row
  }

  /** The end of the stretch that a window's end lies in: the first multiple of the span that is not before it. */
  stretchOf(end: number): number {
    const over = end % this.spanMs
    const stretch = over === 0 ? end : over > 0 ? end - over + this.spanMs : end - over
    // At the edge of time the last stretch is shorter.
    return Math.min(stretch, Number.MAX_SAFE_INTEGER) + 0
  }

  /** Rows with windows of a key whose ends are in (from, to]; undefined: there can be none. */
  rowsOf(prefix: Buffer, from: number, to: number): RowRange | undefined {
    const first = Math.max(Math.floor(from) + 1, Number.MIN_SAFE_INTEGER)
    const last = Math.min(Math.floor(to), Number.MAX_SAFE_INTEGER)
    if (!(first <= last)) return undefined
    const stop = Buffer.concat([this.rowOf(prefix, last), ZERO])
    const most = Math.round((this.stretchOf(last) - this.stretchOf(first)) / this.spanMs) + 1
    return { start: this.rowOf(prefix, first), stop, most }
  }

  /** All rows of one salt. */
  rowsOfSalt(salt: number): RowRange {
    const start = Buffer.from(this.#head)
    start[0] = salt
    return { start, stop: after(start), most: Number.POSITIVE_INFINITY }
  }

  /** What keeps the key of a row, where the row does not; the same for all puts of the row. */
  keyCell(key: Uint8Array, end: number): Stored | undefined {
    if (key.length <= LONGEST_KEY) return undefined
    // As new as any window of the row, so that whoever leaves out old cells still finds it.
    return { qualifier: KEY_QUALIFIER, tag: TAG.key, value: key, timestamp: Math.max(this.stretchOf(end), 0) }
  }

  /** The key of a row, if the row or one of its cells has it. */
  keyOf(row: Buffer, cells: readonly StoredCell[]): Uint8Array | undefined {
    const at = this.#head.length
    const length = row.length < at + 2 ? -1 : row.readUInt16BE(at)
    const size = length === BY_DIGEST ? DIGEST_BYTES : length
    if (row.length !== at + 2 + size + TIME_BYTES) throw notOurs(`a row of ${row.length} bytes`)
    if (length !== BY_DIGEST) return new Uint8Array(row.subarray(at + 2, at + 2 + size))
    const kept = cells.find(({ qualifier }) => qualifier.length === 0)
    if (kept === undefined) return undefined
    if (kept.value[0] !== TAG.key) throw notOurs('another value where a key is kept')
    return new Uint8Array(kept.value.subarray(1))
  }
}

/** The first byte of rows about the table and of registers; salts are smaller. */
const META = 0xff

/** A row that holds no cells: of the table, of one set of results, or of a register. */
export function metaRow(kind: 'scheme' | 'results' | 'register', ...names: readonly string[]): Buffer {
  const parts = [kind, ...names].flatMap((text) => {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat([Buffer.from([META]), ...parts])
}

/** @throws StreamError for what HBase cannot keep, or not in order */
export function checkCell({ start, end, epoch, revision }: Cell): void {
  if (epoch !== 0) {
    throw problem('HBASE_EPOCH', 'A result for HBase', {
      found: `epoch ${epoch}`,
      expected: 'epoch 0: HBase orders cells by one number, which is the revision',
      remedy: 'Give the job a checkpoint, so that it restarts with what it knew; write a reset under a new name.',
    })
  }
  // Beyond this the version would not be a number that everybody can count with.
  const newest = Math.max(end, 0) + revision
  if (
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    Number.isSafeInteger(revision) &&
    revision >= 0 &&
    newest < Number.MAX_SAFE_INTEGER
  )
    return
  throw problem('HBASE_BAD_WINDOW', 'A result for HBase', {
    found: `the window ${show([String(start), String(end)])} with revision ${revision}`,
    expected: 'a start and an end in whole milliseconds, and an end that is not infinite',
    remedy: 'Windows that never end do not become old: keep their results in another store.',
  })
}

/** As it is stored; `into`, of 16 bytes, takes the qualifier of what is no correction. */
export function storedCell(cell: Cell, into: Buffer = Buffer.allocUnsafe(WINDOW_BYTES)): Stored {
  const { start, end, correction, revision, value } = cell
  const qualifier = correction === '' ? into : Buffer.allocUnsafe(sizeOfQualifier(cell))
  writeTime(qualifier, 0, end)
  writeTime(qualifier, TIME_BYTES, start)
  if (correction !== '') qualifier.write(correction, WINDOW_BYTES)
  const timestamp = versionOf(end, revision)
  if (value === null) return { qualifier, tag: TAG.withdrawn, value: NOTHING, timestamp }
  return { qualifier, tag: TAG.value, value, timestamp }
}

export function sizeOfQualifier({ correction }: Cell): number {
  return correction === '' ? WINDOW_BYTES : WINDOW_BYTES + Buffer.byteLength(correction)
}

/** Versions of one window are in order; versions of two never meet, because they lie in different cells. */
export function versionOf(end: number, revision: number): number {
  return Math.max(end, 0) + revision
}

/** The window's end: what tells without more whether a cell is wanted; undefined for the cell that keeps a key. */
export function endOf({ qualifier }: StoredCell): number | undefined {
  if (qualifier.length === 0) return undefined
  if (qualifier.length < WINDOW_BYTES) throw notOurs(`a qualifier of ${qualifier.length} bytes`)
  return readTime(qualifier, 0)
}

/** @throws StreamError HBASE_NOT_OURS for a cell that this package has not written */
export function cellOf({ qualifier, value, timestamp }: StoredCell, key: Uint8Array, end: number): Cell {
  const tag = value[0]
  const revision = timestamp - Math.max(end, 0)
  if ((tag !== TAG.withdrawn && tag !== TAG.value) || revision < 0)
    throw notOurs(`a value that begins with ${tag} at time ${timestamp}`)
  return {
    key,
    start: readTime(qualifier, TIME_BYTES),
    end,
    correction: qualifier.length === WINDOW_BYTES ? '' : qualifier.toString('utf8', WINDOW_BYTES),
    epoch: 0,
    revision,
    // A copy: a view would keep the whole reply.
    value: tag === TAG.withdrawn ? null : new Uint8Array(value.subarray(1)),
  }
}

export function notOurs(found: string): Error {
  return problem('HBASE_NOT_OURS', 'A row of a table in HBase', {
    found,
    expected: 'what this package writes',
    remedy: 'Somebody else writes into the table: give the store one of its own.',
  })
}

const ZERO = Buffer.alloc(1)

/** The first bytes that do not begin with these; the last of them is not 255. */
function after(bytes: Buffer): Buffer {
  const stop = Buffer.from(bytes)
  stop[stop.length - 1] = (stop.at(-1) as number) + 1
  return stop
}

/** Times in the order of bytes: big-endian with the sign bit turned. */
function writeTime(bytes: Buffer, at: number, time: number): void {
  const high = Math.floor(time / 2 ** 32)
  putInt32(bytes, putInt32(bytes, at, high ^ SIGN), time - high * 2 ** 32)
}

function readTime(bytes: Buffer, at: number): number {
  const time = ((bytes.readUInt32BE(at) ^ SIGN) | 0) * 2 ** 32 + bytes.readUInt32BE(at + 4)
  if (!Number.isSafeInteger(time)) throw notOurs('a time that is no whole number of milliseconds')
  return time
}

/** FNV-1a over everything behind the salt. */
function saltOf(prefix: Buffer, length: number, salts: number): number {
  let hash = 0x811c_9dc5
  for (let i = 1; i < length; i++) hash = Math.imul(hash ^ (prefix[i] as number), 0x0100_0193)
  // Its low bits alone tell short keys badly apart.
  return ((hash ^ (hash >>> 16)) >>> 0) % salts
}
