/**
 * Owns the laws of aggregators as a kit: `verifyAggregator` tries to break each of them with generated values. It needs
 * no test framework. It compares results, never accumulators: how those look is the aggregator's own business.
 */
import type { Aggregator, Column, Columns, TimedMeta } from '@tidemark/core'
import * as fc from 'fast-check'
import { sameValue } from '@tidemark/core'

declare const structuredClone: <T>(value: T) => T

/** What to try an aggregator with. */
export interface VerifyAggregatorOptions<In, Out> {
  readonly values: fc.Arbitrary<In>
  /** Event times, in the order of arrival. Whole numbers from 0 to 20 if not given: often equal, often out of order. */
  readonly times?: fc.Arbitrary<number>
  /**
   * Whether two results are the same; by content if not given (−0 is 0, NaN is NaN). Where `add` computes with
   * fractions give it a tolerance: (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b)).
   */
  readonly equal?: (a: Out, b: Out) => boolean
  /** How often each law is tried; 100 if not given. */
  readonly runs?: number
  /** The seed of a failure, to see it again. */
  readonly seed?: number
}

/**
 * Throws a plain Error if the aggregator breaks one of its laws, with the name of the law, the seed and the smallest
 * counterexample that was found:
 * - create is the unit of merge: on both sides
 * - merge is associative
 * - adding one by one equals merging the parts: at any split
 * - merge leaves its second argument unchanged: also when either is added to afterwards
 * - a result stays as it was: also when its accumulator is added to afterwards
 * - an add that throws changes nothing
 * - subtract undoes merge, and leaves its second argument unchanged: where there is a subtract
 * - encode and decode round-trip: without them, a structured clone does (an accumulator in a checkpoint is plain)
 * - columns equal accumulators: where the aggregator brings '~columns'
 *
 * Records for which `add` throws are left out, but in the law about them.
 * @example verifyAggregator(aggregators.sum((n: number) => n), { values: fc.integer() })
 */
export function verifyAggregator<In, Acc, Out>(
  aggregator: Aggregator<In, Acc, Out>,
  options: VerifyAggregatorOptions<In, Out>,
): void {
  const row = fc.tuple(options.values, options.times ?? fc.integer({ min: 0, max: 20 }))
  // None is a case of its own, in merges above all: more often than by chance.
  const none = fc.constant<Row<In>[]>([])
  const records = fc.oneof({ weight: 1, arbitrary: none }, { weight: 4, arbitrary: fc.array(row, { maxLength: 12 }) })
  const trial: Trial<In, Acc, Out> = { of: aggregator, row, records, equal: options.equal ?? sameValue, options }
  if ((aggregator.encode === undefined) !== (aggregator.decode === undefined)) {
    throw new Error('Law of aggregators broken: encode and decode round-trip. There is one without the other.')
  }
  unit(trial)
  associative(trial)
  parts(trial)
  secondUnchanged(trial, 'merge leaves its second argument unchanged', aggregator.merge, (rows) => rows)
  resultStays(trial)
  throwingAdd(trial)
  if (aggregator.subtract !== undefined) {
    subtracts(trial, aggregator.subtract)
    const whole = (rows: readonly Row<In>[], part: readonly Row<In>[]): readonly Row<In>[] => [...rows, ...part]
    secondUnchanged(trial, 'subtract leaves its second argument unchanged', aggregator.subtract, whole)
  }
  roundTrip(trial)
  if (aggregator['~columns'] !== undefined) columnsEqual(trial, aggregator['~columns'])
}

/** A value and its event time. */
type Row<In> = readonly [value: In, eventTime: number]

interface Trial<In, Acc, Out> {
  readonly of: Aggregator<In, Acc, Out>
  readonly row: fc.Arbitrary<Row<In>>
  readonly records: fc.Arbitrary<Row<In>[]>
  readonly equal: (a: Out, b: Out) => boolean
  readonly options: VerifyAggregatorOptions<In, Out>
}

const HEADERS: ReadonlyMap<string, Uint8Array> = new Map()

