/** Owns how a pane becomes a cell, for sinks that write a pipeline's results to a store directly. */
import { StreamError } from '../errors/stream-error.ts'
import type { DeltaPane, Pane } from '../pane/pane.ts'
import type { OneWindow, TimeWindow } from '../window/window.ts'
import { encodeKey } from '../state/key-bytes.ts'
import type { Cell } from './cell.ts'
import type { Key } from './meta.ts'
import { encodeStoredResult } from './stored-result.ts'

/**
 * A value with its version, a withdrawal as a cell without a value, a correction beside the result. `encode` makes the
 * body of a stored result.
 * @throws StreamError BAD_PANE for a delta, which a store of newest values would lose, and for a window without an end
 */
export function paneCell<K extends Key, V>(
  pane: Pane<K, V, TimeWindow | OneWindow> | DeltaPane<K, V, TimeWindow | OneWindow>,
  encode: (value: V) => Uint8Array,
): Cell {
  const { window, epoch, index } = pane
  if (pane.kind === 'delta' || !('end' in window)) {
    const found = pane.kind === 'delta' ? 'the difference to the pane before' : 'a window without an end'
    throw new StreamError(
      'BAD_PANE',
      `A pane for a store of newest values: found ${found}, expected whole values of windows with an end. Choose accumulating or retracting windows of time, or another sink.`,
    )
  }
  const { start, end } = window
  const place = { key: encodeKey(pane.key), start, end, correction: '', epoch }
  // Written once under its id: its version says nothing.
  if (pane.kind === 'correction') return { ...place, correction: pane.id, revision: 0, value: pane.delta }
  if (pane.kind === 'retraction') return { ...place, revision: 2 * index + 1, value: null }
  const { timing, isLast, records, lateRecords } = pane
  const body = encode(pane.value)
  return { ...place, revision: 2 * index, value: encodeStoredResult({ timing, isLast, records, lateRecords, body }) }
}
