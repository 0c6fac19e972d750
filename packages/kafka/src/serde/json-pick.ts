/** Owns `json.pick`: named fields of JSON objects as typed values, without the objects. */
import { type StreamError, problem, show } from '@tidemark/core'
import { FOUND, JsonScan } from './json-scan.ts'
import { parseRange } from './parse-range.ts'
import type { Decoder } from './serde.ts'

/** What a field must be; with a question mark it may be missing or null, and is undefined then. */
export type FieldType = 'number' | 'string' | 'boolean' | 'number?' | 'string?' | 'boolean?'

interface TypeOf {
  readonly number: number
  readonly string: string
  readonly boolean: boolean
  readonly 'number?': number | undefined
  readonly 'string?': string | undefined
  readonly 'boolean?': boolean | undefined
}

export type Picked<F extends { readonly [name: string]: FieldType }> = { readonly [N in keyof F]: TypeOf[F[N]] }

interface Field {
  readonly name: string
  readonly type: 'number' | 'string' | 'boolean'
  /** What a scan must have found. */
  readonly code: number
  readonly optional: boolean
}

const CODES = { number: FOUND.number, string: FOUND.string, boolean: FOUND.boolean } as const
const MOST_FIELDS = 64

/**
 * Reads only these fields of JSON objects, several times faster than JSON.parse, with the same result for every text:
 * of a key that comes twice the last one counts, invalid JSON is an error exactly where it is one for JSON.parse.
 * @example json.pick({ page: 'string', at: 'number', dwellMs: 'number?' })
 */
export function pick<const F extends { readonly [name: string]: FieldType }>(fields: F): Decoder<Picked<F>> {
  const list = Object.entries(fields).map(([name, type]) => fieldOf(name, type))
  if (list.length === 0 || list.length > MOST_FIELDS) throw badFields(`${list.length} fields`)
  const scan = new JsonScan(list.map(({ name }) => name))
  // Invalid UTF-8 reads as U+FFFD: a name with it is not told apart by bytes.
  const byBytes = list.every(({ name }) => !/[\uFFFD\p{Surrogate}]/u.test(name))
  const make = maker(list.map(({ name }) => name))
  const decodeRange = (bytes: Uint8Array, start: number, end: number): Picked<F> => {
    if (!byBytes || !scan.scan(bytes, start, end)) parseInto(scan, list, bytes, start, end)
    const { found, values } = scan
    for (let i = 0; i < list.length; i++) {
      const field = list[i] as Field
      const is = found[i] as number
      if (is === field.code) continue
      if (!field.optional || (is !== FOUND.missing && is !== FOUND.null)) throw badField(field, is, values[i])
      values[i] = undefined
    }
    return make(values) as Picked<F>
  }
  return Object.freeze({ decode: (bytes: Uint8Array) => decodeRange(bytes, 0, bytes.length), decodeRange })
}

/** The way by JSON.parse. */
function parseInto(scan: JsonScan, fields: readonly Field[], bytes: Uint8Array, start: number, end: number): void {
  const value = parseRange(bytes, start, end)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw noObject(value)
  for (const [i, { name }] of fields.entries()) {
    const part = Object.hasOwn(value, name) ? (value as { readonly [name: string]: unknown })[name] : undefined
    scan.values[i] = part
    scan.found[i] = part === undefined ? FOUND.missing : kindOf(part)
  }
}

function kindOf(value: unknown): number {
  if (value === null) return FOUND.null
  const type = typeof value
  return type === 'number' || type === 'string' || type === 'boolean' ? CODES[type] : FOUND.other
}

/** Object literals give all results one shape; a loop over names would not. */
function maker(names: readonly string[]): (values: readonly unknown[]) => unknown {
  const [a, b, c, d] = names as [string, string, string, string]
  switch (names.length) {
    case 1:
      return (v) => ({ [a]: v[0] })
    case 2:
      return (v) => ({ [a]: v[0], [b]: v[1] })
    case 3:
      return (v) => ({ [a]: v[0], [b]: v[1], [c]: v[2] })
    case 4:
      return (v) => ({ [a]: v[0], [b]: v[1], [c]: v[2], [d]: v[3] })
    default:
      return (v) => Object.fromEntries(names.map((name, i) => [name, v[i]]))
  }
}

function fieldOf(name: string, type: unknown): Field {
  const match = /^(number|string|boolean)(\?)?$/.exec(String(type))
  if (match === null) throw badFields(`'${name}' as ${show(type)}`)
  const plain = match[1] as Field['type']
  return { name, type: plain, code: CODES[plain], optional: match[2] !== undefined }
}

function badFields(found: string): StreamError {
  return problem('BAD_PICK', 'json.pick', {
    found,
    expected: `1 to ${MOST_FIELDS} fields as 'number', 'string' or 'boolean', with a '?' where they may be missing`,
    remedy: 'Name the fields that the pipeline reads; for others use json().',
  })
}

const KINDS = ['nothing', 'a number', 'text', 'true or false', 'null', 'an object or array']

function badField({ name, type }: Field, is: number, value: unknown): StreamError {
  const plain = is === FOUND.number || is === FOUND.string || is === FOUND.boolean
  return problem('BAD_VALUE', `The field '${name}' of a value`, {
    found: plain ? show(value) : (KINDS[is] as string),
    expected: KINDS[CODES[type]] as string,
    remedy: `Mend the producer, say '${type}?' if it may be missing, or give the source onBadRecord.`,
  })
}

function noObject(value: unknown): StreamError {
  return problem('BAD_VALUE', 'A value', {
    found: show(value),
    expected: 'a JSON object',
    remedy: 'json.pick reads fields of objects; use json() for other values.',
  })
}
