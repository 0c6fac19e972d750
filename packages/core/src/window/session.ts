import { described } from '../time/described.ts'
import { type Duration, showMs, toPositiveMs } from '../time/duration.ts'
import type { WindowAssigner } from './assigner.ts'
import type { TimeWindow } from './window.ts'

/**
 * Periods of activity per key: a record opens [t, t + gap); two sessions merge when they touch or overlap; reported as
 * [first, last + gap). Complete when W > end, for a record exactly at the end would still join: that makes merging at
 * exactly the gap independent of the order of arrival.
 * @example session('30m')
 */
export function session(gap: Duration): WindowAssigner<unknown, TimeWindow> {
  const gapMs = toPositiveMs(gap, 'The gap of session')
  return described({
    kind: `session(${showMs(gapMs)})`,
    assign: (timestamp: number) => [{ start: timestamp, end: timestamp + gapMs }],
    shape: Object.freeze({ type: 'session', gapMs } as const),
  })
}