function metaAt(eventTime: number): TimedMeta {
  const split = 'generated'
  const position = { split, offset: 0n }
  return { key: undefined, headers: HEADERS, split, position, arrivedAt: 0, timestamp: undefined, eventTime }
}

/** An accumulator of these records, without those that are refused. */
function accOf<In, Acc, Out>({ of }: Trial<In, Acc, Out>, rows: readonly Row<In>[], from: Acc = of.create()): Acc {
  let acc = from
  for (const [value, eventTime] of rows) {
    try {
      acc = of.add(acc, value, metaAt(eventTime))
    } catch {
      // A refused record: 'an add that throws changes nothing' looks after it.
    }
  }
  return acc
}

function resultOf<In, Acc, Out>(trial: Trial<In, Acc, Out>, rows: readonly Row<In>[], from?: Acc): Out {
  return trial.of.result(accOf(trial, rows, from))
}

function unit<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  check(trial, 'create is the unit of merge', [records], (rows) => {
    const alone = resultOf(trial, rows)
    return (
      differ(trial, 'merge(create(), a)', of.result(of.merge(of.create(), accOf(trial, rows))), 'a', alone) ??
      differ(trial, 'merge(a, create())', of.result(of.merge(accOf(trial, rows), of.create())), 'a', alone)
    )
  })
}

function associative<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  check(trial, 'merge is associative', [records, records, records], (a, b, c) => {
    const left = of.merge(of.merge(accOf(trial, a), accOf(trial, b)), accOf(trial, c))
    const right = of.merge(accOf(trial, a), of.merge(accOf(trial, b), accOf(trial, c)))
    return differ(trial, 'merge(merge(a, b), c)', of.result(left), 'merge(a, merge(b, c))', of.result(right))
  })
}

function parts<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  check(trial, 'adding one by one equals merging the parts', [records, records], (a, b) => {
    const merged = of.merge(accOf(trial, a), accOf(trial, b))
    return differ(trial, 'one by one', resultOf(trial, [...a, ...b]), 'merge(a, b)', of.result(merged))
  })
}

/**
 * `combine` is merge or subtract; its second argument may be used again, and so may what it gave. `whole` makes the
 * records of the first argument of `rows` and of those of the second.
 */
function secondUnchanged<In, Acc, Out>(
  trial: Trial<In, Acc, Out>,
  law: string,
  combine: (a: Acc, b: Acc) => Acc,
  whole: (rows: readonly Row<In>[], part: readonly Row<In>[]) => readonly Row<In>[],
): void {
  const { of, records } = trial
  check(trial, law, [records, records, records], (rows, part, more) => {
    const first = (): Acc => accOf(trial, whole(rows, part))
    const second = accOf(trial, part)
    const combined = accOf(trial, more, combine(first(), second))
    const shared = differ(trial, 'b after the call', of.result(second), 'b before', resultOf(trial, part))
    if (shared !== undefined) return shared
    const expected = resultOf(trial, more, combine(first(), accOf(trial, part)))
    accOf(trial, more, second)
    return differ(trial, 'the outcome after adding to b', of.result(combined), 'before', expected)
  })
}

function resultStays<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  check(trial, 'a result stays as it was', [records, records, records], (rows, more, merged) => {
    const acc = accOf(trial, rows)
    const result = of.result(acc)
    const later = of.merge(accOf(trial, more, acc), accOf(trial, merged))
    const stays = differ(trial, 'the result after more records', result, 'when it was given', resultOf(trial, rows))
    const expected = of.merge(accOf(trial, [...rows, ...more]), accOf(trial, merged))
    return stays ?? differ(trial, 'going on after a result', of.result(later), 'without one', of.result(expected))
  })
}

function throwingAdd<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  check(trial, 'an add that throws changes nothing', [records], (rows) => {
    let taken: Row<In>[] = []
    let acc = of.create()
    for (const row of rows) {
      try {
        acc = of.add(acc, row[0], metaAt(row[1]))
        taken = [...taken, row]
      } catch {
        const changed = differ(trial, 'after an add that threw', of.result(acc), 'before', resultOf(trial, taken))
        if (changed !== undefined) return changed
      }
    }
    return undefined
  })
}

