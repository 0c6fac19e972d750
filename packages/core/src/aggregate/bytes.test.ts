import fc from 'fast-check'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, decodeNumbers, encodeNumbers } from './byte-stream.ts'
import { decodeValue, encodeValue } from './bytes.ts'

describe('encodeValue and decodeValue', () => {
  const values: unknown[] = [
    undefined,
    null,
    true,
    false,
    0,
    -0,
    1,
    -1,
    127,
    128,
    300,
    -300,
    2 ** 31,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 53,
    0.1,
    Number.NaN,
    Infinity,
    -Infinity,
    5e-324,
    0n,
    -1n,
    255n,
    256n,
    -(2n ** 200n),
    '',
    'a',
    'ü€😀',
    '\u0000',
    '\ud800',
    'a\udfffb',
    '\uFEFFa',
    'x'.repeat(1000),
    new Uint8Array([1, 2, 255]),
    new Float64Array([1.5, Number.NaN]),
    new BigInt64Array([-1n]),
    new Uint8ClampedArray([7]),
    [],
    [undefined, null, [1, ['b']]],
    {},
    { a: { b: [1] }, ü: 2n },
    JSON.parse('{"__proto__": 1, "constructor": 2}'),
    new Map<unknown, unknown>([
      [1, 'a'],
      ['1', new Map()],
      [{ a: 1 }, 2],
    ]),
    new Set([1, '1', null]),
    new Date(0),
    new Date(Number.NaN),
  ]
  test.each(values.map((value) => [value]))('round-trips %o', (value) => {
    expect(decodeValue(encodeValue(value))).toStrictEqual(value)
  })

  test('round-trips whatever plain value there is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
    })
    fc.assert(
      fc.property(anything, (value) => {
        expect(decodeValue(encodeValue(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test('small values stay small', () => {
    expect([undefined, true, 5, -5, 'ab', 300, [1, 2]].map((value) => encodeValue(value).length)).toEqual([
      1, 1, 2, 2, 4, 3, 6,
    ])
  })

  test('takes plain values of another realm, objects without a prototype and buffers', () => {
    expect(decodeValue(encodeValue(runInNewContext('({ a: [1, new Map([[1, 2]]), new Uint8Array([1])] })')))).toEqual({
      a: [1, new Map([[1, 2]]), new Uint8Array([1])],
    })
    expect(decodeValue(encodeValue(Object.assign(Object.create(null) as object, { a: 1 })))).toEqual({ a: 1 })
    expect(decodeValue(encodeValue(Buffer.from('ab')))).toEqual(new Uint8Array([97, 98]))
  })

  test('what it gives back does not share memory with the bytes', () => {
    const bytes = encodeValue(new Uint8Array([1, 2]))
    const value = decodeValue(bytes)
    bytes.fill(0)
    expect(value).toEqual(new Uint8Array([1, 2]))
  })

  class Money {
    readonly cents: number = 1
  }
  const loop: { self?: unknown } = {}
  loop.self = loop
  const refused: [string, unknown][] = [
    ['class Money', new Money()],
    ['class Money at a > 0', { a: [new Money()] }],
    ['function f at f', { f: function f() {} }],
    ['Symbol(s)', Symbol('s')],
    ['class Promise', Promise.resolve()],
    ['class Error', new Error('e')],
    ['class RegExp', /a/],
    ['class Sub', new (class Sub extends Map {})()],
    ['more than 100 levels', loop],
    ['class WeakMap', new WeakMap()],
  ]
  test.each(refused)('refuses %s', (found, value) => {
    expect(() => encodeValue(value)).toThrow(
      expect.objectContaining({ code: 'ACCUMULATOR_NOT_PLAIN', message: expect.stringContaining(found) as string }),
    )
  })

  test('damaged bytes are an error, never a wrong value of another length', () => {
    const bytes = encodeValue({ a: ['text', 1.5, new Map([[1n, new Date(0)]])], b: new Float64Array(3) })
    for (let size = 0; size < bytes.length; size++) {
      expect(() => decodeValue(bytes.slice(0, size))).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
    }
    expect(() => decodeValue(Uint8Array.of(...bytes, 0))).toThrow('1 bytes too many')
    expect(() => decodeValue(Uint8Array.of(99))).toThrow('kind 99')
    expect(() => decodeValue(Uint8Array.of(17, 50, 0))).toThrow('kind 50')
    expect(() => new ByteReader(new Uint8Array(12).fill(255)).length()).toThrow('too many bytes')
  })
})

describe('numbers', () => {
  test('round-trip at 8 bytes each', () => {
    const numbers = [0, -0, 1.5, Infinity, Number.NaN]
    expect(encodeNumbers(...numbers)).toHaveLength(40)
    expect(decodeNumbers(encodeNumbers(...numbers), 5)).toStrictEqual(numbers)
    expect(() => decodeNumbers(encodeNumbers(1, 2), 1)).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
    expect(() => decodeNumbers(encodeNumbers(1), 2)).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
  })

  test('lengths take as many bytes as they need', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (length) => {
        const writer = new ByteWriter()
        writer.length(length)
        return new ByteReader(writer.finish()).length() === length
      }),
    )
  })

  test('reads bytes that begin in the middle of a buffer', () => {
    const all = Uint8Array.of(9, 9, ...encodeNumbers(1.5), 9)
    expect(decodeNumbers(all.subarray(2, 10), 1)).toEqual([1.5])
  })
})
