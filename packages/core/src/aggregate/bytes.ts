/**
 * Owns one typed encoding of plain values, for accumulators that hold what the user's functions returned. It does not
 * know which aggregator writes what, and it never runs code of the bytes it reads.
 */
import { show, StreamError } from '../errors/stream-error.ts'
import { badBytes, ByteReader, ByteWriter } from './byte-stream.ts'

declare const TextEncoder: new () => { encode(text: string): Uint8Array }
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly ignoreBOM: boolean },
) => {
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
/** A leading U+FEFF is part of the text. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Deeper values are refused: a value that contains itself has no end. */
const DEEPEST = 100

/** The first byte of a value. Part of the stored format: never renumber. */
const TAG = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  natural: 4,
  negative: 5,
  double: 6,
  bigint: 7,
  negativeBigint: 8,
  utf8: 9,
  utf16: 10,
  bytes: 11,
  array: 12,
  object: 13,
  map: 14,
  set: 15,
  date: 16,
  typedArray: 17,
} as const

/** A typed array is stored by its place here: append only. */
const TYPED_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const

/**
 * A plain value as bytes: undefined, null, booleans, numbers (−0 and NaN too), bigints, strings (lone surrogates too),
 * arrays (holes become undefined), plain objects (own enumerable string keys), Map, Set, Date and typed arrays (Buffers
 * come back as Uint8Array). What two places share comes back twice.
 * @throws StreamError ACCUMULATOR_NOT_PLAIN for functions, symbols, instances of other classes, and values nested
 * deeper than 100 levels, naming the path
 */
export function encodeValue(value: unknown): Uint8Array {
  const writer = new ByteWriter()
  writeValue(writer, value, [])
  return writer.finish()
}

/**
 * The value that `encodeValue` made bytes of.
 * @throws StreamError BAD_BYTES for other bytes
 */
export function decodeValue(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes)
  const value = readValue(reader)
  reader.end()
  return value
}

/** Writes one value among others; `path` is where it stands, for the error. */
export function writeValue(to: ByteWriter, value: unknown, path: readonly unknown[] = []): void {
  switch (typeof value) {
    case 'undefined':
      return to.u8(TAG.undefined)
    case 'boolean':
      return to.u8(value ? TAG.true : TAG.false)
    case 'number':
      return writeNumber(to, value)
    case 'bigint':
      return writeBigint(to, value)
    case 'string':
      return writeString(to, value)
    case 'object':
      if (value === null) return to.u8(TAG.null)
      if (path.length >= DEEPEST) throw notPlain(`more than ${DEEPEST} levels of nesting`, path)
      return writeObject(to, value, path)
    default:
      throw notPlain(show(value), path)
  }
}

function writeNumber(to: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    to.u8(TAG.double)
    return to.f64(value)
  }
  to.u8(value < 0 ? TAG.negative : TAG.natural)
  to.length(Math.abs(value))
}

function writeBigint(to: ByteWriter, value: bigint): void {
  to.u8(value < 0n ? TAG.negativeBigint : TAG.bigint)
  const hex = (value < 0n ? -value : value).toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  to.length(even.length / 2)
  for (let i = 0; i < even.length; i += 2) to.u8(Number.parseInt(even.slice(i, i + 2), 16))
}

function writeString(to: ByteWriter, text: string): void {
  // With the u flag a surrogate only matches where it has no partner; UTF-8 would turn it into U+FFFD.
  if (/\p{Surrogate}/u.test(text)) {
    to.u8(TAG.utf16)
    to.length(text.length)
    for (let i = 0; i < text.length; i++) {
      to.u8(text.charCodeAt(i) & 255)
      to.u8(text.charCodeAt(i) >> 8)
    }
    return
  }
  const bytes = encoder.encode(text)
  to.u8(TAG.utf8)
  to.length(bytes.length)
  to.raw(bytes)
}

/** By the name of the class, so that plain values of another realm are plain here too. */
function writeObject(to: ByteWriter, value: object, path: readonly unknown[]): void {
  const name = className(value)
  switch (name) {
    case 'Object':
      return writeEntries(to, TAG.object, Object.entries(value), path)
    case 'Array':
      return writeItems(to, TAG.array, value as unknown[], path)
    case 'Map':
      return writeEntries(to, TAG.map, [...(value as Map<unknown, unknown>)], path)
    case 'Set':
      return writeItems(to, TAG.set, [...(value as Set<unknown>)], path)
    case 'Date':
      to.u8(TAG.date)
      return to.f64((value as Date).getTime())
    case 'Uint8Array':
    case 'Buffer':
      to.u8(TAG.bytes)
      to.length((value as Uint8Array).length)
      return to.raw(value as Uint8Array)
    default:
      return writeTypedArray(to, value, name, path)
  }
}

