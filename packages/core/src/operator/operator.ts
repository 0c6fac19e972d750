/**
 * Owns the contract between a task and its window operators: synchronous, no clock, no timers. The task sets the cursor
 * (record, watermark, processing time) and calls; operators answer into their pane queue.
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { Part } from './contributions.ts'
import type { WindowStage } from './window-stage.ts'

/** A window that waits, for explain and for stall reports. */
export interface OpenWindow {
  readonly window: unknown
  readonly completesAt: number
  readonly keys: number
  readonly complete: boolean
}

export interface WindowOperator {
  readonly stage: WindowStage
  /** The watermark from which `advance` has something to do. */
  readonly nextDue: number
  /** The processing time from which `tick` has something to do. */
  readonly nextWakeUp: number
  /** The record in hand, by its key and the key's identity. */
  record(key: unknown, id: unknown, value: unknown): void
  /** What a source contributed leaves its windows; only operators of windows over results whose panes may change. */
  withdraw?(part: Part): void
  /** The watermark has moved. */
  advance(): void
  /** Processing time has moved. */
  tick(): void
  /** Live windows, those that complete first leading. */
  open(limit: number): readonly OpenWindow[]
  /**
   * Everything the operator knows, as a structured-cloneable value; the queue is empty when it is asked. What takes long
   * may be left to `later`, without which it is done at once.
   */
  save(later?: Later): unknown
  load(saved: unknown): void
}
