/**
 * Owns what is in the windows over results: per slot the newest value of each source (a key and window of the stage
 * before). A new pane of a source replaces its predecessor's contribution, and a withdrawn one leaves, so an hour made
 * of minutes counts every minute once. What was only added to is kept up to date as any window is; after a replacement
 * the slot is computed anew from its parts when it is next shown, so nothing is subtracted and fractions do not drift.
 */
import type { Cells } from './cells.ts'
import type { Cursor } from './cursor.ts'

/** What one source contributes, and where: its outer key, and the event time that finds its windows. */
export interface Part {
  readonly source: string
  /** Of the pane that brought it: a withdrawal names it. */
  readonly index: number
  readonly key: unknown
  readonly id: unknown
  readonly value: unknown
  readonly eventTime: number
}

/** The parts of a slot. `stale`: the accumulator no longer is their sum. */
export interface Parts {
  readonly bySource: Map<string, Part>
  stale: boolean
}

/** Puts a part into a slot whose accumulator has just taken it; its predecessor was taken out before. */
export function putPart(cells: Cells, slot: number, part: Part): void {
  const parts = ((cells.parts ??= [])[slot] ??= { bySource: new Map(), stale: false })
  parts.bySource.set(part.source, part)
}

/** Takes a part out again; false: it is not there. */
export function takePart(cells: Cells, slot: number, source: string): boolean {
  const parts = cells.parts?.[slot]
  if (parts === undefined || !parts.bySource.delete(source)) return false
  parts.stale = true
  cells.records[slot] = (cells.records[slot] as number) - 1
  return true
}

/** Computes a slot anew, if what it holds is not the sum of its parts any more. */
export function refresh(cells: Cells, slot: number, cursor: Cursor): void {
  const parts = cells.parts?.[slot]
  if (parts === undefined || !parts.stale) return
  parts.stale = false
  const { eventTime } = cursor
  cells.accumulators.open(slot)
  for (const part of parts.bySource.values()) {
    cursor.eventTime = part.eventTime
    cells.spec.prepare(part.value, cursor)
    cells.accumulators.add(slot, cursor)
  }
  cursor.eventTime = eventTime
}
