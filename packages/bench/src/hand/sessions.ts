/** Owns sessions by hand, in order only. */
import type { Event } from '../records.ts'
import type { HandResult } from './totals.ts'

interface Visit {
  readonly key: string
  readonly start: number
  last: number
  count: number
  sum: number
}

/** A Map of open sessions and a list per second of those to look at then, put off if they have grown. */
export function sessionsByHand(records: readonly Event[], gapMs: number): HandResult[] {
  const out: HandResult[] = []
  const open = new Map<string, Visit>()
  const wheel = new Map<number, Visit[]>()
  let second = Number.NaN
  const arm = (visit: Visit): void => {
    const slot = Math.floor((visit.last + gapMs) / 1_000)
    const armed = wheel.get(slot)
    if (armed === undefined) wheel.set(slot, [visit])
    else armed.push(visit)
  }
  const close = ({ key, start, last, count, sum }: Visit): void => {
    out.push({ key, start, end: last + gapMs, count, sum })
  }
  const look = (slot: number, watermark: number): void => {
    const armed = wheel.get(slot)
    if (armed === undefined) return
    wheel.delete(slot)
    for (const visit of armed) {
      // Another session of the key may have begun: this one is closed then.
      if (open.get(visit.key) !== visit) continue
      if (visit.last + gapMs >= watermark) {
        arm(visit)
      } else {
        open.delete(visit.key)
        close(visit)
      }
    }
  }
  for (const { key, at, value } of records) {
    const now = Math.floor(at / 1_000)
    if (now !== second) {
      for (let slot = second; slot < now; slot++) look(slot, now * 1_000)
      second = now
    }
    const visit = open.get(key)
    if (visit !== undefined && at <= visit.last + gapMs) {
      visit.last = at
      visit.count++
      visit.sum += value
      continue
    }
    if (visit !== undefined) close(visit)
    const fresh: Visit = { key, start: at, last: at, count: 1, sum: value }
    open.set(key, fresh)
    arm(fresh)
  }
  for (const visit of open.values()) close(visit)
  return out
}
