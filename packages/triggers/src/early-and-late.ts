import { described, type Cadence, type Duration, type TimeWindow, type Trigger, policy, periodMs } from '@tidemark/core'
import { afterCount } from './after-count.ts'
import { afterFirst } from './after-first.ts'
import { afterProcessingTime } from './after-processing-time.ts'
import { afterWatermark } from './after-watermark.ts'

/** What `earlyAndLate` waits for before and after the on-time pane. */
export interface EarlyAndLate {
  /** Early panes: this long (processing time) after the first record that is pending, per key and window. */
  readonly earlyEvery?: Duration
  /** Early panes: when this many records are pending; with `earlyEvery`, whichever comes first. */
  readonly earlyCount?: number
  /** Late panes: this long (processing time) after the first late record that is pending. */
  readonly lateEvery?: Duration
  /** Late panes: when this many late records are pending. With neither this nor `lateEvery`, one for each. */
  readonly lateCount?: number
}

/**
 * Early panes while the window fills, an on-time pane when the watermark completes it (even if nothing came since the
 * last one: a consumer sees it complete), late panes for what comes after. (Beam's early and late firings.)
 * Late panes need an allowed lateness.
 * @throws StreamError BAD_DURATION, BAD_COUNT for a period of less than 1ms, or a count of less than 1
 * @example window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
 */
export function earlyAndLate(options: EarlyAndLate = {}): Trigger<TimeWindow> {
  const { earlyEvery, earlyCount, lateEvery, lateCount } = options
  const parts = Object.entries(options).map(([name, value]) => `${name}: ${String(value)}`)
  const kind = `earlyAndLate(${parts.join(', ')})`
  if (earlyCount === undefined && lateCount === undefined)
    return policy({
      kind,
      fastPath: {
        early: cadence('earlyEvery', earlyEvery, 'never'),
        completion: true,
        late: cadence('lateEvery', lateEvery, 'perRecord'),
      },
      onTime: 'always',
    })
  const early = part(earlyEvery, earlyCount)
  const trigger = afterWatermark({
    ...(early === undefined ? {} : { early }),
    late: part(lateEvery, lateCount) ?? afterCount(1),
  })
  return described({ ...trigger, kind, onTime: 'always' })
}

function cadence(what: string, period: Duration | undefined, otherwise: Cadence): Cadence {
  return period === undefined ? otherwise : { afterMs: periodMs(period, `'${what}' of earlyAndLate`) }
}

function part(every: Duration | undefined, count: number | undefined): Trigger<TimeWindow> | undefined {
  const given = [
    ...(count === undefined ? [] : [afterCount(count)]),
    ...(every === undefined ? [] : [afterProcessingTime(every)]),
  ]
  return given.length < 2 ? given[0] : afterFirst(...given)
}
