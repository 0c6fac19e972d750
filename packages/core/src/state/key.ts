/**
 * Owns the identity of keys: which keys are the same. Two keys are the same if their types and contents are, whatever
 * objects they are: '1', 1, 1n and true differ, and so do ['a', 'b:c'] and ['a:b', 'c'], and bytes and the text they
 * spell. Invariant: `keyId` is injective up to that identity, and its ids compare with ===, so a Map can look them up.
 */
import { recordError, type StreamError } from '../errors/stream-error.ts'
import type { Key, KeyPart } from '../io/meta.ts'

/** What stands for a key in a Map. */
export type KeyId = string | number | bigint | boolean

/**
 * The id of a key. A string is its own id unless it starts with U+0000; a finite number (−0 is 0), a bigint and a
 * boolean are theirs. Bytes, tuples and strings that start with U+0000 get a string that starts with U+0000.
 * @throws StreamError BAD_KEY for anything that is no key: undefined, null, NaN, ±Infinity, objects, functions,
 * symbols, and tuples that hold one of these or another tuple
 */
export function keyId(key: Key): KeyId {
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `\u0000s${key}` : key
  return otherId(key)
}

/** Apart from keyId, so that the path of strings stays small enough to be inlined. */
function otherId(key: Exclude<Key, string>): KeyId {
  switch (typeof key) {
    case 'number':
      if (!Number.isFinite(key)) throw badKey(key)
      return key === 0 ? 0 : key
    case 'bigint':
    case 'boolean':
      return key
    default:
      if (isBytes(key)) return `\u0000b${latin1(key)}`
      if (!Array.isArray(key)) throw badKey(key)
      return tupleId(key)
  }
}

function tupleId(tuple: readonly KeyPart[]): string {
  let id = '\u0000t'
  // An index loop also meets the holes of a sparse array.
  for (let i = 0; i < tuple.length; i++) {
    const part = tuple[i] as KeyPart
    switch (typeof part) {
      case 'string':
        id += `s${part.length}:${part}`
        break
      case 'number':
        if (!Number.isFinite(part)) throw badKey(tuple)
        id += `n${part};`
        break
      case 'bigint':
        id += `i${part};`
        break
      case 'boolean':
        id += part ? 'T' : 'F'
        break
      default:
        if (!isBytes(part)) throw badKey(tuple)
        id += `b${part.length}:${latin1(part)}`
    }
  }
  return id
}

/** The key as it is now: a frozen copy of a tuple, a copy of bytes. What the user changes later does not matter. */
export function copyKey<K extends Key>(key: K): K {
  if (typeof key !== 'object') return key
  if (isBytes(key)) return new Uint8Array(key) as Key as K
  const parts: readonly KeyPart[] = key as readonly KeyPart[]
  return Object.freeze(parts.map((part) => (typeof part === 'object' ? new Uint8Array(part) : part))) as Key as K
}

/**
 * The key that an id stands for: the inverse of `keyId`, a new object where the key is one.
 * @throws StreamError BAD_KEY for a string that starts with U+0000 and is no id
 */
export function keyOf(id: KeyId): Key {
  if (typeof id !== 'string' || id.charCodeAt(0) !== 0) return id
  const content = id.slice(2)
  switch (id[1]) {
    case 's':
      return content
    case 'b':
      return bytesOf(content)
    case 't':
      return tupleOf(content)
    default:
      throw badKey(id)
  }
}

function tupleOf(content: string): readonly KeyPart[] {
  const parts: KeyPart[] = []
  let at = 0
  while (at < content.length) {
    const type = content[at++] as string
    if (type === 'T' || type === 'F') {
      parts.push(type === 'T')
      continue
    }
    const end = content.indexOf(type === 's' || type === 'b' ? ':' : ';', at)
    const head = content.slice(at, end)
    at = end + 1
    if (type === 'n') parts.push(Number(head))
    else if (type === 'i') parts.push(BigInt(head))
    else {
      const text = content.slice(at, (at += Number(head)))
      parts.push(type === 's' ? text : bytesOf(text))
    }
  }
  return Object.freeze(parts)
}

/** The error for a value that cannot be a key; `what` it was meant to be opens the message. */
export function badKey(found: unknown, what: string = 'A key'): StreamError {
  const shown = Array.isArray(found) ? `a tuple of ${found.map(kindOf).join(', ') || 'nothing'}` : found
  return recordError('BAD_KEY', what, {
    found: shown,
    expected: 'a string, finite number, bigint, boolean, bytes (Uint8Array) or a flat tuple of these',
    remedy: 'Return such a value, or drop records without a key in a filter before.',
  })
}

function kindOf(part: unknown): string {
  if (part === null || (typeof part === 'number' && !Number.isFinite(part))) return String(part)
  return Array.isArray(part) ? 'array' : typeof part
}

/** By tag as well: bytes of another realm are no instance of this one's Uint8Array. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** One character for each byte. */
function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (byte) => byte.charCodeAt(0))
}
