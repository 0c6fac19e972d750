/**
 * Owns the unit: what somebody who needs only this one result would write by hand. Plain objects, a Map per window, closed
 * when the watermark passes; no lateness, no panes, no errors.
 */
import type { Event } from './records.ts'

export interface HandResult {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly count: number
  readonly sum: number
}
interface Acc {
  count: number
  sum: number
}

export function tumblingByHand(records: readonly Event[], sizeMs: number, boundMs: number): HandResult[] {
  const out: HandResult[] = []
  const windows = new Map<number, Map<string, Acc>>()
  let watermark = Number.NEGATIVE_INFINITY
  let nextEnd = Number.POSITIVE_INFINITY
  let start = Number.NaN
  let end = Number.NaN
  let current: Map<string, Acc> = new Map()
  const close = (): void => {
    nextEnd = Number.POSITIVE_INFINITY
    for (const [from, accs] of windows) {
      const to = from + sizeMs
      if (to > watermark) {
        if (to < nextEnd) nextEnd = to
        continue
      }
      for (const [key, { count, sum }] of accs) out.push({ key, start: from, end: to, count, sum })
      windows.delete(from)
      if (from === start) start = end = Number.NaN
    }
  }
  for (const { key, at, value } of records) {
    if (!(at >= start && at < end)) {
      start = Math.floor(at / sizeMs) * sizeMs
      end = start + sizeMs
      const known = windows.get(start)
      if (known === undefined) {
        windows.set(start, (current = new Map()))
        if (end < nextEnd) nextEnd = end
      } else {
        current = known
      }
    }
    const acc = current.get(key)
    if (acc === undefined) {
      current.set(key, { count: 1, sum: value })
    } else {
      acc.count++
      acc.sum += value
    }
    const w = at - boundMs
    if (w > watermark) {
      watermark = w
      if (w >= nextEnd) close()
    }
  }
  watermark = Number.POSITIVE_INFINITY
  close()
  return out
}

/** In order only: a Map per slide and a running total, from which slides that have left the window are taken off. */
export function hoppingByHand(records: readonly Event[], sizeMs: number, everyMs: number): HandResult[] {
  const out: HandResult[] = []
  const total = new Map<string, Acc>()
  const slides: { readonly start: number; readonly accs: Map<string, Acc> }[] = []
  let current: { readonly start: number; readonly accs: Map<string, Acc> } | undefined
  const emit = (end: number): void => {
    while (slides.length > 0 && (slides[0]?.start as number) < end - sizeMs) {
      for (const [key, { count, sum }] of slides.shift()?.accs ?? []) {
        const acc = total.get(key) as Acc
        if (acc.count === count) {
          total.delete(key)
        } else {
          acc.count -= count
          acc.sum -= sum
        }
      }
    }
    for (const [key, { count, sum }] of total) out.push({ key, start: end - sizeMs, end, count, sum })
  }
  const finish = (slide: { readonly start: number; readonly accs: Map<string, Acc> }): void => {
    slides.push(slide)
    for (const [key, { count, sum }] of slide.accs) {
      const acc = total.get(key)
      if (acc === undefined) {
        total.set(key, { count, sum })
      } else {
        acc.count += count
        acc.sum += sum
      }
    }
    emit(slide.start + everyMs)
  }
  for (const { key, at, value } of records) {
    if (current === undefined || at >= current.start + everyMs) {
      const start = Math.floor(at / everyMs) * everyMs
      if (current !== undefined) {
        finish(current)
        for (let end = current.start + 2 * everyMs; end <= start; end += everyMs) emit(end)
      }
      current = { start, accs: new Map() }
    }
    const acc = current.accs.get(key)
    if (acc === undefined) {
      current.accs.set(key, { count: 1, sum: value })
    } else {
      acc.count++
      acc.sum += value
    }
  }
  if (current !== undefined) {
    finish(current)
    for (let end = current.start + 2 * everyMs; end < current.start + everyMs + sizeMs; end += everyMs) emit(end)
  }
  return out
}

interface Visit {
  readonly key: string
  readonly start: number
  last: number
  count: number
  sum: number
}

/** In order only: a Map of open sessions and a list per second of those to look at then, put off if they have grown. */
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

export interface Priced {
  readonly key: string
  readonly cents: number
}

/** The four steps of chain-4 in one loop. */
export function chainByHand(records: readonly Event[]): Priced[] {
  const out: Priced[] = []
  for (const record of records) {
    if (record.value % 10 === 0) continue
    const priced = { key: record.key, cents: record.value * 100 }
    const taxed = { key: priced.key, cents: priced.cents + (priced.cents >> 2) }
    if (taxed.cents > 5_000) out.push(taxed)
  }
  return out
}
