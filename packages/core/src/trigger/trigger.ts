/**
 * Owns the trigger contract: *when* a result comes out. A trigger is a description (a plain frozen value) and a pure
 * step; it holds no fields, purges nothing and knows nothing of values. What all triggers have in common is not their
 * business: whatever is pending when a window is freed is emitted then.
 */
import type { PaneGate } from './gate.ts'

/**
 * What a step may look at; times are ms. `now` is processing time, `watermark` that of the stage. `eventTime` is that of the record in hand (NaN outside `element`); `completesAt` is the
 * watermark that completes the window (+∞ for the one window); `complete` tells whether it has come; `merging` whether
 * windows of this kind can become one. Valid during the call only.
 */
export interface TriggerContext {
  readonly now: number
  readonly watermark: number
  readonly eventTime: number
  readonly completesAt: number
  readonly complete: boolean
  readonly merging: boolean
}

/**
 * States of a trigger: a row of numbers per key and window, many rows side by side, so that nothing is allocated per
 * record and a snapshot is a copy. A step finds its row at an offset and touches nothing outside it.
 */
export type TriggerRows = Float64Array

/**
 * The pure step of a trigger: what it does depends on its row and the context only.
 *
 * `element` comes after each record of the window; `merge` when windows become one, and with no other row when a window
 * has got new bounds. After each of them, when the watermark completes the window, and when a wanted time has come,
 * `fires` is asked, and `fired` says what follows a firing. A step that has finished is not asked any more.
 */
export interface TriggerStep {
  /** The row of a window that nothing has happened to; its length is the length of the row. */
  readonly initial: readonly number[]
  /** While it has not finished it fires when the watermark completes the window. */
  readonly firesAtCompletion: boolean
  /** It can finish before the watermark completes the window. */
  readonly endsEarly: boolean
  readonly element: (rows: TriggerRows, row: number, at: TriggerContext) => void
  readonly fires: (rows: TriggerRows, row: number, at: TriggerContext) => boolean
  readonly fired: (rows: TriggerRows, row: number, at: TriggerContext) => void
  /** What was pending left by another way: counts and times for it are void, finished marks stay. */
  readonly clear: (rows: TriggerRows, row: number) => void
  /**
   * Takes in the rows of the windows that are merged into this one, all at once; with none, the window itself has got new
   * bounds.
   */
  readonly merge: (rows: TriggerRows, row: number, others: readonly number[], at: TriggerContext) => void
  /** It does not fire any more. That comes by `fired` and `merge` only. */
  readonly finished: (rows: TriggerRows, row: number) => boolean
  /** The first processing time after `now` at which `fires` wants to be asked again; +∞: no need. Missing: there never is. */
  readonly wakeAt?: (rows: TriggerRows, row: number, now: number) => number
  /** The same for the first watermark after `watermark`, beside the window's completion. */
  readonly wakeAtWatermark?: (rows: TriggerRows, row: number, watermark: number) => number
}

/**
 * When panes come in one phase of a window: never, after each record, or `afterMs` of processing time after the first
 * record that is pending.
 */
export type Cadence = 'never' | 'perRecord' | { readonly afterMs: number }

/**
 * The simple shape a trigger may have: what it does before the window completes, whether it fires at completion, and
 * what it does after. A trigger that states it runs without its step and at no cost per record; both must mean the
 * same, and `verifyTrigger` of the testing package checks that they do.
 */
export interface FastPath {
  readonly early: Cadence
  readonly completion: boolean
  readonly late: Cadence
}

/** When a trigger fires and how often, in words, for `explain()`. */
export interface TriggerWords {
  /** The whole of it, to be read after "a pane comes": 'once 3 records have come'. */
  readonly when: string
  /** The same for the time before completion, where that differs; 'never' where nothing comes. */
  readonly early?: string
  /** The same for the time after completion, in which records are late. */
  readonly late?: string
  /**
   * How many panes a key and window can have, part by part: 'one at completion', 'one for every 3 records'. `repeated`:
   * it begins anew when it has finished; `late`: its windows take late records; `phase`: only those before completion, or
   * only those after it, where that differs.
   */
  readonly panes: (repeated: boolean, late: boolean, phase?: 'early' | 'late') => readonly string[]
  /** What it says of its first firing alone, where that is less; what holds it may ask for no more. */
  readonly first?: TriggerWords
}

/**
 * A trigger. `emitsAtCompletion`: true promises that everything pending leaves when the watermark passes the window's
 * end; false promises it only for the freeing (end plus allowed lateness). `onTime` is its default for empty on-time
 * panes. `kind` prints it. W is what it needs to know of the window: a trigger that needs bounds is a
 * Trigger<TimeWindow> and does not fit oneWindow().
 */
export interface Trigger<in W> {
  readonly kind: string
  readonly emitsAtCompletion: boolean
  readonly onTime?: 'always' | 'nonEmpty'
  readonly fastPath?: FastPath
  readonly step: TriggerStep
  /**
   * Why it may finish while a window still takes records, given the allowed lateness; undefined: it never does. After
   * that nothing is shown before the window is freed, so such a trigger is refused unless `allowDataLoss` is set.
   */
  readonly mayFinish?: (latenessMs: number) => string | undefined
  /** Its firings give a pane even if nothing came since the last one. */
  readonly repeatsPanes?: boolean
  /** A gate that is part of the policy: it sees what the trigger fires. */
  readonly gate?: PaneGate
  readonly words?: TriggerWords
  /** Types only, never present. */
  readonly '~window'?: (window: W) => void
}
