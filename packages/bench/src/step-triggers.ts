/** Owns triggers without a fast path: what any trigger of a user's costs that has no simple shape. */
import type { TimeWindow, Trigger, TriggerStep } from '@tidemark/core'

interface State {
  readonly count: number
  /** The processing time at which what is pending leaves; +∞: nothing is. */
  readonly due: number
}

const RECORDS = 1_000
const AFTER_MS = 10_000
const REST: State = Object.freeze({ count: 0, due: Number.POSITIVE_INFINITY })

/** Repeatedly, the first of 1,000 records and 10 s after the first of them: by hand, until combinators say it. */
const step: TriggerStep<State> = {
  initial: REST,
  element: ({ count, due }, { now }) => ({ count: count + 1, due: Math.min(due, now + AFTER_MS) }),
  completed: (state) => state,
  fires: ({ count, due }, { now }) => count >= RECORDS || now >= due,
  fired: () => REST,
  merge: (a, b) => ({ count: a.count + b.count, due: Math.min(a.due, b.due) }),
  wakeAt: ({ due }) => due,
  wakeAtWatermark: () => Number.POSITIVE_INFINITY,
}

export const depthThree: Trigger<TimeWindow> = {
  kind: 'repeatedly(afterFirst(afterCount(1000), afterProcessingTime(10s)))',
  emitsAtCompletion: false,
  step: step as TriggerStep<unknown>,
}
