/**
 * Owns the contract of results logs: what the serving layers are filled from, in partitions of their own order. Only what
 * was committed is in a log, and what is in it stays as it is until retention takes it. `verifyResultsLog` in
 * @tidemark/testing tries to break it.
 */
import type { Timing } from '../pane/pane.ts'
import type { Cell } from './cell.ts'
import type { Signal } from './source.ts'

/** A pane as it is logged. The value of the cell is the encoded accumulator, before `map` and `filter` of results. */
export interface LoggedResult {
  readonly kind: 'result'
  readonly offset: bigint
  readonly cell: Cell
  /** Of corrections: late. */
  readonly timing: Timing
  readonly isLast: boolean
  readonly records: number
  readonly lateRecords: number
}

/** How far a task that writes to the partition is: behind all its results, which W makes complete or final. */
export interface LoggedProgress {
  readonly kind: 'progress'
  readonly offset: bigint
  readonly task: string
  readonly watermark: number
  /** How many tasks write results. */
  readonly tasks: number
  readonly idle: boolean
}

export type LogEntry = LoggedResult | LoggedProgress

export interface LogBatch {
  readonly entries: readonly LogEntry[]
  /** Where to read on; may be past the last entry. */
  readonly next: bigint
  /** Nothing more was committed when this was read. */
  readonly caughtUp: boolean
}

export interface LogSession {
  /** Partitions; a result of one key is always in the same. */
  readonly partitions: readonly string[]
  /** The first offset that can still be read, and the one behind the last committed entry. */
  readonly bounds: (partition: string) => Promise<{ readonly first: bigint; readonly end: bigint }>
  /** Waits up to `waitMs` for something to come. @throws StreamError OFFSET_LOST where retention has taken `from`. */
  readonly read: (partition: string, from: bigint, limit: number, waitMs: number) => Promise<LogBatch>
  readonly close: () => Promise<void>
}

/** A committed stream of results that can be read again. A description: `open` connects. */
export interface ResultsLog {
  readonly kind: string
  readonly open: (options: { readonly signal?: Signal }) => Promise<LogSession>
}
