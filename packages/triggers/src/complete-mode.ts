import { described, type Duration, type Trigger, type TriggerStep, periodMs } from '@tidemark/core'
import { NEVER } from './step.ts'

/** The row: when the next pane is due, and 1 when completion has been dealt with. */
const DUE = 0
const DONE = 1

/**
 * A pane for every live window at each whole multiple of a period of processing time, changed or not, and one when the
 * watermark completes it: each period shows the whole table. (Spark's complete mode.) Windows are live until they are
 * freed, so allow little lateness, or few keys.
 * @throws StreamError BAD_DURATION for a period of less than 1ms
 * @example window(tumbling('1h'), { trigger: completeMode({ every: '1m' }) })
 */
export function completeMode(options: { readonly every: Duration }): Trigger<unknown> {
  const { every } = options
  const everyMs = periodMs(every, 'The period of completeMode')
  const after = (now: number): number => (Math.floor(now / everyMs) + 1) * everyMs
  const step: TriggerStep = {
    initial: Object.freeze([NEVER, 0]),
    firesAtCompletion: true,
    endsEarly: false,
    element: (rows, row, at) => {
      if (rows[row + DUE] === NEVER) rows[row + DUE] = after(at.now)
      if (!at.complete) rows[row + DONE] = 0
    },
    fires: (rows, row, at) => at.now >= (rows[row + DUE] as number) || (at.complete && rows[row + DONE] === 0),
    fired: (rows, row, at) => {
      rows[row + DUE] = after(at.now)
      if (at.complete) rows[row + DONE] = 1
    },
    clear: () => {},
    merge: (rows, row, others, at) => {
      if (!at.complete) rows[row + DONE] = 0
      for (const other of others) {
        rows[row + DUE] = Math.min(rows[row + DUE] as number, rows[other + DUE] as number)
        if (at.complete) rows[row + DONE] = Math.min(rows[row + DONE] as number, rows[other + DONE] as number)
      }
    },
    finished: () => false,
    wakeAt: (rows, row, now) => ((rows[row + DUE] as number) > now ? (rows[row + DUE] as number) : NEVER),
  }
  const often = `at every whole multiple of ${every} of processing time, changed or not`
  return described({
    kind: `completeMode(every ${every})`,
    emitsAtCompletion: true,
    onTime: 'always',
    repeatsPanes: true,
    words: Object.freeze({
      when: `${often}, and at completion`,
      early: often,
      late: often,
      panes: () => [`one per ${every} of processing time while the window is live`, 'one at completion'],
    }),
    step: Object.freeze(step),
  })
}
