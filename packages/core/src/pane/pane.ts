/** Owns what comes out: panes with their provenance. A consumer can always tell a temporary result from a final one. */
import type { TimedMeta } from '../io/meta.ts'
import type { TimeWindow } from '../window/window.ts'

/**
 * How panes of a window relate: whole values; whole values, each after a retraction of the one before; or the
 * difference since the last pane.
 */
export type Accumulation = 'accumulating' | 'retracting' | 'discarding'
/** early: before the window was complete; on-time: when it was; late: an update by data that came after. */
export type Timing = 'early' | 'on-time' | 'late'

/**
 * What every pane says. The version that stores compare is (epoch, revision), where the revision is 2 × index for a value
 * and 2 × index + 1 for its retraction: an equal one rewrites, an older one never overwrites.
 */
export interface PaneBase<K, W> {
  readonly key: K
  readonly window: W
  /** 0-based, strictly increasing per key and window. A session with new bounds is a new window and begins with 0. */
  readonly index: number
  /** 0 for a job that restarts with what it knew; greater for one that makes its results anew. */
  readonly epoch: number
  /** The event-time frontier when the pane was made. */
  readonly watermark: number
  /** Processing time when the pane was made, ms. */
  readonly emittedAt: number
}

interface ValueFields<V> {
  readonly value: V
  readonly timing: Timing
  readonly isFirst: boolean
  /** True where it is known at emission that only corrections can follow; else `progress` tells. */
  readonly isLast: boolean
  /** Records in this window so far, late ones included. */
  readonly records: number
  readonly lateRecords: number
  /** What the value was made of, before `map` and `filter` of results, encoded: for sinks that keep accumulators only. */
  readonly accumulator?: Uint8Array
  /** A filter of results leaves it out: only sinks that keep accumulators get it, since readers filter by themselves. */
  readonly filtered?: true
}

/** The whole value of a key and window so far. */
export interface ValuePane<K, V, W = TimeWindow> extends PaneBase<K, W>, ValueFields<V> {
  readonly kind: 'value'
}
/** What came since the last pane (discarding). Adding up all deltas gives the whole value. */
export interface DeltaPane<K, V, W = TimeWindow> extends PaneBase<K, W>, ValueFields<V> {
  readonly kind: 'delta'
}
/**
 * Withdraws the pane of the same key, window and index, whose value and timing it repeats: a new one follows
 * (retracting), or its session is part of another now, or it does not pass a filter of results any more.
 */
export interface Retraction<K, V, W = TimeWindow> extends PaneBase<K, W> {
  readonly kind: 'retraction'
  readonly value: V
  readonly timing: Timing
  readonly isFirst: boolean
  readonly isLast: false
  readonly filtered?: true
}
/**
 * What a record adds to a window whose state is gone: the encoded accumulator of that record alone. A reader merges it
 * with the result, once for each id. Its version says nothing; it may follow a last pane.
 */
export interface Correction<K, W = TimeWindow> extends PaneBase<K, W> {
  readonly kind: 'correction'
  /** The record: its split and offset. */
  readonly id: string
  readonly delta: Uint8Array
}

/** What windows with whole values yield: told apart by `kind`. */
export type Pane<K, V, W = TimeWindow> = ValuePane<K, V, W> | Retraction<K, V, W> | Correction<K, W>
/** The withdrawal of a pane that was published, at a later time. */
export function retractionOf<K, V, W>(
  pane: Pick<ValuePane<K, V, W>, 'key' | 'window' | 'index' | 'epoch' | 'value' | 'timing' | 'isFirst'>,
  at: { readonly watermark: number; readonly emittedAt: number },
): Retraction<K, V, W> {
  const { key, window, index, epoch, value, timing, isFirst } = pane
  const { watermark, emittedAt } = at
  return { kind: 'retraction', key, window, index, epoch, watermark, emittedAt, value, timing, isFirst, isLast: false }
}

/** What a pipeline emits: whole values with their withdrawals, or with 'discarding' deltas. */
export type PaneOf<K, V, W, M extends Accumulation> = M extends 'discarding'
  ? DeltaPane<K, V, W> | Correction<K, W>
  : Pane<K, V, W>

/** What a function on results is told about the pane whose value it gets. */
export interface PaneMeta<K, W> extends PaneBase<K, W> {
  readonly timing: Timing
  readonly isFirst: boolean
  readonly isLast: boolean
}

/**
 * A record that a window did not take. `tooLate`: the window's state was gone; `shed`: the state was full and the
 * stage sheds. `latenessMs`: how far the watermark was past the window's end (past the record, where no window is
 * named); an allowed lateness above it would have admitted the record.
 */
export interface LateRecord<T, W = TimeWindow> {
  readonly value: T
  readonly meta: TimedMeta
  readonly key: unknown
  readonly window: W | undefined
  readonly reason: 'tooLate' | 'shed'
  readonly latenessMs: number
  readonly watermark: number
}

/**
 * A record that a stage could not process. `original` is what the source delivered, `value` what the stage was given,
 * `code` and `reason` say why. Plain values, so that it survives a checkpoint.
 */
export interface DeadLetter {
  readonly original: unknown
  readonly value: unknown
  readonly stage: string
  readonly code: string
  readonly reason: string
  readonly meta: TimedMeta
}
