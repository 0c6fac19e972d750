import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KeyId, keyId } from '../state/key.ts'
import { hashKey, hashText } from './hash.ts'

/** MurmurHash3 x86_32 over bytes, written after the original in C++. */
function murmur(bytes: Uint8Array, seed: number): number {
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))
  const k = (block: number): number => Math.imul(rotate(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)
  let h = seed
  const whole = bytes.length - (bytes.length % 4)
  for (let i = 0; i < whole; i += 4) {
    h = (Math.imul(rotate(h ^ k(Buffer.from(bytes).readInt32LE(i)), 13), 5) + 0xe6546b64) | 0
  }
  if (whole < bytes.length) h ^= k(bytes.slice(whole).reduceRight((block, byte) => (block << 8) | byte, 0))
  h ^= bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

test('the slow one gives the published values', () => {
  const published: [text: string, seed: number, hash: number][] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['hello', 0, 0x248bfa47],
    ['hello, world', 0, 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ]
  for (const [text, seed, hash] of published) expect(murmur(Buffer.from(text), seed)).toBe(hash)
})

test('a text hashes as its UTF-16LE bytes do', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      (text, seed) => hashText(text, seed) === murmur(Buffer.from(text, 'utf16le'), seed),
    ),
  )
})

test('what is stored depends on these values: they must never change', () => {
  const ids: KeyId[] = [
    '',
    'user-1',
    'ü😀',
    1,
    -0.5,
    1n,
    -(2n ** 70n),
    true,
    false,
    keyId(['a', 1]),
    keyId(Uint8Array.of(1)),
  ]
  expect(ids.map((id) => hashKey(id, 0))).toMatchInlineSnapshot(`
    [
      0,
      2429978192,
      3212198139,
      386250313,
      4277194307,
      1667508175,
      1187006674,
      1399111292,
      2454578319,
      4000642269,
      2460464467,
    ]
  `)
})

test('types are told apart', () => {
  const ids: KeyId[] = ['1', 1, 1n, true, 'true', 0, 0n, false, '0', '']
  expect(new Set(ids.map((id) => hashKey(id, 0))).size).toBe(ids.length)
})
