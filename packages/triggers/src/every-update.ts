import type { Trigger } from '@tidemark/core'
import { leaf } from './step.ts'

/**
 * Fires for every record, early and late, and never finishes: `repeatedly(afterCount(1))`. Alone `continuousRefinement()`
 * does the same on a fast path.
 * @example afterWatermark({ early: everyUpdate() })
 */
export function everyUpdate(): Trigger<unknown> {
  return leaf({
    kind: 'everyUpdate()',
    once: false,
    when: 'for every record',
    panes: () => ['one for every record'],
    first: { when: 'for the next record', panes: (repeated) => [repeated ? 'one for every record' : 'one'] },
    step: {
      // 1: a record came since the last firing.
      initial: [0],
      element: (rows, row) => {
        rows[row] = 1
      },
      fires: (rows, row) => rows[row] === 1,
      fired: (rows, row) => {
        rows[row] = 0
      },
      clear: (rows, row) => {
        rows[row] = 0
      },
      merge: (rows, row, others) => {
        for (const other of others) rows[row] = Math.max(rows[row] as number, rows[other] as number)
      },
    },
  })
}
