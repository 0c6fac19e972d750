import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StreamError } from '../errors/stream-error.ts'
import { Damage, decodeFrame, encodeFrame } from './frame.ts'

const value = {
  map: new Map<unknown, unknown>([
    ['a', 1],
    [[1, 'b'], new Set([1n])],
  ]),
  numbers: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 2 ** 53],
  columns: [
    new Float64Array([1.5, -0, Number.NaN]),
    new Uint32Array([1, 2 ** 32 - 1]),
    new Uint8Array([0, 255]),
    new BigInt64Array([-1n]),
  ],
  big: -(2n ** 100n),
  date: new Date(0),
  none: undefined,
  nothing: null,
  text: '\ud800 ∞',
}

function decoded(bytes: Uint8Array): unknown {
  const read = decodeFrame('f', bytes)
  if (read instanceof Damage) throw new Error(read.reason)
  return read.value
}

describe('a frame', () => {
  test('gives back what was put in, with its types', () => {
    expect(decoded(encodeFrame('job', value))).toStrictEqual(value)
  })

  test('takes columns that lie in a larger buffer', () => {
    const inside = new Float64Array(new Float64Array([9, 1, 2, 9]).buffer, 8, 2)
    expect(decoded(encodeFrame('job', { inside }))).toStrictEqual({ inside: new Float64Array([1, 2]) })
  })

  test('any values of any shape', () => {
    const anything = fc.anything({
      withBigInt: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: true,
    })
    fc.assert(
      fc.property(anything, (any) => {
        expect(decoded(encodeFrame('job', any))).toStrictEqual(structuredClone(any))
      }),
      { numRuns: 200 },
    )
  })
})

describe('damage is found', () => {
  const whole = encodeFrame('job', value)

  test('a changed byte anywhere', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(whole)
        bytes[at] = (bytes[at] as number) ^ change
        expect(decodeFrame('f', bytes)).toBeInstanceOf(Damage)
      }),
      { numRuns: 1_000 },
    )
  })

  test('any cut, and anything added', () => {
    for (let length = 0; length < whole.length; length++)
      expect(decodeFrame('f', whole.subarray(0, length))).toBeInstanceOf(Damage)
    expect(decodeFrame('f', Buffer.concat([whole, Buffer.alloc(1)]))).toBeInstanceOf(Damage)
  })

  test('another file', () => {
    expect(decodeFrame('f', Buffer.from('{"hello":"world"}'.repeat(10)))).toEqual(
      new Damage('another kind of file, or a damaged header'),
    )
  })
})

describe('what cannot be kept is named', () => {
  test.each([
    [
      { task: { operators: { visits: [1, { fn: function later() {} }] } } },
      'found a function (later) at checkpoint.task.operators.visits[1].fn',
    ],
    [new Map([['a', { b: new Set([Symbol('s')]) }]]), "found Symbol(s) at checkpoint.get('a').b.values(0)"],
    [{ 'a-b': new WeakMap() }, "found a WeakMap at checkpoint['a-b']"],
  ])('%#', (bad, says) => {
    const failing = (): unknown => encodeFrame('clicks', bad)
    expect(failing).toThrow(StreamError)
    expect(failing).toThrow(says)
    expect(failing).toThrow(/'clicks'.*expected plain values.*encode and decode/)
    expect(failing).toThrow(expect.objectContaining({ code: 'CHECKPOINT_NOT_PLAIN' }))
  })

  test('also in a ring', () => {
    const ring: Record<string, unknown> = { ok: 1 }
    ring.self = ring
    expect(() => encodeFrame('job', { ring: { ...ring, fn: () => {} } })).toThrow('checkpoint.ring.fn')
    expect(decoded(encodeFrame('job', ring))).toStrictEqual(ring)
  })
})
