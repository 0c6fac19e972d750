import { described, type Duration, type PaneGate, periodMs } from '@tidemark/core'

/**
 * At most one pane per key and window per period of processing time: the first passes at once, what comes sooner waits
 * and leaves as one pane, with the newest value, when the period is over, at completion where the policy emits then, or
 * when the window is freed.
 * @throws StreamError BAD_DURATION for a period of less than 1ms
 * @example window(tumbling('1h'), { trigger: continuousRefinement(), gate: atMostEvery('10s') })
 */
export function atMostEvery(period: Duration): PaneGate {
  const everyMs = periodMs(period, 'The period of atMostEvery')
  return described({
    kind: `atMostEvery(${period})`,
    words: Object.freeze({
      does: `holds a pane back until ${period} of processing time after the one before, with what comes meanwhile`,
      panes: `at most one per ${period} of processing time`,
    }),
    decide: (last, _, { now }) => {
      const until = last === undefined ? now : (last as number) + everyMs
      return now >= until ? 'emit' : { holdUntil: until }
    },
    emitted: (_, __, { now }) => now,
  } satisfies PaneGate)
}
