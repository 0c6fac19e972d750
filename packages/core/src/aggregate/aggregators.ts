/** Owns the list of built-in aggregators: what `aggregate((a) => …)` gets as `a`. */
import type { Key } from '../io/meta.ts'
import type { Aggregator, AnyAggregator } from './aggregator.ts'
import { type DatedAcc, first, last } from './by-time.ts'
import { collect } from './collect.ts'
import { count } from './count.ts'
import { distinct, type DistinctAcc } from './distinct.ts'
import type { Ordered } from './extract.ts'
import { max, min } from './extreme.ts'
import { type Fold, fold, use } from './fold.ts'
import { mean, type MeanAcc } from './mean.ts'
import { reduce, type ReduceAcc } from './reduce.ts'
import { sum } from './sum.ts'
import { type Ranked, topK, type TopKAcc } from './top-k.ts'
import { variance, type VarianceAcc } from './variance.ts'

/** The built-in aggregators, for records of one type. */
export interface Aggregators<T> {
  /** How many records there are. */
  count(): Aggregator<T, number, number>
  /** The sum of finite numbers. */
  sum(of: (value: T) => number): Aggregator<T, number, number>
  /** The arithmetic mean of finite numbers; NaN for no records. */
  mean(of: (value: T) => number): Aggregator<T, MeanAcc, number>
  /** The lowest value; undefined for no records. */
  min<U extends Ordered>(of: (value: T) => U): Aggregator<T, U | undefined, U>
  /** The highest value; undefined for no records. */
  max<U extends Ordered>(of: (value: T) => U): Aggregator<T, U | undefined, U>
  /** The sample variance (n − 1) of finite numbers; NaN for fewer than two records. */
  variance(of: (value: T) => number): Aggregator<T, VarianceAcc, number>
  /** The value of the earliest record by event time; undefined for no records. */
  first<U>(of: (value: T) => U): Aggregator<T, DatedAcc<U> | undefined, U>
  /** The value of the latest record by event time; undefined for no records. */
  last<U>(of: (value: T) => U): Aggregator<T, DatedAcc<U> | undefined, U>
  /** The first `max` records by arrival. */
  collect<U = T>(options: { readonly max: number; readonly of?: (value: T) => U }): Aggregator<T, U[], readonly U[]>
  /** How many different values: exact up to `max` (default 1,000), then within 2 %. */
  distinct<U extends Key>(of: (value: T) => U, options?: { readonly max?: number }): Aggregator<T, DistinctAcc, number>
  /** The `k` values that come most often, most frequent first. */
  topK<U extends Key>(
    of: (value: T) => U,
    options: { readonly k: number },
  ): Aggregator<T, TopKAcc, readonly Ranked<U>[]>
  /** The records combined two by two. */
  reduce(combine: (a: T, b: T) => T): Aggregator<T, ReduceAcc<T>, T>
  /** An aggregator of your own, in place. */
  fold<Acc, Out>(parts: Fold<T, Acc> & { readonly result: (acc: Acc) => Out }): Aggregator<T, Acc, Out>
  fold<Acc>(parts: Fold<T, Acc>): Aggregator<T, Acc, Acc>
  /** An aggregator that stands alone and takes its record type from here. */
  use<Acc, Out>(aggregator: Aggregator<T, Acc, Out>): Aggregator<T, Acc, Out>
}

/** The one object behind every `a`: no aggregator keeps anything about its record type. */
export const aggregators: Aggregators<unknown> = Object.freeze({
  count,
  sum,
  mean,
  min,
  max,
  variance,
  first,
  last,
  collect,
  distinct,
  topK,
  reduce,
  fold,
  use,
})

/** What an aggregate yields: one aggregator's result, or an object of results. */
export type Outcome<A> =
  A extends AnyAggregator<never>
    ? ReturnType<A['result']>
    : { readonly [N in keyof A]: A[N] extends AnyAggregator<never> ? ReturnType<A[N]['result']> : never }
