/**
 * Owns how a checkpoint is divided, so that a store can take it piece by piece and let the host have a turn in between.
 * Only containers that the engine made and marked are divided. What users made stays in one piece: objects of theirs
 * that refer to each other, or to themselves, do so after a restart too.
 */

/** Part of a value; a container's piece is followed by those of what it holds. */
export type Piece =
  | { readonly is: 'whole'; readonly value: unknown }
  | { readonly is: 'object'; readonly names: readonly string[] }
  | { readonly is: 'map'; readonly keys: readonly unknown[] }
  | { readonly is: 'list'; readonly length: number }
  /** Some elements of the list that was begun. */
  | { readonly is: 'run'; readonly values: readonly unknown[] }
  | { readonly is: 'column'; readonly length: number }
  /** Some numbers of the column that was begun: a view, not a copy. */
  | { readonly is: 'numbers'; readonly values: Numbers }

export type Numbers = Float64Array | Uint32Array | Int32Array | Uint8Array

/** About as many values are in a group of pieces, unless one value of a user's alone has more. */
const PIECE_WEIGHT = 4_096
/** Numbers in a column are copied as bytes. */
const NUMBERS_PER_WEIGHT = 16
const MOST_LOOKED_AT = 16

/** What may be divided, with a name for it where it has one. */
const divisible = new WeakMap<object, string | undefined>()

/**
 * Marks a container, and the lists and columns directly in it, as the engine's own: nothing else refers to them and
 * nobody changes them any more. `name` tells it from others in its list for as long as it lives.
 */
export function dividable<T extends object>(container: T, name?: string): T {
  divisible.set(container, name)
  const parts: Iterable<unknown> = container instanceof Map ? container.values() : Object.values(container)
  for (const part of parts) if (Array.isArray(part) || isNumbers(part)) divisible.set(part, undefined)
  return container
}

/** Marks a list of the engine's own whose elements are users': they stay whole, whatever they are. */
export function dividableList<T>(list: T[]): T[] {
  divisible.set(list, undefined)
  return list
}

/**
 * The pieces of a value, in groups that are about equally much work. Throws what a getter of the user's throws, as
 * cloning would.
 */
export function* piecesOf(value: unknown, weight: number = PIECE_WEIGHT): Generator<readonly Piece[], void> {
  let group: Piece[] = []
  let sum = 0
  for (const [piece, more] of divide(value, weight)) {
    group.push(piece)
    sum += more
    if (sum < weight) continue
    yield group
    group = []
    sum = 0
  }
  if (group.length > 0) yield group
}

type Weighed = readonly [piece: Piece, weight: number]

function* divide(value: unknown, most: number): Generator<Weighed, void> {
  if (!isDivisible(value)) yield [{ is: 'whole', value }, weigh(value, 2)]
  else if (isNumbers(value)) yield* divideColumn(value, most * NUMBERS_PER_WEIGHT)
  else if (Array.isArray(value)) yield* divideList(value, most)
  else if (value instanceof Map) {
    yield [{ is: 'map', keys: [...value.keys()] }, value.size]
    for (const part of value.values()) yield* divide(part, most)
  } else {
    yield [{ is: 'object', names: Object.keys(value) }, 1]
    for (const part of Object.values(value)) yield* divide(part, most)
  }
}

function* divideColumn(column: Numbers, most: number): Generator<Weighed, void> {
  const { length } = column
  if (length === 0) {
    yield [{ is: 'whole', value: column }, 1]
    return
  }
  yield [{ is: 'column', length }, 1]
  for (let from = 0; from < length; from += most) {
    const values = column.subarray(from, from + most)
    yield [{ is: 'numbers', values }, Math.ceil(values.length / NUMBERS_PER_WEIGHT)]
  }
}