function subtracts<In, Acc, Out>(trial: Trial<In, Acc, Out>, subtract: (a: Acc, b: Acc) => Acc): void {
  const { of, records } = trial
  check(trial, 'subtract undoes merge', [records, records, records], (a, b, more) => {
    const back = subtract(of.merge(accOf(trial, a), accOf(trial, b)), accOf(trial, b))
    const undone = differ(trial, 'subtract(merge(a, b), b)', of.result(back), 'a', resultOf(trial, a))
    if (undone !== undefined) return undone
    const both = resultOf(trial, [...a, ...more])
    return differ(trial, 'subtract(merge(a, b), b) and more', resultOf(trial, more, back), 'a and more', both)
  })
}

function roundTrip<In, Acc, Out>(trial: Trial<In, Acc, Out>): void {
  const { of, records } = trial
  const { encode, decode } = of
  const coded = encode !== undefined && decode !== undefined
  const copy = coded ? (acc: Acc): Acc => decode(encode(acc)) : structuredClone<Acc>
  const law = coded ? 'encode and decode round-trip' : 'an accumulator without encode is plain, so that a clone will do'
  check(trial, law, [records, records], (rows, more) => {
    const acc = accOf(trial, rows)
    const copied = copy(acc)
    const different = differ(trial, 'the copy of a', of.result(copied), 'a', resultOf(trial, rows))
    if (different !== undefined) return different
    const both = resultOf(trial, [...rows, ...more])
    const merged = of.result(of.merge(accOf(trial, more), copy(acc)))
    return (
      differ(trial, 'the copy of a and more', resultOf(trial, more, copied), 'a and more', both) ??
      differ(trial, 'a after its copy was added to', of.result(acc), 'before', resultOf(trial, rows)) ??
      differ(trial, 'merge(more, copy of a)', merged, 'merge(more, a)', of.result(of.merge(accOf(trial, more), acc)))
    )
  })
}

/** What an engine does with a column. */
type ColumnStep<In> =
  | { readonly do: 'add'; readonly slot: number; readonly row: Row<In> }
  | { readonly do: 'merge' | 'mergeWithin'; readonly slot: number; readonly from: number }
  | { readonly do: 'reopen'; readonly slot: number }
  | { readonly do: 'grow' | 'restore' }

const SLOTS = 3

function columnsEqual<In, Acc, Out>(trial: Trial<In, Acc, Out>, columns: Columns): void {
  const { row } = trial
  const slot = fc.nat(SLOTS - 1)
  const merging = fc.constantFrom('merge' as const, 'mergeWithin' as const)
  const step: fc.Arbitrary<ColumnStep<In>> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), slot, row }) },
    { weight: 2, arbitrary: fc.record({ do: merging, slot, from: slot }) },
    fc.record({ do: fc.constant('reopen' as const), slot }),
    fc.record({ do: fc.constantFrom('grow' as const, 'restore' as const) }),
  )
  const steps = fc.array(step, { maxLength: 30 })
  check(trial, 'columns equal accumulators', [steps, trial.records], (todo, others) =>
    new ColumnTrial(trial, columns, others).run(todo),
  )
}

/** A column and, as its model, the accumulators of the plain path. */
class ColumnTrial<In, Acc, Out> {
  readonly #trial: Trial<In, Acc, Out>
  readonly #columns: Columns
  /** Another column to merge from; all its slots hold the same records. */
  readonly #other: Column
  readonly #others: readonly Row<In>[]
  readonly #accs: Acc[]
  #capacity = SLOTS
  #column: Column

