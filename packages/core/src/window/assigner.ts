/**
 * Owns the contract of window assigners: *where* in event time a record counts. An assigner never fires and keeps no
 * state. The shape tells the engine which operator fits; an assigner without a shape is asked for every record.
 */
import type { OneWindow } from './window.ts'

/** What the engine knows about the windows beyond asking for them. */
export type WindowShape =
  /** One window per timestamp, without overlap: `startOf` and `endOf` are the grid. */
  | {
      readonly type: 'grid'
      readonly startOf: (timestamp: number) => number
      readonly endOf: (start: number) => number
    }
  | { readonly type: 'hopping'; readonly sizeMs: number; readonly everyMs: number; readonly offsetMs: number }
  | { readonly type: 'session'; readonly gapMs: number }
  | { readonly type: 'byRecord'; readonly sizeMs: number }
  | { readonly type: 'one' }
  /** `stated`: the value states its window, which need not hold the record's time. */
  | { readonly type: 'custom'; readonly merge: boolean; readonly stated?: boolean }

/** `assign` returns the windows of a record: half-open, each containing its timestamp; none is allowed. */
export interface WindowAssigner<in T, out W> {
  readonly kind: string
  readonly assign: (timestamp: number, value: T) => readonly W[]
  readonly shape: WindowShape
}

/** The one window of `oneWindow()`. */
export const THE_ONE: OneWindow = Object.freeze({ only: true })

/** Whether windows of this kind can become one: complete when W > end, and with bounds that change. */
export function isMerging({ shape }: WindowAssigner<never, unknown>): boolean {
  return shape.type === 'session' || (shape.type === 'custom' && shape.merge)
}
