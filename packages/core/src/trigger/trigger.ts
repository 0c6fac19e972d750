/**
 * Owns the trigger contract: *when* a result comes out. A trigger is a description (a plain frozen value) and a pure
 * step; it holds no fields, purges nothing and knows nothing of values. What all triggers have in common is not their
 * business: whatever is pending when a window is freed is emitted then.
 */

/**
 * What a step may look at. `completesAt` is the watermark that completes the window (+∞ for the one window); `complete`
 * tells whether it has come. Valid during the call only.
 */
export interface TriggerContext {
  readonly now: number
  readonly watermark: number
  readonly completesAt: number
  readonly complete: boolean
}

/**
 * The pure step of a trigger, one state per key and window. States are plain values and are never changed in place.
 * `element` comes after each record of the window, `completed` once when the watermark completes it, `merge` when
 * windows become one; after each of them, and when a wanted time has come, `fires` is asked, and `fired` says what
 * follows a firing.
 */
export interface TriggerStep<S> {
  readonly initial: S
  readonly element: (state: S, at: TriggerContext) => S
  readonly completed: (state: S, at: TriggerContext) => S
  readonly fires: (state: S, at: TriggerContext) => boolean
  readonly fired: (state: S, at: TriggerContext) => S
  readonly merge: (a: S, b: S, at: TriggerContext) => S
  /** The processing time at which `fires` wants to be asked again; +∞: no need. */
  readonly wakeAt: (state: S) => number
  /** The watermark at which `fires` wants to be asked again, beside the window's completion; +∞: no need. */
  readonly wakeAtWatermark: (state: S) => number
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

/**
 * A trigger. `emitsAtCompletion`: true promises that everything pending leaves when the watermark passes the window's
 * end; false promises it only for the freeing (end plus allowed lateness). `onTime` is its default for empty on-time
 * panes. `kind` prints it. W is what it needs to know of the window: a trigger that needs bounds is a
 * Trigger<TimeWindow> and does not fit oneWindow().
 */
export interface Trigger<in W, S = unknown> {
  readonly kind: string
  readonly emitsAtCompletion: boolean
  readonly onTime?: 'always' | 'nonEmpty'
  readonly fastPath?: FastPath
  readonly step: TriggerStep<S>
  /** Types only, never present. */
  readonly '~window'?: (window: W) => void
}