function writeTypedArray(to: ByteWriter, value: object, name: string, path: readonly unknown[]): void {
  const kind = TYPED_ARRAYS.findIndex((type) => type.name === name)
  if (kind < 0 || !ArrayBuffer.isView(value)) throw notPlain(`an instance of class ${name || '(anonymous)'}`, path)
  to.u8(TAG.typedArray)
  to.u8(kind)
  to.length(value.byteLength)
  to.raw(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
}

function writeItems(to: ByteWriter, tag: number, items: readonly unknown[], path: readonly unknown[]): void {
  to.u8(tag)
  to.length(items.length)
  for (let i = 0; i < items.length; i++) writeValue(to, items[i], [...path, i])
}

type Entries = readonly (readonly [key: unknown, item: unknown])[]

function writeEntries(to: ByteWriter, tag: number, entries: Entries, path: readonly unknown[]): void {
  to.u8(tag)
  to.length(entries.length)
  for (const [key, item] of entries) {
    writeValue(to, key, [...path, 'a key'])
    writeValue(to, item, [...path, key])
  }
}

/** Reads one value among others. */
export function readValue(from: ByteReader): unknown {
  const tag = from.u8()
  switch (tag) {
    case TAG.undefined:
      return undefined
    case TAG.null:
      return null
    case TAG.false:
      return false
    case TAG.true:
      return true
    case TAG.natural:
      return from.length()
    case TAG.negative:
      return -from.length()
    case TAG.double:
      return from.f64()
    case TAG.bigint:
      return readBigint(from)
    case TAG.negativeBigint:
      return -readBigint(from)
    case TAG.utf8:
      return decoder.decode(from.raw(from.length()))
    case TAG.utf16:
      return readUtf16(from)
    case TAG.bytes:
      return from.raw(from.length())
    case TAG.array:
      return readItems(from)
    case TAG.object:
      return readObject(from)
    case TAG.map:
      return new Map(readEntries(from))
    case TAG.set:
      return new Set(readItems(from))
    case TAG.date:
      return new Date(from.f64())
    case TAG.typedArray:
      return readTypedArray(from)
    default:
      throw badBytes(`a value of kind ${tag}`)
  }
}

function readBigint(from: ByteReader): bigint {
  const bytes = from.raw(from.length())
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}

function readUtf16(from: ByteReader): string {
  let text = ''
  for (let left = from.length(); left > 0; left--) text += String.fromCharCode(from.u8() + from.u8() * 256)
  return text
}

function readItems(from: ByteReader): unknown[] {
  const items: unknown[] = []
  for (let left = from.length(); left > 0; left--) items.push(readValue(from))
  return items
}

function readEntries(from: ByteReader): [unknown, unknown][] {
  const entries: [unknown, unknown][] = []
  for (let left = from.length(); left > 0; left--) entries.push([readValue(from), readValue(from)])
  return entries
}

function readObject(from: ByteReader): object {
  // fromEntries defines properties: a key named __proto__ becomes a property like any other.
  return Object.fromEntries(readEntries(from) as [string, unknown][])
}

function readTypedArray(from: ByteReader): object {
  const kind = from.u8()
  const type = TYPED_ARRAYS[kind]
  const size = from.length()
  if (type === undefined || size % type.BYTES_PER_ELEMENT !== 0) {
    throw badBytes(`a typed array of kind ${kind} and ${size} bytes`)
  }
  return new type(from.raw(size).buffer as ArrayBuffer)
}

/** 'Object' for objects without a prototype. */
function className(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null
  if (prototype === null) return 'Object'
  const name = prototype.constructor?.name
  return typeof name === 'string' ? name : ''
}

function notPlain(found: string, path: readonly unknown[]): StreamError {
  const steps = path.slice(0, 8).map(String).join(' > ')
  const at = path.length === 0 ? '' : ` at ${steps}${path.length > 8 ? ' > …' : ''}`
  const expected = 'plain values (objects, arrays, Map, Set, Date, typed arrays and primitives)'
  const remedy = 'Keep plain values in it, or write an aggregator with its own encode and decode.'
  const message = `A value in an accumulator: found ${found}${at}, expected ${expected}. ${remedy}`
  return new StreamError('ACCUMULATOR_NOT_PLAIN', message)
}
