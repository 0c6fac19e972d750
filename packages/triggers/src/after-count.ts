import { StreamError, type Trigger } from '@tidemark/core'
import { FINISHED, leaf } from './step.ts'

/**
 * Fires once, when at least n records are pending. On a merge of sessions the counts of the parts add up. (Beam's
 * AfterPane.elementCountAtLeast.) Alone it has finished with its first firing and is refused: `repeatedly(afterCount(n))`
 * is Flink's CountTrigger.
 * @throws StreamError BAD_COUNT unless n is a whole number of at least 1
 * @example repeatedly(afterCount(100))
 */
export function afterCount(n: number): Trigger<unknown> {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new StreamError('BAD_COUNT', `afterCount: found ${String(n)}, expected a whole number of at least 1.`)
  return leaf({
    kind: `afterCount(${n})`,
    once: true,
    when: n === 1 ? 'for the next record' : `once ${n} records have come`,
    panes: (repeated) => [repeated ? (n === 1 ? 'one for every record' : `one for every ${n} records`) : 'one'],
    step: {
      // Records in the pane.
      initial: [0],
      element: (rows, row) => {
        if (rows[row] !== FINISHED) rows[row] = (rows[row] as number) + 1
      },
      fires: (rows, row) => (rows[row] as number) >= n,
      fired: (rows, row) => {
        rows[row] = FINISHED
      },
      clear: (rows, row) => {
        if (rows[row] !== FINISHED) rows[row] = 0
      },
      merge: (rows, row, others) => {
        for (const other of others) {
          if (rows[row] === FINISHED) return
          rows[row] = rows[other] === FINISHED ? FINISHED : (rows[row] as number) + (rows[other] as number)
        }
      },
    },
  })
}
