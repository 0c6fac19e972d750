/** Owns how a pane becomes what stores keep, for tiers that are written without a log. */
import {
  type Cell,
  type Key,
  type Pane,
  StreamError,
  type TimeWindow,
  encodeKey,
  encodeStoredResult,
} from '@tidemark/core'

/** Cells of panes that carry accumulators, corrections among them. @throws StreamError NO_ACCUMULATOR */
export function cellOf(pane: Pane<Key, unknown, TimeWindow>): Cell {
  const { start, end } = pane.window
  const place = { key: encodeKey(pane.key), start, end, correction: '', epoch: pane.epoch }
  if (pane.kind === 'retraction') return { ...place, revision: 2 * pane.index + 1, value: null }
  if (pane.kind === 'correction') {
    const value = encodeStoredResult({ timing: 'late', isLast: false, records: 1, lateRecords: 1, body: pane.delta })
    return { ...place, correction: pane.id, revision: 0, value }
  }
  const { timing, isLast, records, lateRecords, accumulator: body } = pane
  if (body === undefined)
    throw new StreamError(
      'NO_ACCUMULATOR',
      `A pane for tiers: found one without an accumulator, expected one beside each value. Write tiers from the results of windows.`,
    )
  return {
    ...place,
    revision: 2 * pane.index,
    value: encodeStoredResult({ timing, isLast, records, lateRecords, body }),
  }
}
