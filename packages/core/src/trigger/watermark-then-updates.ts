import type { TimeWindow } from '../window/window.ts'
import { policy } from './policy.ts'
import type { Trigger } from './trigger.ts'

/**
 * The default: one on-time pane when the watermark completes the window, then one pane for every late record within the
 * allowed lateness (Flink's event-time trigger).
 */
export function watermarkThenUpdates(): Trigger<TimeWindow> {
  return policy({ kind: 'watermarkThenUpdates()', fastPath: { early: 'never', completion: true, late: 'perRecord' } })
}
