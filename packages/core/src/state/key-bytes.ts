/** Owns keys as bytes: what stores outside of this process find a key by. */
import { decodeValue, encodeValue } from '../aggregate/bytes.ts'
import type { Key } from '../io/meta.ts'
import { badKey, keyId } from './key.ts'

/**
 * A key as bytes. Two keys have the same bytes exactly when they are the same key; part of the format of stores.
 * @throws StreamError BAD_KEY for what is no key
 */
export function encodeKey(key: Key): Uint8Array {
  // Says what is no key, and the ways to write one key are one.
  keyId(key)
  if (Array.isArray(key)) return encodeValue(key.map((part: unknown) => (part === 0 ? 0 : part)))
  return encodeValue(key === 0 ? 0 : key)
}

/**
 * The key that `encodeKey` made bytes of; tuples are frozen.
 * @throws StreamError BAD_KEY for other bytes
 */
export function decodeKey(bytes: Uint8Array): Key {
  let key: unknown
  try {
    key = decodeValue(bytes)
    keyId(key as Key)
  } catch {
    throw badKey(`${bytes.length} bytes that encodeKey has not written`, 'The bytes of a key')
  }
  return Array.isArray(key) ? (Object.freeze(key) as Key) : (key as Key)
}
