/**
 * Owns the contract of pane gates. A gate stands behind the trigger: it sees what a trigger fired and may let it pass,
 * swallow it or hold it back. What a gate holds stays pending; where the policy emits at completion, and when the
 * window is freed, everything pending leaves past every gate, so a gate can delay and thin out but never lose.
 */

/** What a gate may look at. Valid during the call only. */
export interface GateContext {
  /** Processing time, ms. */
  readonly now: number
  /** The watermark of the stage, ms. */
  readonly watermark: number
  /** How many (key, window) entries of the stage this gate holds back at the moment. */
  readonly held: number
  /** Event time of the first record that is pending in the window. NaN unless the gate has a buffer. */
  readonly pendingSince: number
}

/** Emit it; swallow it (nothing is pending any more); or keep it pending until a processing time, or a watermark (ms). */
export type GateDecision = 'emit' | 'swallow' | { readonly holdUntil: number } | { readonly holdUntilWatermark: number }

/**
 * Bounds what a gate holds back over all keys of a stage. When more than `maxKeys` entries of (key, window), or more
 * than `maxBytes` of their values (as the engine would encode them), are held: 'fail' stops the job with BUFFER_FULL,
 * 'emitEarly' lets those leave that have waited longest.
 */
export interface GateBuffer {
  readonly maxKeys?: number
  readonly maxBytes?: number
  readonly onFull: 'emitEarly' | 'fail'
}

/** What a gate does, in words, for `explain()`. */
export interface GateWords {
  /** The whole of it, as a sentence without its end: 'holds a pane back until 10s after the one before'. */
  readonly does: string
  /** How many panes of a key and window it lets through: 'at most one per 10s of processing time'. */
  readonly panes: string
}

/**
 * Stands between a trigger and the results. A plain frozen value with a pure step, one state per key and window, which
 * is undefined before its first pane. `decide` sees the value that a firing would show and says what becomes of it.
 */
export interface PaneGate<S = unknown> {
  /** How it prints. */
  readonly kind: string
  /** What becomes of a pane with this value. Asked when the trigger fires, and again when a hold is over. */
  readonly decide: (state: S | undefined, value: unknown, at: GateContext) => GateDecision
  /**
   * The state after a pane was emitted, whether the gate was asked or passed by. A value of undefined also says that what
   * was shown has been withdrawn and nothing takes its place.
   */
  readonly emitted: (state: S | undefined, value: unknown, at: GateContext) => S
  /** It may swallow: refused with discarding panes, whose differences would be lost. */
  readonly swallows?: boolean
  /** Bounds what it holds back over all keys; without it only the stage's `maxKeys` does. */
  readonly buffer?: GateBuffer
  readonly words?: GateWords
}
