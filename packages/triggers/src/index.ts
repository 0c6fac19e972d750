/**
 * When results come out: triggers and how they combine, every policy with a name but the default, and gates. Written on
 * core's public contract only.
 */
export { afterCount } from './after-count.ts'
export { afterProcessingTime } from './after-processing-time.ts'
export { afterWatermark } from './after-watermark.ts'
export { alignedProcessingTime } from './aligned-processing-time.ts'
export { everyUpdate } from './every-update.ts'
export { never } from './never.ts'

export { afterAll } from './after-all.ts'
export { afterEach } from './after-each.ts'
export { afterFirst } from './after-first.ts'
export { orFinally } from './or-finally.ts'
export { repeatedly } from './repeatedly.ts'

export { completeMode } from './complete-mode.ts'
export { continuousRefinement } from './continuous-refinement.ts'
export { earlyAndLate, type EarlyAndLate } from './early-and-late.ts'
export { emitOnClose } from './emit-on-close.ts'
export { everyEventTime } from './every-event-time.ts'
export { suppress, type SuppressBuffer } from './suppress.ts'
export { updateMode } from './update-mode.ts'

export { atMostEvery } from './at-most-every.ts'
export { onChange } from './on-change.ts'
