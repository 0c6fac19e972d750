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
/** Windows named in a summary. */
const MOST_NAMED = 10

export interface LateSummary {
  readonly total: number
  /** Records per class of lateness, in the order of LATENESS_CLASSES_MS. */
  readonly histogram: readonly number[]
  /** The windows that refused most, at most ten. */
  readonly windows: readonly { readonly window: string; readonly count: number }[]
  /** The allowed lateness that would have admitted every refused record; undefined when none was refused. */
  readonly suggestedMs: number | undefined
}

/** What several tasks have refused. */
export function sumOfSummaries(summaries: readonly LateSummary[]): LateSummary {
  const [first, ...others] = summaries
  if (first !== undefined && others.length === 0) return first
  const perWindow = new Map<string, number>()
  for (const { windows } of summaries)
    for (const { window, count } of windows) perWindow.set(window, (perWindow.get(window) ?? 0) + count)
  const suggestions = summaries.map(({ suggestedMs }) => suggestedMs).filter((ms) => ms !== undefined)
  return {
    total: summaries.reduce((sum, { total }) => sum + total, 0),
    histogram: LATENESS_CLASSES_MS.map((_, i) =>
      summaries.reduce((sum, { histogram }) => sum + (histogram[i] ?? 0), 0),
    ),
    windows: most(perWindow),
    suggestedMs: suggestions.length === 0 ? undefined : Math.max(...suggestions),
  }
}

function most(perWindow: ReadonlyMap<string, number>): LateSummary['windows'] {
  const windows = [...perWindow].map(([window, count]) => ({ window, count }))
  windows.sort((a, b) => b.count - a.count || (a.window < b.window ? -1 : 1))
  return windows.slice(0, MOST_NAMED)
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
    // Freed when W ≥ end + lateness: one millisecond more than the greatest distance would have kept it.
    return {
      total: this.#total,
      histogram: [...this.#histogram],
      windows: most(this.#perWindow),
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
