/**
 * Owns what waits to be written to cold: of each result the newest that is not early, and every correction. It is
 * bounded by whoever fills it.
 */
import { type Cell, type LoggedResult, compareVersions } from '@tidemark/core'
import { storedCell } from './log-steps.ts'

interface Waiting {
  cell: Cell
  /** The first offset at which something of this place came that is not written yet. */
  readonly since: bigint
}

export class ColdBuffer {
  readonly #waiting: Map<string, Waiting> = new Map()
  /** The greatest end of a window that came, early panes left out. */
  lastEnd: number = Number.NEGATIVE_INFINITY

  get size(): number {
    return this.#waiting.size
  }

  add(entry: LoggedResult): void {
    // Early panes are hot's alone, and so are their withdrawals: nothing of such a window is in cold yet.
    if (entry.timing === 'early' && entry.cell.correction === '') return
    const cell = storedCell(entry)
    this.lastEnd = Math.max(this.lastEnd, cell.end)
    const place = placeOf(cell)
    const before = this.#waiting.get(place)
    if (before === undefined) this.#waiting.set(place, { cell, since: entry.offset })
    else if (compareVersions(cell, before.cell) >= 0) before.cell = cell
  }

  /** Those whose window ends are up to `upTo`; they stay until `written` says otherwise. */
  due(upTo: number): readonly Cell[] {
    const cells: Cell[] = []
    for (const { cell } of this.#waiting.values()) if (cell.end <= upTo) cells.push(cell)
    return cells
  }

  written(cells: readonly Cell[]): void {
    for (const cell of cells) this.#waiting.delete(placeOf(cell))
  }

  /** The first offset of what waits; undefined: nothing does. */
  oldest(): bigint | undefined {
    let oldest: bigint | undefined
    for (const { since } of this.#waiting.values()) if (oldest === undefined || since < oldest) oldest = since
    return oldest
  }
}

declare const TextDecoder: new (label: 'latin1') => { decode(bytes: Uint8Array): string }
const latin1 = new TextDecoder('latin1')

/** One place of a store. */
export function placeOf({ key, start, end, correction }: Cell): string {
  return `${start},${end},${correction.length},${correction}${latin1.decode(key)}`
}
