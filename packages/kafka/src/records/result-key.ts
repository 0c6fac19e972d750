/**
 * Owns the record key of results: the encoded (key, window), of a correction with its id, and the reserved keys of
 * progress. Every part has its type and length before it, so two keys have the same bytes exactly when core takes them
 * for the same, and what was encoded can be decoded.
 */
import {
  type StreamError,
  type Key,
  type KeyPart,
  type OneWindow,
  type TimeWindow,
  problem,
  show,
} from '@tidemark/core'
import { Scratch } from './scratch.ts'

const FORMAT = 1
const RESULT = 0x72
const PROGRESS = 0x70

/** Types of parts. Text that is no well-formed UTF-16 would not survive UTF-8 and is kept in its own units. */
const TYPE = {
  text: 0x73,
  units: 0x75,
  number: 0x6e,
  bigint: 0x69,
  yes: 0x54,
  no: 0x46,
  bytes: 0x62,
  tuple: 0x74,
} as const
const WINDOW = { times: 0x77, only: 0x6f } as const

export type ResultWindow = TimeWindow | OneWindow

/** What the key of a record in a results topic says. */
export type ResultKey =
  | {
      readonly kind: 'result'
      readonly key: Key
      readonly window: ResultWindow
      readonly correction: string | undefined
    }
  | { readonly kind: 'progress'; readonly task: string }

/** The record key of a result, or with an id of a correction. */
export function encodeResultKey(key: Key, window: ResultWindow, correction?: string): Uint8Array {
  const out = new Scratch()
  writeResultKey(out, key, window, correction)
  return new Uint8Array(out.view)
}

/** The same, behind what `out` holds. */
export function writeResultKey(out: Scratch, key: Key, window: ResultWindow, correction?: string): void {
  out.byte(FORMAT)
  out.byte(RESULT)
  writeKey(out, key)
  writeWindow(out, window)
  if (correction !== undefined) writePart(out, correction)
}

/** The record key of a task's progress. */
export function encodeProgressKey(task: string): Uint8Array {
  const out = new Scratch()
  out.byte(FORMAT)
  out.byte(PROGRESS)
  writePart(out, task)
  return new Uint8Array(out.view)
}

/**
 * The bytes of a user's key, which decide the partition: text and bytes as a plain producer writes them, so that a
 * result lies in the partition of its key's records; numbers, bigints and booleans as text; tuples as they are encoded
 * in a result key.
 */
export function keyBytes(key: Key): Uint8Array {
  if (typeof key === 'string') return Buffer.from(key)
  if (key instanceof Uint8Array) return key
  if (typeof key !== 'object') return Buffer.from(String(key))
  const out = new Scratch()
  writeKey(out, key)
  return new Uint8Array(out.view)
}

/** @throws StreamError BAD_RESULT_KEY for bytes that no result key has */
export function decodeResultKey(bytes: Uint8Array): ResultKey {
  const from = new Parts(bytes)
  const format = from.byte()
  if (format !== FORMAT) throw notAKey(`format ${format}`)
  const kind = from.byte()
  if (kind === PROGRESS) {
    const task = from.part()
    if (typeof task !== 'string' || !from.done) throw notAKey('no task')
    return { kind: 'progress', task }
  }
  if (kind !== RESULT) throw notAKey(`kind ${kind}`)
  const key = from.key()
  const window = from.window()
  const correction = from.done ? undefined : from.part()
  if (!from.done || (correction !== undefined && typeof correction !== 'string')) throw notAKey('more behind it')
  return { kind: 'result', key, window, correction }
}

function writeKey(out: Scratch, key: Key): void {
  if (!Array.isArray(key)) return writePart(out, key as KeyPart)
  out.byte(TYPE.tuple)
  out.length(key.length)
  for (const part of key as readonly KeyPart[]) writePart(out, part)
}

function writePart(out: Scratch, part: KeyPart): void {
  switch (typeof part) {
    case 'string':
      return writeText(out, part)
    case 'number':
      out.byte(TYPE.number)
      out.length(8)
      // Core takes −0 for 0.
      return out.double(part === 0 ? 0 : part)
    case 'bigint': {
      const digits = String(part)
      out.byte(TYPE.bigint)
      out.length(digits.length)
      out.ascii(digits)
      return
    }
    case 'boolean':
      return out.byte(part ? TYPE.yes : TYPE.no)
    default:
      out.byte(TYPE.bytes)
      out.length(part.length)
      return out.bytes(part)
  }
}

function writeText(out: Scratch, text: string): void {
  if (isAscii(text)) {
    out.byte(TYPE.text)
    out.length(text.length)
    out.ascii(text)
    return
  }
  // A lone surrogate has no UTF-8.
  const wellFormed = !/\p{Surrogate}/u.test(text)
  const bytes = Buffer.from(text, wellFormed ? 'utf8' : 'utf16le')
  out.byte(wellFormed ? TYPE.text : TYPE.units)
  out.length(bytes.length)
  out.bytes(bytes)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

function writeWindow(out: Scratch, window: ResultWindow): void {
  if ('only' in window) return out.byte(WINDOW.only)
  const { start, end } = window
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) {
    throw problem('BAD_WINDOW', 'The window of a result', {
      found: show(window),
      expected: 'a start and an end in whole milliseconds',
      remedy: 'Write results of such windows to another sink, or give the assigner windows of whole milliseconds.',
    })
  }
  out.byte(WINDOW.times)
  out.length(16)
  out.int64(start)
  out.int64(end)
}

class Parts {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw notAKey('an end in the middle')
    return byte
  }

  length(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 35; factor *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw notAKey('a length that does not end')
  }

  sized(): Buffer {
    const length = this.length()
    if (length > this.#bytes.length - this.#at) throw notAKey(`a part of ${length} bytes`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  key(): Key {
    if (this.#bytes[this.#at] !== TYPE.tuple) return this.part()
    this.#at++
    const count = this.length()
    if (count > this.#bytes.length - this.#at) throw notAKey(`a tuple of ${count} parts`)
    return Object.freeze(Array.from({ length: count }, () => this.part()))
  }

  part(): KeyPart {
    const type = this.byte()
    switch (type) {
      case TYPE.text:
        return this.sized().toString()
      case TYPE.units:
        return this.sized().toString('utf16le')
      case TYPE.number: {
        const number = this.sized()
        if (number.length !== 8) throw notAKey('a number of another size')
        return number.readDoubleBE()
      }
      case TYPE.bigint: {
        const digits = this.sized().toString('latin1')
        if (!/^-?[0-9]+$/.test(digits)) throw notAKey('a bigint that is none')
        return BigInt(digits)
      }
      case TYPE.yes:
      case TYPE.no:
        return type === TYPE.yes
      case TYPE.bytes:
        return new Uint8Array(this.sized())
      default:
        throw notAKey(`a part of type ${type}`)
    }
  }

  window(): ResultWindow {
    const type = this.byte()
    if (type === WINDOW.only) return { only: true }
    const times = type === WINDOW.times ? this.sized() : Buffer.alloc(0)
    if (times.length !== 16) throw notAKey('no window')
    return { start: Number(times.readBigInt64BE(0)), end: Number(times.readBigInt64BE(8)) }
  }
}

function notAKey(found: string): StreamError {
  return problem('BAD_RESULT_KEY', 'The key of a record in a results topic', {
    found,
    expected: 'a key that kafkaSink wrote',
    remedy: 'Read topics of other writers with a decoder of their values, or give the source onBadRecord.',
  })
}
