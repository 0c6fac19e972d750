/** Owns the input of the tests on real services, round by round, and the batch recomputation of what is asked. */
import { partitionOf } from '@tidemark/kafka'
import { LATENESS_MS, OUT_OF_ORDER_MS, SERVE_FOR_MS, type Stats, type View, WINDOW_MS } from './composed.ts'

const T0 = Date.UTC(2026, 0, 1)
const PAGES = 12
const ROUND_MS = 4 * WINDOW_MS
export const PARTITIONS = 3

/** Whole numbers below a bound, the same for a seed. */
export function chance(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

export class Views {
  readonly all: View[] = []
  readonly #dice: (below: number) => number
  #now = T0

  constructor(seed: number) {
    this.#dice = chance(seed)
  }

  /** Windows that end up to here are complete once everything has been taken. */
  get completeTo(): number {
    return Math.floor((this.#now - OUT_OF_ORDER_MS) / WINDOW_MS) * WINDOW_MS
  }

  /** The watermark once everything has been taken. */
  get watermark(): number {
    return this.#now - OUT_OF_ORDER_MS
  }

  get from(): number {
    return T0 - 4 * SERVE_FOR_MS
  }

  /**
   * A stretch of views in order of arrival: most a little out of order, some late for their window, some too late, of
   * those some for windows that cold alone has by now. Behind them one in each partition that brings the time there.
   */
  next(count: number): readonly View[] {
    const began = this.#now
    const made = Array.from({ length: count }, (_, i): View => {
      const kind = this.#dice(20)
      const behind =
        kind === 0
          ? LATENESS_MS + this.#dice(2 * SERVE_FOR_MS)
          : kind < 4
            ? OUT_OF_ORDER_MS + this.#dice(LATENESS_MS)
            : this.#dice(OUT_OF_ORDER_MS)
      const at = Math.max(this.from, began + Math.floor((i * ROUND_MS) / count) - behind)
      return { page: `/${this.#dice(PAGES)}`, at, ms: this.#dice(50) }
    })
    this.#now += ROUND_MS
    for (const page of ENDS) made.push({ page, at: this.#now, ms: 0 })
    this.all.push(...made)
    return made
  }

  get pages(): readonly string[] {
    return [...new Set(this.all.map(({ page }) => page))]
  }

  /** Statistics of all complete windows of `sizeMs`, by page and window start, from all records at once. */
  recomputed(sizeMs: number = WINDOW_MS): ReadonlyMap<string, Stats> {
    const windows = new Map<string, View[]>()
    for (const view of this.all) {
      if (Math.floor(view.at / WINDOW_MS) * WINDOW_MS + WINDOW_MS > this.completeTo) continue
      const place = `${view.page} ${Math.floor(view.at / sizeMs) * sizeMs}`
      const found = windows.get(place)
      if (found === undefined) windows.set(place, [view])
      else found.push(view)
    }
    return new Map(
      [...windows].map(([place, views]) => [
        place,
        {
          views: views.length,
          ms: views.reduce((sum, { ms }) => sum + ms, 0),
          different: new Set(views.map(({ ms }) => ms)).size,
        },
      ]),
    )
  }
}

/** A page in each partition. */
const ENDS: readonly string[] = Array.from({ length: PARTITIONS }, (_, partition: number): string => {
  let i = 0
  while (partitionOf(new TextEncoder().encode(`/end/${i}`), PARTITIONS) !== partition) i++
  return `/end/${i}`
})