  constructor(trial: Trial<In, Acc, Out>, columns: Columns, others: readonly Row<In>[]) {
    this.#trial = trial
    this.#columns = columns
    this.#others = others
    this.#accs = Array.from({ length: SLOTS }, () => trial.of.create())
    this.#column = open(columns.make(SLOTS))
    this.#other = open(columns.make(SLOTS))
    for (const row of others) addTo(columns, this.#other, 1, row)
  }

  run(steps: readonly ColumnStep<In>[]): string | undefined {
    for (const [i, step] of steps.entries()) {
      this.#apply(step)
      const different = this.#compare(`after step ${i + 1} (${step.do})`)
      if (different !== undefined) return different
    }
    const expected = resultOf(this.#trial, this.#others)
    return differ(this.#trial, 'the column merged from', this.#other.result(1) as Out, 'its accumulator', expected)
  }

  #apply(step: ColumnStep<In>): void {
    const { of } = this.#trial
    switch (step.do) {
      case 'add':
        addTo(this.#columns, this.#column, step.slot, step.row)
        this.#accs[step.slot] = accOf(this.#trial, [step.row], this.#accs[step.slot] as Acc)
        break
      case 'merge':
        this.#column.merge(step.slot, this.#other, 1)
        this.#accs[step.slot] = of.merge(this.#accs[step.slot] as Acc, accOf(this.#trial, this.#others))
        break
      case 'mergeWithin':
        if (step.slot === step.from) break
        this.#column.merge(step.slot, this.#column, step.from)
        this.#accs[step.slot] = of.merge(this.#accs[step.slot] as Acc, this.#accs[step.from] as Acc)
        break
      case 'reopen':
        this.#column.clear?.(step.slot)
        this.#column.open(step.slot)
        this.#accs[step.slot] = of.create()
        break
      case 'grow':
        this.#capacity *= 2
        this.#column.grow(this.#capacity)
        break
      case 'restore': {
        const saved: unknown = this.#column.save(SLOTS)
        // Later changes must not reach what was saved.
        this.#column.open(0)
        this.#column.merge(1, this.#other, 1)
        this.#column = this.#columns.make(this.#capacity)
        this.#column.load(structuredClone(saved), SLOTS)
      }
    }
  }

  #compare(when: string): string | undefined {
    const { of } = this.#trial
    for (let slot = 0; slot < SLOTS; slot++) {
      const found = this.#column.result(slot) as Out
      const expected = of.result(this.#accs[slot] as Acc)
      const different = differ(this.#trial, `the column ${when}`, found, 'its accumulator', expected)
      if (different !== undefined) return different
    }
    return undefined
  }
}

function open(column: Column): Column {
  for (let slot = 0; slot < SLOTS; slot++) column.open(slot)
  return column
}

/** As the engine does: the user's code first; a record that it refuses is added nowhere. */
function addTo<In>(columns: Columns, column: Column, slot: number, [value, eventTime]: Row<In>): void {
  const meta = metaAt(eventTime)
  try {
    column.add(slot, columns.input === undefined ? undefined : columns.input(value as never, meta), meta)
  } catch {
    // As in accOf.
  }
}

/** Undefined where the two are the same, else what to tell. */
function differ<In, Acc, Out>(
  { equal }: Trial<In, Acc, Out>,
  one: string,
  a: Out,
  other: string,
  b: Out,
): string | undefined {
  return equal(a, b) ? undefined : `${one} gives ${fc.stringify(a)}, ${other} gives ${fc.stringify(b)}`
}

/** Tries one law; `tell` says what is wrong, if anything. */
function check<In, Acc, Out, Args extends unknown[]>(
  { options }: Trial<In, Acc, Out>,
  law: string,
  args: { [I in keyof Args]: fc.Arbitrary<Args[I]> },
  tell: (...args: Args) => string | undefined,
): void {
  const told = (values: Args): string | undefined => {
    try {
      return tell(...values)
    } catch (error) {
      return `it throws ${String(error)}`
    }
  }
  const property = fc.property(fc.tuple<Args>(...args), (values) => told(values) === undefined)
  const seed = options.seed === undefined ? {} : { seed: options.seed }
  const details = fc.check(property, { numRuns: options.runs ?? 100, ...seed })
  if (!details.failed) return
  const [values] = details.counterexample ?? []
  const wrong = values === undefined ? undefined : told(values)
  throw new Error(
    [
      `Law of aggregators broken: ${law}.`,
      `${wrong ?? 'Not every time: the aggregator depends on more than its arguments'}.`,
      `Counterexample, each record as [value, event time]: ${fc.stringify(values)}.`,
      `Seed ${details.seed}: verifyAggregator(…, { seed: ${details.seed} }) shows it again.`,
    ].join('\n'),
  )
}
