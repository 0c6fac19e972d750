/** Owns a result per record by hand, in order only. */
import type { Event } from '../records.ts'
import type { HandResult, Totals } from './totals.ts'

/** How many results leave together. */
const BATCH = 1_024

/** Hands out batches of results, as a sink gets them. */
export function refinedByHand(
  records: readonly Event[],
  sizeMs: number,
  write: (batch: readonly HandResult[]) => void,
): void {
  let end = Number.NEGATIVE_INFINITY
  let start = end
  let window = new Map<string, Totals>()
  let batch: HandResult[] = []
  for (const { key, at, value } of records) {
    if (at >= end) {
      start = Math.floor(at / sizeMs) * sizeMs
      end = start + sizeMs
      window = new Map()
    }
    let totals = window.get(key)
    if (totals === undefined) window.set(key, (totals = { count: 0, sum: 0 }))
    totals.count++
    totals.sum += value
    batch.push({ key, start, end, count: totals.count, sum: totals.sum })
    if (batch.length < BATCH) continue
    write(batch)
    batch = []
  }
  if (batch.length > 0) write(batch)
}
