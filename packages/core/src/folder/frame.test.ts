import { createHash } from 'node:crypto'
import { serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StreamError } from '../errors/stream-error.ts'
import { dividable } from '../io/pieces.ts'
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

const encoded = async (any: unknown): Promise<Buffer> => Buffer.concat(await encodeFrame('job', any))

function decoded(bytes: Uint8Array): unknown {
  const read = decodeFrame('f', bytes)
  if (read instanceof Damage) throw new Error(read.reason)
  return read.value
}

describe('a frame', () => {
  test('gives back what was put in, with its types', async () => {
    expect(decoded(await encoded(value))).toStrictEqual(value)
  })

  test('takes columns that lie in a larger buffer', async () => {
    const inside = new Float64Array(new Float64Array([9, 1, 2, 9]).buffer, 8, 2)
    expect(decoded(await encoded({ inside }))).toStrictEqual({ inside: new Float64Array([1, 2]) })
  })

  test('any values of any shape', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: true,
    })
    await fc.assert(
      fc.asyncProperty(anything, async (any) => {
        expect(decoded(await encoded(any))).toStrictEqual(structuredClone(any))
      }),
      { numRuns: 200 },
    )
  })

  test('is the same in small chunks as in one, with turns for others after each', async () => {
    const large = dividable({ numbers: new Float64Array(300_000).map((_, i) => i / 3), keys: Array.from(value.text) })
    let turns = 0
    const pause = async (): Promise<void> => void turns++
    const whole = await encodeFrame('job', large)
    const parts = await encodeFrame('job', large, pause, 100)
    expect(Buffer.concat(parts)).toEqual(Buffer.concat(whole))
    expect(decoded(Buffer.concat(parts))).toStrictEqual(large)
    // After cloning each, and after adding it to the sum.
    expect(parts.length).toBeGreaterThan(4)
    expect(turns).toBe(2 * parts.length)
  })

  test('made by the version before is read', async () => {
    const payload = serialize(value)
    const frame = Buffer.concat([(await encoded(value)).subarray(0, 52), payload])
    frame.writeUInt32BE(1, 8)
    frame.writeBigUInt64BE(BigInt(payload.byteLength), 12)
    frame.set(createHash('sha256').update(frame.subarray(0, 20)).update(payload).digest(), 20)
    expect(decoded(frame)).toStrictEqual(value)
  })
})

describe('damage is found', async () => {
  const whole = await encoded(value)

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
  ])('%#', async (bad, says) => {
    const failing = encodeFrame('clicks', bad)
    await expect(failing).rejects.toThrow(StreamError)
    await expect(failing).rejects.toThrow(says)
    await expect(failing).rejects.toThrow(/'clicks'.*expected plain values.*encode and decode/)
    await expect(failing).rejects.toThrow(expect.objectContaining({ code: 'CHECKPOINT_NOT_PLAIN' }))
  })

  test('also in a ring', async () => {
    const ring: Record<string, unknown> = { ok: 1 }
    ring.self = ring
    await expect(encoded({ ring: { ...ring, fn: () => {} } })).rejects.toThrow('checkpoint.ring.fn')
    expect(decoded(await encoded(ring))).toStrictEqual(ring)
  })
})
