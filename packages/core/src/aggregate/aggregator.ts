/** Owns the contract of aggregators: *what* is computed. Nothing here knows windows, triggers or time. */
import type { TimedMeta } from '../io/meta.ts'

/**
 * create / add / merge / result. Laws: merge is associative and create() is its unit, on both sides; adding records
 * one by one equals merging accumulators of parts. `add` and `merge` may change and return their first accumulator;
 * they must leave the second one unchanged and not share changeable parts with it. An `add` that throws must throw
 * before it changes anything. `subtract(a, b)` undoes a merge of b. `encode` and `decode` make an accumulator bytes
 * and back: needed where accumulators are class instances and the job has a checkpoint.
 */
export interface Aggregator<in In, in out Acc, out Out> {
  readonly create: () => Acc
  readonly add: (acc: Acc, value: In, meta: TimedMeta) => Acc
  readonly merge: (a: Acc, b: Acc) => Acc
  readonly result: (acc: Acc) => Out
  readonly subtract?: (a: Acc, b: Acc) => Acc
  readonly encode?: (acc: Acc) => Uint8Array
  readonly decode?: (bytes: Uint8Array) => Acc
  /** How the engine keeps many accumulators side by side; built-in numeric aggregators use typed columns. */
  readonly '~columns'?: Columns
}

/** The accumulator is existential here: any. */
// oxlint-disable-next-line no-explicit-any
export type AnyAggregator<T> = Aggregator<T, any, unknown>

/**
 * The engine's view of an aggregator. `input` runs the user's code for a record once (it may throw; nothing has been
 * changed by then); what it returns goes to `add` of every window that takes the record. Undefined `input`: add needs
 * nothing from the record.
 */
export interface Columns {
  /** What each column does, where that is one of the simple things; its arrays are then those of `ColumnKind`. */
  readonly kind?: ColumnKind
  /** The user's function behind `input`, where `input` only asks that it returns a finite number. */
  readonly of?: (value: never) => number
  readonly input: ((value: never, meta: TimedMeta) => unknown) | undefined
  readonly make: (capacity: number) => Column
  /** What an accumulator means, where `kind` does not say it: part of the stored format. Undefined: the user's own. */
  readonly layout?: string
}

/** count: [records]; sum: [sums]; mean: [sums, records]. */
export type ColumnKind = 'count' | 'sum' | 'mean'

/**
 * Takes work on a snapshot that is to be done in parts, before anything is changed; when it is done, what was returned is
 * complete.
 */
export type Later = (work: Iterable<void>) => void

/** Many accumulators of one aggregator, one per slot. */
export interface Column {
  /** What it keeps per slot, where it has a kind. New ones after `grow`. */
  readonly arrays?: readonly Float64Array[]
  /** True where `add` itself runs the user's code and so may throw (before it changes anything). */
  readonly addMayThrow: boolean
  grow(capacity: number): void
  /** Makes the slot a fresh accumulator. */
  open(slot: number): void
  add(slot: number, input: unknown, meta: TimedMeta): void
  /** slot := merge(slot, from[fromSlot]); from is a column of the same aggregator and is left unchanged. */
  merge(slot: number, from: Column, fromSlot: number): void
  result(slot: number): unknown
  /** Lets go of what the slot holds; missing where that is only numbers. */
  clear?(slot: number): void
  /**
   * The accumulators of slots 0 to count − 1 as a structured-cloneable value that later changes do not touch. What takes
   * long may be left to `later`; without it everything is done at once.
   */
  save(count: number, later?: Later): unknown
  /** Takes back what save gave; the column has room for count slots. */
  load(saved: unknown, count: number): void
}