function* divideList(list: readonly unknown[], most: number): Generator<Weighed, void> {
  const { length } = list
  yield [{ is: 'list', length }, 1]
  let from = 0
  let weight = 0
  for (let i = 0; i < length; i++) {
    const value = list[i]
    if (isDivisible(value)) {
      if (from < i) yield [{ is: 'run', values: list.slice(from, i) }, weight]
      yield* divide(value, most)
      from = i + 1
      weight = 0
      continue
    }
    weight += weigh(value, 2)
    if (weight < most) continue
    yield [{ is: 'run', values: list.slice(from, i + 1) }, weight]
    from = i + 1
    weight = 0
  }
  if (from < length) yield [{ is: 'run', values: list.slice(from) }, weight]
}

/** About how much a user's value holds; looks no further than into its parts. */
function weigh(value: unknown, depth: number): number {
  if (typeof value === 'string') return 1 + (value.length >> 6)
  if (typeof value !== 'object' || value === null || depth === 0) return 1
  if (ArrayBuffer.isView(value)) return 1 + (value.byteLength >> 7)
  if (value instanceof Map || value instanceof Set) return 1 + 4 * value.size
  if (Array.isArray(value) && value.length > MOST_LOOKED_AT) return 1 + 4 * value.length
  let weight = 1
  for (const part of Object.values(value)) weight += weigh(part, depth - 1)
  return weight
}

/** About what a value weighs, counted no further than to a little above `most`. */
export function weightUpTo(value: unknown, most: number): number {
  if (!isDivisible(value)) return weigh(value, 2)
  if (isNumbers(value)) return Math.ceil(value.length / NUMBERS_PER_WEIGHT)
  let weight = 1
  for (const part of value instanceof Map ? value.values() : Object.values(value)) {
    weight += weightUpTo(part, most - weight)
    if (weight > most) break
  }
  return weight
}

export function nameOf(value: unknown): string | undefined {
  return isDivisible(value) ? divisible.get(value) : undefined
}

export function isDivisible(value: unknown): value is object {
  return typeof value === 'object' && value !== null && divisible.has(value)
}

export function isNumbers(value: unknown): value is Numbers {
  return (
    value instanceof Float64Array ||
    value instanceof Uint32Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array
  )
}

/** The value that pieces were made of. They are used up: what they hold is in it, uncopied but for columns. */
export function joined(groups: Iterable<readonly Piece[]>): unknown {
  const pieces = flat(groups)
  const next = (): Piece => {
    const { done, value } = pieces.next()
    if (done === true) throw new TypeError('pieces of a checkpoint are missing')
    return value
  }
  return join(next(), next)
}

function* flat(groups: Iterable<readonly Piece[]>): Generator<Piece, void> {
  for (const group of groups) yield* group
}

function join(piece: Piece, next: () => Piece): unknown {
  switch (piece.is) {
    case 'whole':
      return piece.value
    case 'object':
      return Object.fromEntries(piece.names.map((name) => [name, join(next(), next)]))
    case 'map':
      return new Map(piece.keys.map((key) => [key, join(next(), next)]))
    case 'list':
      return joinList(piece.length, next)
    case 'column':
      return joinColumn(piece.length, next)
    default:
      throw new TypeError(`a piece of a checkpoint is not in its place: ${piece.is}`)
  }
}

function joinList(length: number, next: () => Piece): unknown[] {
  const list: unknown[] = []
  while (list.length < length) {
    const piece = next()
    if (piece.is !== 'run') list.push(join(piece, next))
    else {
      const from = list.length
      const { values } = piece
      list.length += values.length
      // Slots that were never used are holes, and stay so.
      for (let i = 0; i < values.length; i++) if (i in values) list[from + i] = values[i]
    }
  }
  return list
}

function joinColumn(length: number, next: () => Piece): Numbers {
  let column: Numbers | undefined
  for (let from = 0; from < length;) {
    const piece = next()
    if (piece.is !== 'numbers') throw new TypeError(`numbers of a checkpoint are missing: found ${piece.is}`)
    column ??= new (piece.values.constructor as new (length: number) => Numbers)(length)
    column.set(piece.values, from)
    from += piece.values.length
  }
  if (column === undefined) throw new TypeError('a column of a checkpoint without numbers')
  return column
}
