/** Owns how a pane that carries its accumulator becomes an entry of a results log. */
import { StreamError } from '../errors/stream-error.ts'
import type { Pane } from '../pane/pane.ts'
import type { TimeWindow } from '../window/window.ts'
import { encodeKey } from '../state/key-bytes.ts'
import type { Key } from './meta.ts'
import type { LoggedResult } from './results-log.ts'

/** @throws StreamError BAD_RESULT for a delta, for a value without its accumulator, for a window without an end */
export function loggedPane(pane: Pane<Key, unknown, TimeWindow>): Omit<LoggedResult, 'offset'> {
  const { window, epoch, index } = pane
  const { start, end } = window
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) throw refused('a window without bounds')
  const place = { key: encodeKey(pane.key), start, end, epoch }
  const none = { isLast: false, records: 0, lateRecords: 0 }
  if (pane.kind === 'correction') {
    // Written once, under its id: its version says nothing.
    const cell = { ...place, correction: pane.id, revision: 0, value: pane.delta }
    return { kind: 'result', cell, timing: 'late', ...none }
  }
  if (pane.kind === 'retraction') {
    const cell = { ...place, correction: '', revision: 2 * index + 1, value: null }
    return { kind: 'result', cell, timing: pane.timing, ...none }
  }
  const { kind, accumulator: value, timing, isLast, records, lateRecords } = pane
  if (kind !== 'value') throw refused(`a pane of kind '${String(kind)}'`)
  if (value === undefined) throw refused('a value without its accumulator')
  const cell = { ...place, correction: '', revision: 2 * index, value }
  return { kind: 'result', cell, timing, isLast, records, lateRecords }
}

function refused(found: string): StreamError {
  return new StreamError(
    'BAD_RESULT',
    `A result for a log: found ${found}, expected whole values with their accumulators, of windows with an end. Accumulate or retract, and write to the log with a sink that keeps accumulators.`,
  )
}
