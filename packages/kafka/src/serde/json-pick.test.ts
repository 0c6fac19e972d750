import { StreamError } from '@tidemark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FieldType, pick } from './json-pick.ts'

type Fields = { readonly [name: string]: FieldType }

/** What pick must give: JSON.parse, then a look at the fields. */
function reference(source: string, fields: Fields): unknown {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch {
    return 'BAD_JSON'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'BAD_VALUE'
  const out: Record<string, unknown> = Object.create(null)
  for (const [name, type] of Object.entries(fields)) {
    const part = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
    const missing = part === undefined || part === null
    if (typeof part !== type.replace('?', '') && !(missing && type.endsWith('?'))) return 'BAD_VALUE'
    out[name] = missing ? undefined : part
  }
  return out
}

function picked(bytes: Uint8Array, fields: Fields): unknown {
  // In the middle of a larger buffer, as records are: what stands around must not matter.
  const around = Buffer.concat([Buffer.from('"}{['), bytes, Buffer.from('"}]1e5\\')])
  try {
    const value = pick(fields).decodeRange?.(around, 4, 4 + bytes.length)
    return Object.assign(Object.create(null), value)
  } catch (error) {
    expect(error).toBeInstanceOf(StreamError)
    return (error as StreamError).code
  }
}

function agree(bytes: Buffer, fields: Fields): void {
  // toStrictEqual tells −0 from 0 and undefined from missing.
  expect(picked(bytes, fields)).toStrictEqual(reference(bytes.toString(), fields))
}

const names = ['v', 'at', 'id', 'é', '__proto__', 'toString', '', 'a"b', 'a\\u0062']
const aType = fc.constantFrom<FieldType>('number', 'string', 'boolean', 'number?', 'string?', 'boolean?')
const someFields = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...names), aType), { minLength: 1, maxLength: 6, selector: ([name]) => name })
  .map((entries): Fields => Object.fromEntries(entries))

const aNumber = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,3})?$/),
)
/** Text as JSON in its many spellings: plain, or with any character as an escape. */
const aString = fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.boolean()).map(([value, escaped]) =>
  escaped
    ? `"${value
        .split('')
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`
    : JSON.stringify(value),
)
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r ')
const { value: aValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    aNumber,
    aString,
    fc.constantFrom('true', 'false', 'null'),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
      .map(([parts, s]) => `[${s}${parts.join(`${s},${s}`)}${s}]`),
    fc
      .tuple(fc.array(fc.tuple(aString, tie('value')), { maxLength: 3 }), space)
      .map(([parts, s]) => `{${s}${parts.map(([key, value]) => `${key}${s}:${s}${value}`).join(`,${s}`)}${s}}`),
  ),
}))
const aKey = fc.oneof(
  { arbitrary: fc.constantFrom(...names).map((name) => JSON.stringify(name)), weight: 4 },
  { arbitrary: fc.constantFrom('"\\u0076"', '"\\u0061t"', '"\\u00e9"'), weight: 1 },
  { arbitrary: aString, weight: 1 },
)
const anObject = fc
  .tuple(fc.array(fc.tuple(aKey, fc.oneof(aNumber, aString, aValue)), { maxLength: 7 }), space, space)
  .map(([parts, a, b]) => `${a}{${b}${parts.map(([key, value]) => `${key}${a}:${value}`).join(`${b},${a}`)}${a}}${b}`)

