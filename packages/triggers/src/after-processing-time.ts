import { type Duration, type Trigger, durationMs } from '@tidemark/core'
import { timer } from './step.ts'

/**
 * Fires once, when the job's clock is at least `delay` past the first record that is pending: an early pane without
 * waiting for more records. When sessions merge, the earliest time of the parts counts. Alone it has finished with its
 * first firing and is refused. (Beam's AfterProcessingTime.pastFirstElementInPane.)
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
