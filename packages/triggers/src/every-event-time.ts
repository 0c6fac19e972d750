import { described, type Duration, type TimeWindow, type Trigger, type TriggerStep, periodMs } from '@tidemark/core'
import { NEVER } from './step.ts'

/** The row: the watermark the next pane is due at, and 1 when completion has been dealt with. */
const DUE = 0
const DONE = 1

/**
 * A pane at whole multiples of `period` in event time, if something came, one when the watermark completes the window,
 * and one for every late record. The first is due at the first multiple above the first record's time; once due, the
 * next is the first multiple above the watermark. (Flink's ContinuousEventTimeTrigger.)
 * @throws StreamError BAD_DURATION for a period of less than 1ms
 * @example window(tumbling('1h'), { trigger: everyEventTime('5m') })
 */
export function everyEventTime(period: Duration): Trigger<TimeWindow> {
  const everyMs = periodMs(period, 'The period of everyEventTime')
  const kind = `everyEventTime(${period})`
  const after = (time: number): number => (Math.floor(time / everyMs) + 1) * everyMs
  const step: TriggerStep = {
    initial: Object.freeze([NEVER, 0]),
    firesAtCompletion: true,
    endsEarly: false,
    element: (rows, row, at) => {
      // Late records are told of at once.
      if (at.complete) rows[row + DONE] = 0
      if (rows[row + DUE] === NEVER) rows[row + DUE] = after(at.eventTime)
    },
    fires: (rows, row, at) => (at.complete ? rows[row + DONE] === 0 : at.watermark >= (rows[row + DUE] as number)),
    fired: (rows, row, at) => {
      if (at.complete) rows[row + DONE] = 1
      else rows[row + DUE] = after(at.watermark)
    },
    clear: (rows, row) => {
      rows[row + DUE] = NEVER
    },
    merge: (rows, row, others, at) => {
      for (const other of others) {
        rows[row + DUE] = Math.min(rows[row + DUE] as number, rows[other + DUE] as number)
        rows[row + DONE] = Math.min(rows[row + DONE] as number, rows[other + DONE] as number)
      }
      if (at.complete) return
      // A session that grew is not complete any more; what became due while it was is past.
      rows[row + DONE] = 0
      if ((rows[row + DUE] as number) <= at.watermark) rows[row + DUE] = after(at.watermark)
    },
    finished: () => false,
    wakeAtWatermark: (rows, row, watermark) =>
      (rows[row + DUE] as number) > watermark ? (rows[row + DUE] as number) : NEVER,
  }
  const often = `for every ${period} of event time in which something came`
  return described({
    kind,
    emitsAtCompletion: true,
    words: Object.freeze({
      when: `at every whole multiple of ${period} of event time, and at completion`,
      early: `at every whole multiple of ${period} of event time, if something came`,
      late: 'for every late record',
      panes: (_: boolean, late: boolean) => [
        `one ${often}`,
        'one at completion',
        ...(late ? ['one for every late record'] : []),
      ],
    }),
    step: Object.freeze(step),
  })
}
