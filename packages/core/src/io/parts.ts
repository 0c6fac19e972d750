/**
 * Owns how a saved state is divided into parts with names, so that a log need only write those that have changed: what
 * stands at the same place in the state has the same name each time. Only containers that the engine marked are divided,
 * and small ones stay whole.
 */
import { type Numbers, isDivisible, isNumbers, nameOf, weightUpTo } from './pieces.ts'

/** A part of a state; `value` is structured-cloneable and holds on to nothing that changes later but users' objects. */
export interface StatePart {
  readonly name: string
  readonly value: unknown
}

/** The head of a container; what is apart has a part of its own, named after it. */
type Head =
  | { readonly is: 'whole'; readonly value: unknown }
  | { readonly is: 'object'; readonly own: { readonly [name: string]: unknown }; readonly apart: readonly string[] }
  | { readonly is: 'map'; readonly keys: readonly unknown[] }
  | { readonly is: 'list'; readonly names: readonly string[] }
  /** Elements of a list, or numbers of a column, in runs that are apart. */
  | { readonly is: 'runs'; readonly length: number }

/** What weighs no more is one part. */
const SMALL = 256
const VALUES_IN_A_RUN = 256
const NUMBERS_IN_A_RUN = 1_024
/** The name of the whole. */
const ROOT = ''

/** The parts of a value, in an order that says nothing. */
export function* partsOf(value: unknown, name: string = ROOT): Generator<StatePart, void> {
  if (!isDivisible(value) || weightUpTo(value, SMALL) <= SMALL) yield head(name, { is: 'whole', value })
  else if (isNumbers(value)) yield* runsOf(value, NUMBERS_IN_A_RUN, name)
  else if (Array.isArray(value)) {
    if (!value.some(isDivisible)) yield* runsOf(value, VALUES_IN_A_RUN, name)
    else {
      const names = namesOf(value)
      yield head(name, { is: 'list', names })
      for (const [i, element] of value.entries()) yield* partsOf(element, within(name, names[i] as string))
    }
  } else if (value instanceof Map) {
    yield head(name, { is: 'map', keys: [...value.keys()] })
    for (const [i, element] of [...value.values()].entries()) yield* partsOf(element, within(name, String(i)))
  } else {
    const fields = Object.entries(value)
    const own = Object.fromEntries(fields.filter(([, field]) => !isDivisible(field)))
    const apart = fields.filter(([, field]) => isDivisible(field))
    yield head(name, { is: 'object', own, apart: apart.map(([field]) => field) })
    for (const [field, element] of apart) yield* partsOf(element, within(name, field))
  }
}

/** The value that parts were made of; parts that nothing refers to are left alone. */
export function fromParts(parts: ReadonlyMap<string, unknown>, name: string = ROOT): unknown {
  const at = partAt(parts, name) as Head
  switch (at.is) {
    case 'whole':
      return at.value
    case 'object':
      return {
        ...at.own,
        ...Object.fromEntries(at.apart.map((field) => [field, fromParts(parts, within(name, field))])),
      }
    case 'map':
      return new Map(at.keys.map((key, i) => [key, fromParts(parts, within(name, String(i)))]))
    case 'list':
      return at.names.map((element) => fromParts(parts, within(name, element)))
    case 'runs':
      return joinRuns(parts, name, at.length)
  }
}

function head(name: string, value: Head): StatePart {
  return { name, value }
}

function* runsOf(values: Numbers | readonly unknown[], most: number, name: string): Generator<StatePart, void> {
  yield head(name, { is: 'runs', length: values.length })
  for (let from = 0; from < values.length; from += most)
    yield { name: within(name, String(from)), value: values.slice(from, from + most) }
}

function joinRuns(parts: ReadonlyMap<string, unknown>, name: string, length: number): unknown {
  let whole: unknown[] | Numbers | undefined
  for (let from = 0; from < length;) {
    const run = partAt(parts, within(name, String(from))) as Numbers | unknown[]
    if (isNumbers(run)) {
      whole ??= new (run.constructor as new (length: number) => Numbers)(length)
      ;(whole as Numbers).set(run, from)
    } else {
      const list = (whole ??= []) as unknown[]
      list.length = from + run.length
      // Slots that were never used are holes, and stay so.
      for (let i = 0; i < run.length; i++) if (i in run) list[from + i] = run[i]
    }
    from += run.length
  }
  return whole
}

function partAt(parts: ReadonlyMap<string, unknown>, name: string): unknown {
  const part = parts.get(name)
  if (part === undefined) throw new TypeError(`a part of a saved state is missing: '${name}'`)
  return part
}

/** What an element is called: by itself where it says so, else by its place; no two alike. */
function namesOf(list: readonly unknown[]): readonly string[] {
  const used = new Set<string>()
  return list.map((element, i) => {
    const own = nameOf(element)
    const name = own === undefined || used.has(own) ? `#${i}` : own
    used.add(name)
    return name
  })
}

/** Names of users' own may hold anything, also what divides names. */
function within(name: string, child: string): string {
  return `${name}/${encodeURIComponent(child)}`
}