describe('like JSON.parse', () => {
  test('on objects in every spelling, keys that come twice included', () => {
    fc.assert(
      fc.property(anObject, someFields, (source, fields) => agree(Buffer.from(source), fields)),
      { numRuns: 4_000 },
    )
  })

  test('on objects with changed, lost and added bytes', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\0123e.-+ tfn'))),
      fc.constantFrom('set', 'drop', 'add'),
    )
    fc.assert(
      fc.property(anObject, someFields, fc.array(change, { minLength: 1, maxLength: 3 }), (source, fields, changes) => {
        const bytes = [...Buffer.from(source)]
        for (const [where, byte, how] of changes) {
          const at = where % (bytes.length + 1)
          if (how === 'add') bytes.splice(at, 0, byte)
          else if (how === 'drop') bytes.splice(at, 1)
          else if (at < bytes.length) bytes[at] = byte
        }
        agree(Buffer.from(bytes), fields)
      }),
      { numRuns: 8_000 },
    )
  })

  test('on anything that is cut off', () => {
    fc.assert(
      fc.property(anObject, fc.nat(), (source, cut) => {
        const bytes = Buffer.from(source)
        agree(bytes.subarray(0, cut % (bytes.length + 1)), { v: 'number?', at: 'string?' })
      }),
      { numRuns: 2_000 },
    )
  })

  test('on values that are no objects, and on noise', () => {
    fc.assert(
      fc.property(aValue, (source) => agree(Buffer.from(source), { v: 'number?' })),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (noise) => agree(Buffer.from(noise), { v: 'number?' })),
      { numRuns: 500 },
    )
  })

  test.each([
    '0',
    '-0',
    '0.1',
    '-0.0',
    '1e5',
    '1E+5',
    '1e-400',
    '1e400',
    '-1e400',
    '9007199254740993',
    '123456789012345',
    '1234567890123456',
    '0.000000000000001',
    '0.0000000000000001',
    '5e-324',
    '1.7976931348623157e308',
    '99999999999999999999',
    '0.30000000000000004',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    '1e+',
    '-',
    '--1',
    '0x10',
    'NaN',
    'Infinity',
    '1_000',
    '1 2',
  ])('the number %s', (number) => agree(Buffer.from(`{"v":${number}}`), { v: 'number' }))

  test('quotients of digits are the nearest double', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(999_999_999), fc.integer({ min: 1, max: 9 }), (whole, fraction, places) => {
        agree(Buffer.from(`{"v":-${whole}.${String(fraction).padStart(9, '0').slice(0, places)}}`), { v: 'number' })
      }),
      { numRuns: 3_000 },
    )
  })

  test('on nesting of any depth', () => {
    for (const depth of [1, 30, 31, 32, 33, 1_000]) {
      agree(Buffer.from(`{"x":${'['.repeat(depth)}${']'.repeat(depth)},"v":1}`), { v: 'number' })
      agree(Buffer.from(`{"x":${'{"y":'.repeat(depth)}0${'}'.repeat(depth)},"v":1}`), { v: 'number' })
      agree(Buffer.from(`{"x":${'['.repeat(depth)}${']'.repeat(depth - 1)},"v":1}`), { v: 'number' })
    }
  })

  test('on bytes that are no UTF-8, in keys and values', () => {
    const invalid = Buffer.from([0xff, 0x80, 0xed, 0xa0, 0x80, 0xc3])
    const quoted = Buffer.concat([Buffer.from('"'), invalid, Buffer.from('"')])
    for (const name of ['\uFFFD', '\uFFFD'.repeat(6), '\ud800']) {
      agree(Buffer.concat([Buffer.from('{'), quoted, Buffer.from(':1}')]), { [name]: 'number' })
      agree(Buffer.from('{"\\ud800":1,"\uFFFD":2}'), { [name]: 'number' })
    }
    agree(Buffer.concat([Buffer.from('{"v":'), quoted, Buffer.from('}')]), { v: 'string' })
    agree(Buffer.concat([Buffer.from('{"v":1'), invalid, Buffer.from('}')]), { v: 'number' })
    agree(Buffer.from('\uFEFF{"v":1}'), { v: 'number' })
  })
})

test('many fields, some optional', () => {
  const fields = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`f${i}`, i % 2 === 0 ? 'number' : 'string?'] as const),
  )
  agree(
    Buffer.from(
      JSON.stringify(Object.fromEntries(Object.keys(fields).map((name, i) => [name, i % 2 === 0 ? i : `${i}`]))),
    ),
    fields,
  )
  agree(Buffer.from('{"f0":0,"f2":2,"f4":4,"f6":6,"f8":8,"f10":10,"f3":null}'), fields)
})

test('says which field is wrong, and how', () => {
  const decode = (source: string): unknown => pick({ at: 'number' }).decode(Buffer.from(source), undefined as never)
  expect(() => decode('{"at":"soon"}')).toThrow("The field 'at' of a value: found 'soon', expected a number.")
  expect(() => decode('{"AT":1}')).toThrow("The field 'at' of a value: found nothing, expected a number.")
  expect(() => decode('{"at":[1]}')).toThrow('found an object or array')
  expect(() => decode('[1]')).toThrow('A value: found [1], expected a JSON object.')
  expect(() => decode('{"at":1')).toThrow(/found no JSON \(.*\), expected JSON text/)
})

test('fields must be named with types', () => {
  expect(() => pick({})).toThrow(/0 fields/)
  expect(() => pick({ at: 'date' as never })).toThrow(/'at' as 'date'/)
})
