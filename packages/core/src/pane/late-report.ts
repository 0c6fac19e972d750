/**
 * Owns the account of data that came too late: per window and as a histogram of lateness, bounded. It answers "how much
 * allowed lateness would have kept it?".
 */
import { showMs } from '../time/duration.ts'

/** Upper bounds of the histogram's classes, ms. */
export const LATENESS_CLASSES_MS: readonly number[] = [
  1_000,
  10_000,
  60_000,
  600_000,
  3_600_000,
  21_600_000,
  86_400_000,
  604_800_000,
  Number.POSITIVE_INFINITY,
]

/** Windows counted one by one; beyond that only in total. */
const MOST_WINDOWS = 1_000

export interface LateSummary {
  readonly total: number
  /** Records per class of lateness, in the order of LATENESS_CLASSES_MS. */
  readonly histogram: readonly number[]
  /** The windows that refused most, at most ten. */
  readonly windows: readonly { readonly window: string; readonly count: number }[]
  /** The allowed lateness that would have admitted every refused record; undefined when none was refused. */
  readonly suggestedMs: number | undefined
}

export class LateReport {
  readonly #perWindow: Map<string, number> = new Map()
  readonly #histogram: number[] = LATENESS_CLASSES_MS.map(() => 0)
  #total = 0
  #greatest = Number.NEGATIVE_INFINITY

  add(window: string, latenessMs: number): void {
    this.#total++
    if (Number.isFinite(latenessMs) && latenessMs > this.#greatest) this.#greatest = latenessMs
    const bucket = LATENESS_CLASSES_MS.findIndex((bound) => latenessMs <= bound)
    this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1
    const count = this.#perWindow.get(window)
    if (count !== undefined || this.#perWindow.size < MOST_WINDOWS) this.#perWindow.set(window, (count ?? 0) + 1)
  }

  summary(): LateSummary {
    const windows = [...this.#perWindow].map(([window, count]) => ({ window, count }))
    windows.sort((a, b) => b.count - a.count || (a.window < b.window ? -1 : 1))
    // Freed when W ≥ end + lateness: one millisecond more than the greatest distance would have kept it.
    return {
      total: this.#total,
      histogram: [...this.#histogram],
      windows: windows.slice(0, 10),
      suggestedMs: this.#greatest === Number.NEGATIVE_INFINITY ? undefined : this.#greatest + 1,
    }
  }

  toString(): string {
    const { total, suggestedMs } = this.summary()
    return total === 0
      ? 'nothing was too late'
      : `${total} too late; allowedLateness '${showMs(suggestedMs ?? 0)}' would have taken them`
  }
}
