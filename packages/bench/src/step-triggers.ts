/** Owns the composed trigger that is measured: three deep, without a fast path. */
import type { TimeWindow, Trigger } from '@tidemark/core'
import { afterCount, afterFirst, afterProcessingTime, repeatedly } from '@tidemark/triggers'

/** What is pending leaves after 1,000 records, or 10 s after the first of them. */
export const depthThree: Trigger<TimeWindow> = repeatedly(afterFirst(afterCount(1_000), afterProcessingTime('10s')))
