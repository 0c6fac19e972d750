/** Owns early panes recomputed by hand: for the check, not for timing. */
import type { Event } from '../records.ts'
import type { HandResult, Totals } from './totals.ts'

export interface EarlyResult extends HandResult {
  readonly index: number
  readonly timing: 'early' | 'on-time'
}

interface Pending extends Totals {
  readonly key: string
  readonly start: number
  /** When the early pane is due; +∞: nothing came since the last. */
  due: number
  panes: number
}

/**
 * In order only; arrivals are event times. An early pane comes with the first record that arrives `everyMs` or more after
 * the first pending one, before that record counts; an on-time pane when a record has reached the window's end.
 */
export function earlyByHand(records: readonly Event[], sizeMs: number, everyMs: number): EarlyResult[] {
  const out: EarlyResult[] = []
  // Every wait is equally long, so they end in the order they began.
  const waiting: Pending[] = []
  let next = 0
  let window = new Map<string, Pending>()
  let end = Number.NEGATIVE_INFINITY
  const emit = (pending: Pending, timing: EarlyResult['timing']): void => {
    const { key, start, count, sum } = pending
    out.push({ key, start, end: start + sizeMs, count, sum, index: pending.panes++, timing })
    pending.due = Number.POSITIVE_INFINITY
  }
  for (const { key, at, value } of records) {
    for (; next < waiting.length; next++) {
      const pending = waiting[next] as Pending
      if (at < pending.due && pending.due !== Number.POSITIVE_INFINITY) break
      if (at >= pending.due) emit(pending, 'early')
    }
    if (at >= end) {
      // Completed by this record, which belongs to the next window.
      for (const pending of window.values()) emit(pending, 'on-time')
      window = new Map()
      end = Math.floor(at / sizeMs) * sizeMs + sizeMs
    }
    let pending = window.get(key)
    if (pending === undefined) {
      pending = { key, start: end - sizeMs, count: 0, sum: 0, due: Number.POSITIVE_INFINITY, panes: 0 }
      window.set(key, pending)
    }
    pending.count++
    pending.sum += value
    if (pending.due === Number.POSITIVE_INFINITY) waiting.push(pending)
    pending.due = Math.min(pending.due, at + everyMs)
  }
  for (const pending of window.values()) emit(pending, 'on-time')
  return out
}
