/** Owns the column of any aggregator: its accumulators as they are, in an array. */
import { StreamError } from '../errors/stream-error.ts'
import type { TimedMeta } from '../io/meta.ts'
import { dividableList, piecesOf } from '../io/pieces.ts'
import type { AnyAggregator, Column, Columns, Later } from './aggregator.ts'

/** Columns for an aggregator that brings none of its own: `add` runs the user's code. */
export function objectColumns(of: AnyAggregator<unknown>): Columns {
  return { input: (value: unknown) => value, make: () => new ObjectColumn(of, true) }
}

export class ObjectColumn implements Column {
  readonly addMayThrow: boolean
  readonly #of: AnyAggregator<unknown>
  readonly #accs: unknown[] = []

  /** `addMayThrow` false promises that the aggregator's add does not throw once its input was extracted. */
  constructor(of: AnyAggregator<unknown>, addMayThrow: boolean) {
    this.#of = of
    this.addMayThrow = addMayThrow
  }

  grow(): void {}

  open(slot: number): void {
    this.#accs[slot] = this.#of.create()
  }

  add(slot: number, input: unknown, meta: TimedMeta): void {
    this.#accs[slot] = this.#of.add(this.#accs[slot], input, meta)
  }

  merge(slot: number, from: ObjectColumn, fromSlot: number): void {
    this.#accs[slot] = this.#of.merge(this.#accs[slot], from.#accs[fromSlot])
  }

  result(slot: number): unknown {
    return this.#of.result(this.#accs[slot])
  }

  clear(slot: number): void {
    this.#accs[slot] = undefined
  }

  save(count: number, later?: Later): unknown {
    const saved: unknown[] = []
    const work = copying(this.#accs.slice(0, count), saved, this.#of.encode)
    if (later === undefined) for (const _ of work);
    else later(work)
    return saved
  }

  load(saved: unknown, count: number): void {
    const { decode, encode } = this.#of
    const accs = encode === undefined ? structuredClone(saved as unknown[]) : (saved as unknown[])
    for (let slot = 0; slot < count; slot++) {
      const acc = accs[slot]
      this.#accs[slot] =
        encode === undefined || decode === undefined || acc === undefined ? acc : decode(acc as Uint8Array)
    }
  }
}

declare const structuredClone: <T>(value: T) => T

/** Puts copies of accumulators into a list, part by part. */
function* copying(
  accs: unknown[],
  into: unknown[],
  encode: ((acc: unknown) => Uint8Array) | undefined,
): Generator<void, void> {
  try {
    for (const group of piecesOf(dividableList(accs))) {
      for (const piece of group) {
        if (piece.is !== 'run') continue
        const run =
          encode === undefined
            ? cloned(piece.values)
            : piece.values.map((acc) => (acc === undefined ? undefined : encode(acc)))
        for (const acc of run) into.push(acc)
      }
      yield
    }
  } catch (cause) {
    // What encode throws is the user's to read.
    if (encode !== undefined || cause instanceof StreamError) throw cause
    throw notPlain(cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function cloned(accs: readonly unknown[]): readonly unknown[] {
  for (const acc of accs) requirePlain(acc)
  return structuredClone(accs)
}

/** A class instance would come back from a snapshot without its methods. */
function requirePlain(acc: unknown): void {
  if (typeof acc !== 'object' || acc === null) return
  const type = (Object.getPrototypeOf(acc) as { constructor?: { name?: string } } | null)?.constructor
  if (type === undefined || PLAIN.has(type.name ?? '')) return
  throw notPlain(`an instance of class ${type.name}`)
}

function notPlain(found: string, cause?: unknown): StreamError {
  return new StreamError(
    'ACCUMULATOR_NOT_PLAIN',
    `A snapshot of an accumulator: found ${found}, expected plain values (objects, arrays, Map, Set, typed arrays). Give the aggregator encode and decode.`,
    { cause },
  )
}

const PLAIN = new Set([
  'Object',
  'Array',
  'Map',
  'Set',
  'Date',
  'Uint8Array',
  'Uint32Array',
  'Int32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
])
