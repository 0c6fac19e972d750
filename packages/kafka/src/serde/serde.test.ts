import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { json } from './json.ts'
import { type RecordView, bytes, keyText, nullable, text } from './serde.ts'

const view = undefined as unknown as RecordView
const page = json(v.object({ page: v.string(), at: v.pipe(v.string(), v.transform(Number)) }))

test('bytes are copied on the way in', () => {
  const source = Buffer.from('abc')
  const taken = bytes().decode(source, view)
  const part = bytes().decodeRange?.(source, 1, 2)
  source.fill(0)
  expect([Buffer.from(taken).toString(), Buffer.from(part ?? []).toString()]).toEqual(['abc', 'b'])
})

test('text and JSON go there and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.jsonValue(), (words, value) => {
      expect(text().decode(text().encode(words) as Uint8Array, view)).toBe(words)
      const whole = json<unknown>()
      expect(whole.decode(whole.encode(value) as Uint8Array, view)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
  expect(() => text().encode(5 as never)).toThrow(/found 5, expected text/)
})

test('keys are the same exactly when their bytes are', () => {
  const id = (key: string | Uint8Array): string =>
    typeof key === 'string' ? `s${key}` : `b${Buffer.from(key).toString('hex')}`
  const aKey = fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.string({ unit: 'grapheme' }).map((s) => new Uint8Array(Buffer.from(s))),
  )
  fc.assert(
    fc.property(aKey, aKey, (a, b) => {
      const [x, y] = [a, b].map((key) => id(keyText().decode(key, view)))
      expect(x === y).toBe(Buffer.compare(a, b) === 0)
      expect(Buffer.from(keyText().encode(keyText().decode(a, view)) ?? [])).toEqual(Buffer.from(a))
    }),
    { numRuns: 2_000 },
  )
  expect(keyText().decode(Buffer.from('\uFEFFa'), view)).toBe('\uFEFFa')
})

test('a schema checks and transforms on the way in', () => {
  expect(page.decode(Buffer.from('{"page":"/","at":"7"}'), view)).toEqual({ page: '/', at: 7 })
  expect(() => page.decode(Buffer.from('{"page":1,"at":2}'), view)).toThrow(/what its schema refuses \(page: .*; at: /)
  expect(() => page.decode(Buffer.from('{'), view)).toThrow(/found no JSON/)
  const later = json({ '~standard': { version: 1, vendor: 'test', validate: async (value: unknown) => ({ value }) } })
  expect(() => later.decode(Buffer.from('1'), view)).toThrow(/a schema that answers with a promise/)
  expect(() => json({} as never)).toThrow(/found {}, expected a Standard Schema/)
})

test('what JSON cannot write is refused', () => {
  expect(() => json<unknown>().encode(undefined)).toThrow(/found undefined, which JSON cannot write/)
  expect(() => json<unknown>().encode(5n)).toThrow(/found what JSON cannot write \(TypeError/)
})

test('nullable reads and writes tombstones', () => {
  const serde = nullable(json<number>())
  expect(serde.ofNull?.(view)).toBeNull()
  expect(serde.encode(null)).toBeNull()
  expect(Buffer.from(serde.encode(1) ?? []).toString()).toBe('1')
  expect(serde.decode(Buffer.from('null'), view)).toBeNull()
  const picked = nullable(json.pick({ at: 'number' }))
  expect(picked.ofNull?.(view)).toBeNull()
  expect(picked.decode(Buffer.from('{"at":5}'), view)).toEqual({ at: 5 })
  expect('encode' in picked).toBe(false)
})
