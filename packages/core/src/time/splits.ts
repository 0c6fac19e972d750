/**
 * Owns how the watermarks of splits become one: the minimum over the active ones, never going back. Knows nothing of
 * records or clocks; the task tells it what happened to each split.
 *
 * Idle and finished splits are left out of the minimum. While no split is active the watermark holds. A split that
 * resumes, or is new, joins with the greater of its own and the combined watermark, and holds it until it moves.
 */
import { AFTER_ALL, BEFORE_ALL } from './timestamp.ts'

export type SplitState = 'active' | 'idle' | 'finished'

export interface Split {
  readonly name: string
  state: SplitState
  /** −∞ while it has proven nothing. */
  watermark: number
}

export class SplitWatermarks {
  readonly #splits: Map<string, Split> = new Map()
  #combined: number = BEFORE_ALL

  /** The watermark of all; −∞ while there is none. */
  get combined(): number {
    return this.#combined
  }

  get(name: string): Split | undefined {
    return this.#splits.get(name)
  }

  all(): IterableIterator<Split> {
    return this.#splits.values()
  }

  /** A split joins, active. */
  add(name: string, watermark: number = BEFORE_ALL): Split {
    const split: Split = { name, state: 'active', watermark: Math.max(watermark, this.#combined) }
    this.#splits.set(name, split)
    return split
  }

  /** The least watermark of the other active splits: +∞ when there are none. */
  others(than: Split): number {
    let least = AFTER_ALL
    for (const split of this.#splits.values()) {
      if (split !== than && split.state === 'active' && split.watermark < least) least = split.watermark
    }
    return least
  }

  /** A split proves a watermark; an idle one resumes with it. */
  observe(split: Split, watermark: number): number {
    this.activate(split)
    if (watermark > split.watermark) split.watermark = watermark
    return this.combine()
  }

  activate(split: Split): void {
    if (split.state !== 'idle') return
    split.state = 'active'
    split.watermark = Math.max(split.watermark, this.#combined)
  }

  /** Takes a split out of the minimum: for now (idle) or for good (finished). */
  leave(split: Split, state: 'idle' | 'finished'): number {
    if (split.state !== 'finished') split.state = state
    return this.combine()
  }

  /** The combined watermark follows something else than the splits (processing time while all are idle). */
  raise(watermark: number): number {
    if (watermark > this.#combined) this.#combined = watermark
    return this.#combined
  }

  get allFinished(): boolean {
    for (const split of this.#splits.values()) if (split.state !== 'finished') return false
    return true
  }

  /** The active split that holds the watermark back. */
  slowest(): Split | undefined {
    let slowest: Split | undefined
    for (const split of this.#splits.values()) {
      if (split.state === 'active' && (slowest === undefined || split.watermark < slowest.watermark)) slowest = split
    }
    return slowest
  }

  combine(): number {
    const slowest = this.slowest()
    if (slowest !== undefined && slowest.watermark > this.#combined) this.#combined = slowest.watermark
    return this.#combined
  }

  save(): readonly Split[] {
    return [...this.#splits.values()].map((split) => ({ ...split }))
  }

  load(splits: readonly Split[], combined: number): void {
    for (const split of splits) this.#splits.set(split.name, { ...split })
    this.#combined = combined
  }
}
