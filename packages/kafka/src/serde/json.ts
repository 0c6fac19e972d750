/** Owns JSON values: whole ones, checked by a schema if one is given, and the door to `json.pick`. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type StreamError, problem, reasonOf, show } from '@tidemark/core'
import { pick } from './json-pick.ts'
import { parseRange } from './parse-range.ts'
import type { Serde } from './serde.ts'

export interface Json {
  /** JSON that is taken for a `T` without a look at it. */
  <T>(): Serde<T>
  /** JSON that must be what the schema (any Standard Schema, synchronous) accepts; `T` is what the schema makes of it. */
  <T, Wire = T>(schema: StandardSchemaV1<Wire, T>): Serde<T, Wire>
  /** Only the named fields of JSON objects, read straight from the bytes. */
  readonly pick: typeof pick
}

export const json: Json = Object.assign(makeJson, { pick })

function makeJson<T, Wire = T>(schema?: StandardSchemaV1<Wire, T>): Serde<T, Wire> {
  if (schema !== undefined && typeof (schema as Partial<typeof schema>)['~standard']?.validate !== 'function') {
    throw problem('BAD_SCHEMA', 'json', {
      found: show(schema),
      expected: 'a Standard Schema (Zod, Valibot, ArkType and others make them)',
      remedy: 'Pass the schema itself, or nothing to trust the JSON.',
    })
  }
  const decodeRange =
    schema === undefined
      ? (parseRange as (bytes: Uint8Array, start: number, end: number) => T)
      : (bytes: Uint8Array, start: number, end: number) => check(schema, parseRange(bytes, start, end))
  return Object.freeze({ decode: (bytes: Uint8Array) => decodeRange(bytes, 0, bytes.length), decodeRange, encode })
}

function check<T>(schema: StandardSchemaV1<unknown, T>, value: unknown): T {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) throw asynchronous()
  if (result.issues === undefined) return result.value
  const issues = result.issues.slice(0, 3).map(({ message, path }) => {
    const where = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return where === '' ? message : `${where}: ${message}`
  })
  throw problem('BAD_VALUE', 'A value', {
    found: `what its schema refuses (${issues.join('; ')}${result.issues.length > 3 ? '; …' : ''})`,
    expected: 'what the schema accepts',
    remedy: 'Mend the producer or the schema, or give the source onBadRecord.',
  })
}

function asynchronous(): StreamError {
  return problem('BAD_SCHEMA', 'json', {
    found: 'a schema that answers with a promise',
    expected: 'one that answers at once',
    remedy: 'Decode without asynchronous checks, and do what must wait in front of the topic.',
  })
}

function encode(value: unknown): Uint8Array {
  let made: string | undefined
  let cause: unknown
  try {
    made = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (made !== undefined) return Buffer.from(made)
  throw problem(
    'BAD_VALUE',
    'A value',
    {
      found:
        cause === undefined
          ? `${typeof value}, which JSON cannot write`
          : `what JSON cannot write (${reasonOf(cause)})`,
      expected: 'plain values',
      remedy: 'Map it to such, or write an Encoder.',
    },
    { cause },
  )
}
