import { type Duration, type Trigger, durationMs } from '@tidemark/core'
import { timer } from './step.ts'

/**
 * Fires once, when the clock is at least `delay` past the first record of the pane. When sessions merge, the earliest
 * time of the parts counts. (Beam's AfterProcessingTime.pastFirstElementInPane.)
 * @throws StreamError BAD_DURATION for a delay that is no duration
 * @example repeatedly(afterProcessingTime('10s'))
 */
export function afterProcessingTime(delay: Duration): Trigger<unknown> {
  const delayMs = durationMs(delay, 'The period of afterProcessingTime')
  return timer(
    {
      kind: `afterProcessingTime(${delay})`,
      when: `${delay} of processing time after the first record that is pending`,
      often: `per ${delay} of processing time`,
    },
    (now) => now + delayMs,
  )
}
