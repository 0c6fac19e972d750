/**
 * Owns the composition of several aggregators in one pass: which columns there are, in which order user code runs, and
 * how their results become one value. One `AggregateSpec` per stage, one `Accumulators` per table of state.
 */
import { configError, StreamError, reasonOf } from '../errors/stream-error.ts'
import type { TimedMeta } from '../io/meta.ts'
import type { AnyAggregator, Column, Columns, Later } from './aggregator.ts'
import { objectColumns } from './object-column.ts'
import { type ToResult, resultsBy } from './result-object.ts'
import { dividable } from '../io/pieces.ts'

type Input = Columns['input']

/** What a stage computes. `prepare` runs the user's extractors and keeps their answers for `Accumulators.add`. */
export class AggregateSpec {
  readonly names: readonly string[] | undefined
  readonly aggregators: readonly AnyAggregator<unknown>[]
  readonly inputs: unknown[]
  readonly columns: readonly Columns[]
  /** Makes the object of several results. */
  toResult: ToResult
  readonly #extract: readonly (Input | undefined)[]

  constructor(what: AnyAggregator<never> | { readonly [name: string]: AnyAggregator<never> }) {
    const single = isAggregator(what)
    const names = single ? undefined : Object.keys(what)
    const parts = single ? [what] : Object.values(what)
    for (const [i, part] of parts.entries()) {
      if (isAggregator(part)) continue
      throw configError('BAD_AGGREGATE', `The aggregate '${names?.[i] ?? ''}'`, {
        found: part,
        expected: 'an aggregator with create, add, merge and result',
        remedy: 'Write a call, as in a.count().',
      })
    }
    if (parts.length === 0 || names?.includes('__proto__') === true) {
      throw configError('BAD_AGGREGATE', 'The aggregates of a window', {
        found: names,
        expected: 'at least one aggregator, none named __proto__',
        remedy: 'Name what to compute: aggregate((a) => ({ n: a.count() })).',
      })
    }
    this.names = names
    this.aggregators = parts as readonly AnyAggregator<unknown>[]
    this.columns = this.aggregators.map((part) => part['~columns'] ?? objectColumns(part))
    this.#extract = this.columns.map((column) => column.input)
    this.inputs = parts.map(() => undefined)
    this.toResult = names === undefined ? onlyResult : resultsBy(names)
  }

  /** Runs the user's extractors; throws what they throw, with nothing changed. */
  prepare(value: unknown, meta: TimedMeta): void {
    const extract = this.#extract
    for (let i = 0; i < extract.length; i++) {
      const input = extract[i] as Input
      if (input !== undefined) this.inputs[i] = input(value as never, meta)
    }
  }

  make(capacity: number): Accumulators {
    return new Accumulators(
      this,
      this.columns.map((column) => column.make(capacity)),
    )
  }
}

/** The accumulators of one table, all aggregators of the stage side by side. */
export class Accumulators {
  readonly #spec: AggregateSpec
  readonly columns: readonly Column[]
  readonly #order: readonly number[]
  readonly #holding: readonly Column[]

  constructor(spec: AggregateSpec, columns: readonly Column[]) {
    this.#spec = spec
    this.columns = columns
    this.#holding = columns.filter((column) => 'clear' in column)
    // What may still throw goes first, so that a throwing record leaves no part of itself behind.
    this.#order = columns
      .map((_, i) => i)
      .sort((a, b) => Number(columns[b]?.addMayThrow) - Number(columns[a]?.addMayThrow))
  }

  grow(capacity: number): void {
    for (const column of this.columns) column.grow(capacity)
  }

  open(slot: number): void {
    for (const column of this.columns) column.open(slot)
  }

  /** Adds the record that the spec was prepared for. */
  add(slot: number, meta: TimedMeta): void {
    const order = this.#order
    const inputs = this.#spec.inputs
    for (let k = 0; k < order.length; k++) {
      const i = order[k] as number
      ;(this.columns[i] as Column).add(slot, inputs[i], meta)
    }
  }

  merge(slot: number, from: Accumulators, fromSlot: number): void {
    try {
      for (let i = 0; i < this.columns.length; i++) {
        ;(this.columns[i] as Column).merge(slot, from.columns[i] as Column, fromSlot)
      }
    } catch (cause) {
      throw failed('merge', cause)
    }
  }

  result(slot: number): unknown {
    try {
      return this.#spec.toResult(this.columns, slot)
    } catch (cause) {
      throw failed('result', cause)
    }
  }

  clear(slot: number): void {
    for (const column of this.#holding) column.clear?.(slot)
  }

  save(count: number, later?: Later): unknown[] {
    return dividable(this.columns.map((column) => column.save(count, later)))
  }

  load(saved: readonly unknown[], count: number): void {
    for (const [i, column] of this.columns.entries()) column.load(saved[i], count)
  }
}

function onlyResult(columns: readonly Column[], slot: number): unknown {
  return (columns[0] as Column).result(slot)
}

function isAggregator(what: unknown): what is AnyAggregator<unknown> {
  const parts = what as Partial<AnyAggregator<unknown>> | null
  return (
    typeof parts === 'object' &&
    parts !== null &&
    typeof parts.create === 'function' &&
    typeof parts.add === 'function' &&
    typeof parts.merge === 'function' &&
    typeof parts.result === 'function'
  )
}

/** A failing merge or result belongs to no one record, so no policy for records fits: the job stops. */
function failed(what: string, cause: unknown): StreamError {
  const text = reasonOf(cause)
  return new StreamError(
    'USER_FUNCTION_THREW',
    `The ${what} of an aggregator: found that it threw ${text}, expected it to return. It belongs to no one record, so onError does not apply; make it total.`,
    { cause },
  )
}
