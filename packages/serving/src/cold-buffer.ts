/**
 * Owns what waits to be written to cold: of each result the newest that is not early, and every correction. It is
 * bounded by whoever fills it.
 */
import { type Cell, type LoggedResult, compareVersions } from '@tidemark/core'
import { keyText } from './key-text.ts'
import { storedCell } from './log-steps.ts'

/** What waits of one window end. */
interface Waiting {
  /** Where windows with this end mostly begin: results of those are found by their key alone. */
  readonly start: number
  /** The first offset at which something came. */
  readonly since: bigint
  readonly byKey: Map<string, LoggedResult>
  /** By all that makes a place. */
  readonly others: Map<string, LoggedResult>
}

export class ColdBuffer {
  readonly #ends: Map<number, Waiting> = new Map()
  #size = 0
  /** The greatest end of a window that came, early panes left out. */
  lastEnd: number = Number.NEGATIVE_INFINITY

  get size(): number {
    return this.#size
  }

  add(entry: LoggedResult): void {
    const { cell, offset: since } = entry
    const { end, start, correction, key } = cell
    // Early panes are hot's alone, and so are their withdrawals: nothing of such a window is in cold yet.
    if (entry.timing === 'early' && correction === '') return
    if (end > this.lastEnd) this.lastEnd = end
    let waiting = this.#ends.get(end)
    if (waiting === undefined) this.#ends.set(end, (waiting = { start, since, byKey: new Map(), others: new Map() }))
    const [places, place] =
      correction === '' && start === waiting.start ? [waiting.byKey, keyText(key)] : [waiting.others, placeOf(cell)]
    const before = places.get(place)
    if (before === undefined) this.#size++
    else if (compareVersions(cell, before.cell) < 0) return
    places.set(place, entry)
  }

  /** Takes out those whose window ends are up to `upTo`. */
  take(upTo: number): readonly Cell[] {
    const cells: Cell[] = []
    for (const [end, { byKey, others }] of this.#ends) {
      if (end > upTo) continue
      for (const places of [byKey, others]) for (const entry of places.values()) cells.push(storedCell(entry))
      this.#ends.delete(end)
    }
    this.#size -= cells.length
    return cells
  }

  /** The first offset of what waits; undefined: nothing does. */
  oldest(): bigint | undefined {
    let oldest: bigint | undefined
    for (const { since } of this.#ends.values()) if (oldest === undefined || since < oldest) oldest = since
    return oldest
  }
}

/** One place of a store. */
export function placeOf({ key, start, end, correction }: Cell): string {
  return `${start},${end},${correction.length},${correction}${keyText(key)}`
}
