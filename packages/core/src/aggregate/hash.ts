/**
 * Owns the hash of keys for sketches. What it gives is part of stored accumulators, so it must never change. It is no
 * defence against keys chosen to collide.
 */
import type { KeyId } from '../state/key.ts'

const bytes = new DataView(new ArrayBuffer(8))

/**
 * 32 bits of a key's id: MurmurHash3 x86_32 (Appleby 2011) over its type and content, a string by its UTF-16 code
 * units. Two seeds give two hashes that are independent for practical purposes.
 */
export function hashKey(id: KeyId, seed: number): number {
  switch (typeof id) {
    case 'string':
      return hashText(id, seed)
    case 'bigint':
      return hashText(id.toString(36), mix(seed, 1))
    case 'boolean':
      return finish(mix(mix(seed, 2), id ? 1 : 0), 4)
    case 'number': {
      bytes.setFloat64(0, id)
      return finish(mix(mix(mix(seed, 3), bytes.getInt32(0)), bytes.getInt32(4)), 8)
    }
  }
}

/** The bytes are those of UTF-16LE. */
export function hashText(text: string, seed: number): number {
  const { length } = text
  const even = length - (length % 2)
  let hash = seed
  for (let i = 0; i < even; i += 2) hash = mix(hash, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
  if (even < length) hash ^= scramble(text.charCodeAt(even))
  return finish(hash, length * 2)
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593)
}

function mix(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number, size: number): number {
  let h = hash ^ size
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
