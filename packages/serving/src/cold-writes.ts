/** Owns when results go to the cold store. Only the moment differs, never what a query answers. */
import { type Duration, durationMs, periodMs } from '@tidemark/core'

/**
 * `continuously`: as they come, every few seconds. `every`: once per period, what has settled. Ms inside; made by
 * `continuously()` and `every(…)`.
 */
export interface ColdWrites {
  readonly kind: 'continuously' | 'every'
  /** How long results are gathered, newest per window, before they are written; processing time. */
  readonly periodMs: number
  /** How far behind W the end of a window must be, event time; what is not waits for a later period. */
  readonly settleMs: number
}

const A_FEW_SECONDS_MS = 2_000

/** Cold is written every two seconds with whatever has come. The default. */
export function continuously(): ColdWrites {
  return Object.freeze({ kind: 'continuously', periodMs: A_FEW_SECONDS_MS, settleMs: 0 })
}

/**
 * Cold is written once per `period` (processing time), and when the process that writes begins, with the newest of each
 * window whose end is at least `settle` (event time, default 0) behind W: most windows are written once. Updates of
 * windows that are served from cold, or are about to be, do not wait. The boundary moves no faster than this.
 * @throws StreamError BAD_DURATION
 * @example every('6h', { settle: '1d' })
 */
export function every(period: Duration, options: { readonly settle?: Duration } = {}): ColdWrites {
  const { settle } = options
  return Object.freeze({
    kind: 'every',
    periodMs: periodMs(period, 'The period of every'),
    settleMs: settle === undefined ? 0 : durationMs(settle, "'settle' of every"),
  })
}
