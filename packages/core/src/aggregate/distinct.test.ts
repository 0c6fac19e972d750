import { describe, expect, test } from 'vitest'
import type { Key, TimedMeta } from '../io/meta.ts'
import { keyId } from '../state/key.ts'
import { ByteReader, ByteWriter } from './byte-stream.ts'
import { distinct } from './distinct.ts'
import { HyperLogLog } from './hyperloglog.ts'

const meta = { eventTime: 0 } as TimedMeta

describe('distinct', () => {
  const of = distinct((value: Key) => value, { max: 8 })
  const accOf = (values: readonly Key[]): ReturnType<typeof of.create> =>
    values.reduce((acc, value) => of.add(acc, value, meta), of.create())

  test('counts values by type and content', () => {
    expect(of.result(accOf(['1', 1, 1n, true, '1', 1, -0, 0]))).toBe(5)
    expect(
      of.result(accOf([['a', 'b:c'], ['a:b', 'c'], ['a', 'b:c'], Uint8Array.of(97), Uint8Array.of(97), 'a'])),
    ).toBe(4)
    expect(of.result(of.create())).toBe(0)
  })

  test('is exact up to max and estimates from there on', () => {
    const exact = accOf(Array.from({ length: 8 }, (_, i) => i))
    expect([exact.ids?.size, exact.sketch, of.result(exact)]).toEqual([8, undefined, 8])
    of.add(exact, 7, meta)
    expect(exact.sketch).toBe(undefined)
    of.add(exact, 8, meta)
    expect([exact.ids, of.result(exact)]).toEqual([undefined, 9])
  })

  test('any order and any merging gives the same', () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `user-${i}`)
    const whole = accOf(keys)
    const bytes = of.encode?.(whole)
    expect(bytes).toHaveLength(12_289)
    for (const at of [0, 3, 8, 9, 2_500, 4_999]) {
      for (const [a, b] of [
        [keys.slice(0, at), keys.slice(at)],
        [keys.slice(at), keys.slice(0, at)],
      ] as const) {
        expect(of.encode?.(of.merge(accOf(a), accOf(b)))).toEqual(bytes)
      }
    }
    expect(of.encode?.(of.merge(whole, accOf(keys.slice(7))))).toEqual(bytes)
  })

  test('sees a thousand values exactly if not told otherwise', () => {
    const usual = distinct((value: number) => value)
    const acc = usual.create()
    for (let i = 0; i < 1_000; i++) usual.add(acc, i, meta)
    expect([acc.ids?.size, usual.result(acc)]).toEqual([1_000, 1_000])
  })

  test('refuses values that are no keys, before anything changes', () => {
    const bad = distinct(() => Number.NaN)
    const acc = bad.create()
    const error = expect.objectContaining({
      code: 'BAD_KEY',
      message: expect.stringContaining('The value of a.distinct: found NaN') as string,
    })
    expect(() => bad.add(acc, 1, meta)).toThrow(error)
    expect(() => bad['~columns']?.input?.(1 as never, meta)).toThrow(error)
    expect(bad.result(acc)).toBe(0)
  })

  test.each([[0], [-1], [2.5], ['8'], [1_000_001]])('refuses max %s', (max) => {
    expect(() => distinct(() => 1, { max: max as number })).toThrow(expect.objectContaining({ code: 'BAD_AGGREGATE' }))
  })

  test('refuses bytes of something else', () => {
    const full = of.encode?.(accOf(Array.from({ length: 9 }, (_, i) => i))) as Uint8Array
    for (const bytes of [
      Uint8Array.of(7),
      new Uint8Array(0),
      full.slice(0, 100),
      full.map((byte, i) => (i === 1 ? 255 : byte)),
    ]) {
      expect(() => of.decode?.(bytes)).toThrow(expect.objectContaining({ code: 'BAD_BYTES' }))
    }
  })
})

describe('HyperLogLog', () => {
  const shapes: [string, (i: number) => Key][] = [
    ['texts', (i) => `user-${i}`],
    ['whole numbers', (i) => i],
    ['fractions', (i) => i / 7],
    ['bigints', (i) => 10n ** 20n + BigInt(i)],
    ['tuples', (i) => [i % 10, `x${Math.floor(i / 10)}`]],
    ['bytes', (i) => Uint8Array.of(i, i >> 8, i >> 16)],
  ]
  test.each(shapes)('is within 2 %% from a thousand to a million %s', (_, key) => {
    const sketch = new HyperLogLog()
    let errors: number[] = []
    let next = 1_000
    for (let i = 1; i <= 1_000_000; i++) {
      sketch.add(keyId(key(i)))
      if (i !== next) continue
      errors = [...errors, Math.abs(sketch.estimate() / i - 1)]
      next = Math.round(next * 10 ** 0.25)
    }
    expect(errors).toHaveLength(13)
    expect(Math.max(...errors)).toBeLessThanOrEqual(0.02)
  })

  test('errs as the theory has it: 0.81 % on average, to neither side', () => {
    const errors = Array.from({ length: 60 }, (_, set) => {
      const sketch = new HyperLogLog()
      for (let i = 0; i < 50_000; i++) sketch.add(`${set}/${i}`)
      return sketch.estimate() / 50_000 - 1
    })
    const mean = errors.reduce((a, b) => a + b, 0) / errors.length
    const deviation = Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / errors.length)
    expect(Math.abs(mean)).toBeLessThan((3 * 0.0081) / Math.sqrt(60))
    expect(deviation).toBeGreaterThan(0.006)
    expect(deviation).toBeLessThan(0.0105)
  })

  test('is nearly exact for few values, and 0 for none', () => {
    const sketch = new HyperLogLog()
    expect(sketch.estimate()).toBe(0)
    for (let i = 1; i <= 100; i++) {
      sketch.add(i)
      expect(Math.abs(sketch.estimate() - i)).toBeLessThanOrEqual(2)
    }
  })

  test('comes back from its bytes as it was', () => {
    const sketch = new HyperLogLog()
    for (let i = 0; i < 100_000; i++) sketch.add(i)
    const writer = new ByteWriter()
    sketch.write(writer)
    const again = HyperLogLog.read(new ByteReader(writer.finish()))
    expect(again).toEqual(sketch)
    expect(again.estimate()).toBe(sketch.estimate())
  })
})
