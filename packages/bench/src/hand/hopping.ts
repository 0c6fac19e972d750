/** Owns hopping windows by hand, in order only. */
import type { Event } from '../records.ts'
import type { HandResult, Totals } from './totals.ts'

/** A Map per slide and a running total, from which slides that have left the window are taken off. */
export function hoppingByHand(records: readonly Event[], sizeMs: number, everyMs: number): HandResult[] {
  const out: HandResult[] = []
  const total = new Map<string, Totals>()
  const slides: { readonly start: number; readonly accs: Map<string, Totals> }[] = []
  let current: { readonly start: number; readonly accs: Map<string, Totals> } | undefined
  const emit = (end: number): void => {
    while (slides.length > 0 && (slides[0]?.start as number) < end - sizeMs) {
      for (const [key, { count, sum }] of slides.shift()?.accs ?? []) {
        const acc = total.get(key) as Totals
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
  const finish = (slide: { readonly start: number; readonly accs: Map<string, Totals> }): void => {
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
