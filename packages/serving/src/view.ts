/**
 * Owns what readers need to know of the results they serve: how stored bytes become values, and what the windows
 * promise. The writers need the promises and the name only.
 */
import type { Aggregation } from '@tidemark/core'
import type { Promises } from './frontier.ts'

/** What is known of a result when its value is made. */
export interface ResultMeta {
  readonly start: number
  readonly end: number
  /** Of the newest pane in it. */
  readonly index: number
  readonly epoch: number
  readonly timing: 'early' | 'on-time' | 'late'
  readonly isLast: boolean
  readonly watermark: number
}

/** What whoever writes results, or speaks of them, needs to know. */
export interface WriterView extends Promises, Pick<Aggregation, 'name' | 'windowMs'> {
  /** The greatest point of the grid of window ends that is not above t; t itself where there is no grid. */
  readonly align: (t: number) => number
  /** How long results change after their windows are complete, ms. */
  readonly latenessMs: number
  /** Sessions: the gap, ms; what is read is widened by it and merged. */
  readonly gapMs: number | undefined
}

/** The accumulator is opaque here. */
export interface View<K> extends WriterView {
  /** Why results cannot be rolled up by merging; undefined: they can. */
  readonly noRollUp: string | undefined
  readonly encodeKey: (key: K) => Uint8Array
  readonly decodeKey: (bytes: Uint8Array) => K
  readonly decode: (bytes: Uint8Array) => unknown
  /** May change and return the first. */
  readonly merge: (a: unknown, b: unknown) => unknown
  /** What a user sees, after `map` and `filter` of results; undefined: a filter leaves it out. */
  readonly value: (acc: unknown, key: K, meta: ResultMeta) => { readonly value: unknown } | undefined
}
