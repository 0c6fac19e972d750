/** Owns what a vector is once it has been read; the form in files is described in vectors/README.md. */
import type { Accumulation, Key } from '@tidemark/core'

export type VectorWindow =
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number }
  | { readonly kind: 'hopping'; readonly size: number; readonly every: number; readonly offset: number }
  | { readonly kind: 'session'; readonly gap: number }
  | { readonly kind: 'slidingByRecord'; readonly size: number }
  | { readonly kind: 'global' }

export interface VectorRecord {
  readonly key: Key
  readonly value: unknown
  readonly at: number
}

/** One of these; where a step holds several, they happen in the order written. */
export interface VectorStep {
  readonly record?: VectorRecord
  readonly watermark?: number
  readonly clock?: number
  readonly end?: boolean
}

export interface ExpectedPane {
  readonly key: unknown
  readonly window: readonly [start: number, end: number] | null
  readonly value?: unknown
  readonly retract: boolean
  readonly [field: string]: unknown
}

/** What must come out of a step; of steps not listed, nothing. */
export interface Expectation {
  readonly step: number
  readonly panes: readonly ExpectedPane[]
  readonly tooLate: number
  /** The run must stop here with BUFFER_FULL. */
  readonly fails: boolean
}

/** The fields of a pane that a vector may compare; key, window and retract always are. */
export const COMPARED: readonly string[] = ['key', 'window', 'retract', 'value', 'timing', 'index', 'isFirst', 'isLast']

/** One keyed window aggregation, a script, and what must come out of each of its steps. */
export interface WindowVector {
  readonly name: string
  readonly window: VectorWindow
  readonly watermark: 'explicit' | { readonly boundedOutOfOrderness: number }
  readonly allowedLateness: number
  readonly aggregate: 'sum' | 'count' | 'min' | 'max' | 'collect'
  /** As `triggerOf` takes it. */
  readonly trigger: unknown
  readonly accumulation: Accumulation
  readonly onTime: 'nonEmpty' | 'always'
  readonly closing: 'nonEmpty' | 'always'
  readonly steps: readonly VectorStep[]
  readonly compare: readonly string[]
  readonly compareTooLate: boolean
  readonly snapshotAfter?: number
  readonly expect: readonly Expectation[]
}

export interface SplitStep {
  readonly split: string
  readonly new?: boolean
  readonly watermark?: number
  readonly idle?: boolean
  readonly active?: boolean
  readonly finished?: boolean
}

/** How the watermarks of splits combine: step by step, and the combined watermark after each; null while there is none. */
export interface SplitVector {
  readonly name: string
  readonly steps: readonly SplitStep[]
  readonly combined: readonly (number | null)[]
}

export type Vector =
  { readonly of: 'windows'; readonly vector: WindowVector } | { readonly of: 'splits'; readonly vector: SplitVector }
