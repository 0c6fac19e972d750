import fc from 'fast-check'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Key } from '../io/meta.ts'
import { badKey, copyKey, keyId, keyOf } from './key.ts'

const text = (s: string): Uint8Array => new TextEncoder().encode(s)

/** Says that two keys are the same by walking through them: slow and obviously right. */
function same(a: Key, b: Key): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return (
      a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
    )
  }
  if (typeof a === 'object' || typeof b === 'object') {
    return (
      typeof a === 'object' &&
      typeof b === 'object' &&
      a.length === b.length &&
      a.every((part, i) => same(part, b[i] as Key))
    )
  }
  return a === b
}

const part = fc.oneof(
  fc.constantFrom(
    '',
    '\u0000',
    '\u0000s',
    '\u0000t',
    '\u0000b',
    's1:a',
    'T',
    'n1;',
    '__proto__',
    '1',
    1,
    1n,
    true,
    false,
    0,
    -0,
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 3 }),
)
const key: fc.Arbitrary<Key> = fc.oneof(part, fc.array(part, { maxLength: 3 }))

describe('keyId', () => {
  test('tells keys apart exactly as their types and contents do', () => {
    fc.assert(
      fc.property(key, key, (a, b) => (keyId(a) === keyId(b)) === same(a, b)),
      { numRuns: 3000 },
    )
    fc.assert(fc.property(key, (a) => keyId(a) === keyId(structuredClone(a))))
  })

  test('distinguishes neighbours', () => {
    const keys: Key[] = [
      '1',
      1,
      1n,
      true,
      'true',
      ['1'],
      [1],
      [1n],
      [true],
      [],
      [''],
      '',
      ['', ''],
      ['a', 'b:c'],
      ['a:b', 'c'],
      ['a', 'bc'],
      ['ab', 'c'],
      'ab',
      text('ab'),
      [text('ab')],
      ['ab'],
      text(''),
      '\u0000',
      '\u0000b',
      '\u0000t',
      '__proto__',
      'constructor',
      '\u0000s\u0000',
      ['s1:a'],
      ['', 's1:a'],
      [12, 3],
      [1, 23],
      [-1],
      -1,
      0.1,
      1e21,
      '1e+21',
    ]
    expect(new Set(keys.map(keyId)).size).toBe(keys.length)
  })

  test('leaves ordinary strings, numbers, bigints and booleans as they are', () => {
    for (const id of ['', 'page', '__proto__', 'constructor', 'ü', 3.5, -7, 2n ** 70n, true, false])
      expect(keyId(id)).toBe(id)
  })

  test('takes −0 for 0, in tuples too', () => {
    expect(Object.is(keyId(-0), 0)).toBe(true)
    expect(keyId([-0])).toBe(keyId([0]))
  })

  test('sees bytes by content, whatever their class, offset or realm', () => {
    expect(keyId(Buffer.from('ab'))).toBe(keyId(text('ab')))
    expect(keyId(text('xab').subarray(1))).toBe(keyId(text('ab')))
    expect(keyId(runInNewContext('new Uint8Array([97, 98])') as Uint8Array)).toBe(keyId(text('ab')))
    expect(keyId(new Uint8Array(300_000))).toHaveLength(300_002)
  })

  const none: unknown[] = [
    undefined,
    null,
    Number.NaN,
    Infinity,
    -Infinity,
    {},
    { length: 0 },
    () => 1,
    Symbol('s'),
    new Date(0),
    new Map(),
    new Uint16Array(1),
    ['a', undefined],
    [null],
    [Number.NaN],
    [Infinity],
    [['a']],
    [{}],
    Array(2),
    [Symbol('s')],
    [() => 1],
    Object.create(null),
  ]
  test.each(none.map((found) => [found]))('refuses what is no key (%#)', (found) => {
    expect(() => keyId(found as Key)).toThrow(
      expect.objectContaining({ name: 'StreamError', code: 'BAD_KEY', retryable: false }),
    )
  })

  test('the error says what was found', () => {
    expect(badKey(undefined).message).toBe(
      'A key: found undefined, expected a string, finite number, bigint, boolean, bytes (Uint8Array) or a flat tuple of these. Return such a value, or drop records without a key in a filter before.',
    )
    expect(badKey(['a', Number.NaN, ['b'], null]).message).toContain("found 'a tuple of string, NaN, array, null'")
    expect(badKey(Object.create(null)).message).toContain('found {}')
  })
})

describe('keyOf', () => {
  test('gives back the key of an id', () => {
    fc.assert(
      fc.property(key, (a) => same(keyOf(keyId(a)), a) && keyId(keyOf(keyId(a))) === keyId(a)),
      { numRuns: 1000 },
    )
  })

  test('refuses what no key has as its id', () => {
    expect(() => keyOf('\u0000x')).toThrow(expect.objectContaining({ code: 'BAD_KEY' }))
  })
})

describe('copyKey', () => {
  test('keeps a key as it is now', () => {
    const bytes = text('ab')
    const tuple = ['a', bytes, 1] as const
    const ids = [keyId(bytes), keyId(tuple)]
    const copies = [copyKey(bytes), copyKey(tuple)] as const
    bytes[0] = 0
    ;(tuple as unknown as string[])[0] = 'z'
    expect(copies.map(keyId)).toEqual(ids)
    expect(Object.isFrozen(copies[1])).toBe(true)
  })

  test('copies a Buffer too, whose slice would share', () => {
    const bytes = Buffer.from('ab')
    const copy = copyKey(bytes)
    bytes[0] = 0
    expect(keyId(copy)).toBe(keyId(text('ab')))
  })

  test('gives back what cannot change', () => {
    for (const one of ['a', 1, 1n, true]) expect(copyKey(one)).toBe(one)
  })
})
