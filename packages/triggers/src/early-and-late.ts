import {
  type Cadence,
  type Duration,
  durationMs,
  policy,
  StreamError,
  type TimeWindow,
  type Trigger,
} from '@tidemark/core'

/** What `earlyAndLate` waits for before and after the on-time pane. */
export interface EarlyAndLate {
  /** Early panes: this long (processing time) after the first record that is pending, per key and window. */
  readonly earlyEvery?: Duration
  /** Late panes likewise; without it, one for every late record. */
  readonly lateEvery?: Duration
}

/**
 * Early panes while the window fills, an on-time pane when the watermark completes it (even if nothing came since the
 * last one: a consumer sees it complete), late panes for what comes after. (Beam's early and late firings.)
 * Late panes need an allowed lateness.
 * @throws StreamError BAD_DURATION for a period that is no duration of at least 1ms
 * @example window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
 */
export function earlyAndLate(options: EarlyAndLate = {}): Trigger<TimeWindow> {
  const early = cadence('earlyEvery', options.earlyEvery, 'never')
  const late = cadence('lateEvery', options.lateEvery, 'perRecord')
  const parts = Object.entries(options).map(([name, value]) => `${name}: ${String(value)}`)
  return policy({
    kind: `earlyAndLate(${parts.join(', ')})`,
    fastPath: { early, completion: true, late },
    onTime: 'always',
  })
}

function cadence(what: string, period: Duration | undefined, otherwise: Cadence): Cadence {
  if (period === undefined) return otherwise
  const afterMs = durationMs(period)
  if (afterMs > 0) return { afterMs }
  throw new StreamError(
    'BAD_DURATION',
    `'${what}' of earlyAndLate: found '${period}', expected at least 1ms. For a pane per record use continuousRefinement().`,
  )
}
