/** The same hours by two loops over all views that were not too late for their minute: no stream, no windows. */
import type { Hour } from './job.ts'
import type { View } from './views.ts'

export interface Row extends Hour {
  readonly page: string
  readonly hour: number
}

const floor = (at: number, size: number): number => Math.floor(at / size) * size

export function recompute(views: Iterable<View>): readonly Row[] {
  const minutes = new Map<string, { page: string; minute: number; views: number }>()
  for (const { page, at } of views) {
    const minute = floor(at, 60_000)
    const known = minutes.get(`${page} ${minute}`) ?? { page, minute, views: 0 }
    minutes.set(`${page} ${minute}`, { ...known, views: known.views + 1 })
  }
  const hours = new Map<string, { page: string; hour: number; views: number; busiest: number }>()
  for (const { page, minute, views: count } of minutes.values()) {
    const hour = floor(minute, 3_600_000)
    const known = hours.get(`${page} ${hour}`) ?? { page, hour, views: 0, busiest: 0 }
    hours.set(`${page} ${hour}`, { ...known, views: known.views + count, busiest: Math.max(known.busiest, count) })
  }
  return [...hours.values()].toSorted((a, b) => a.hour - b.hour || (a.page < b.page ? -1 : 1))
}
