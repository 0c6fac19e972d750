import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Key, KeyPart } from '../io/meta.ts'
import { keyId } from './key.ts'
import { decodeKey, encodeKey } from './key-bytes.ts'

const part = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 20 }),
) as fc.Arbitrary<KeyPart>
const key: fc.Arbitrary<Key> = fc.oneof(part, fc.array(part, { maxLength: 4 }))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('a key comes back as the same key', () => {
  fc.assert(
    fc.property(key, (k) => {
      expect(keyId(decodeKey(encodeKey(k)))).toBe(keyId(k))
    }),
  )
})

test('two keys have the same bytes exactly when they are the same key', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(hex(encodeKey(a)) === hex(encodeKey(b))).toBe(keyId(a) === keyId(b))
    }),
  )
})

test.each<[Key, Key]>([
  ['1', 1],
  [1, 1n],
  [1, true],
  [
    ['a', 'b:c'],
    ['a:b', 'c'],
  ],
  ['a', Uint8Array.of(97)],
  ['a', ['a']],
])('%o and %o differ', (a, b) => expect(hex(encodeKey(a))).not.toBe(hex(encodeKey(b))))

test('−0 is 0, in a tuple too', () => {
  expect(encodeKey(-0)).toEqual(encodeKey(0))
  expect(encodeKey(['a', -0])).toEqual(encodeKey(['a', 0]))
})

test('what is no key, and bytes that are none, are refused', () => {
  expect(() => encodeKey(Number.NaN)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(() => encodeKey(undefined as never)).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(() => decodeKey(Uint8Array.of(99, 1))).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  expect(() => decodeKey(new Uint8Array())).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
})
