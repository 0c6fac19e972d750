import { type Duration, type Trigger, periodMs } from '@tidemark/core'
import { timer } from './step.ts'

/**
 * Fires once, at the first whole multiple of `period` of the job's clock (counted from the epoch) after the first record
 * that is pending: panes of many keys come together. Alone it has finished with its first firing and is refused. (Beam's
 * AfterProcessingTime with alignedTo.)
 * @throws StreamError BAD_DURATION for a period of less than 1ms
 * @example repeatedly(alignedProcessingTime('1m'))
 */
export function alignedProcessingTime(period: Duration): Trigger<unknown> {
  const everyMs = periodMs(period, 'The period of alignedProcessingTime')
  return timer(
    {
      kind: `alignedProcessingTime(${period})`,
      when: `at the next whole multiple of ${period} of processing time`,
      often: `per ${period} of processing time`,
    },
    (now) => (Math.floor(now / everyMs) + 1) * everyMs,
  )
}
