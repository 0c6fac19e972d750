/** Owns picking the newest cell of each place out of many: what a store does before it writes a batch. */
import { type Cell, compareVersions } from './cell.ts'

/** So many are looked through one by one: a map is slower for few, and larger. */
const FEW = 16

/**
 * The newest cell of each place (window and correction) among cells of one key, in order of first sight; of equal
 * versions the last. For stores, whose scripts and rows take each place once.
 */
export class NewestCells {
  readonly cells: Cell[]
  #places: Map<string, number> | undefined = undefined
  /** So far each window ended after the one before: what ends after the last is new. Results mostly come like that. */
  #inOrder = true

  constructor(first: Cell) {
    this.cells = [first]
  }

  /** Where a cell of the same place is; −1: there is none. */
  indexOf({ start, end, correction }: Cell): number {
    const { cells } = this
    if (this.#inOrder && end > (cells.at(-1) as Cell).end) return -1
    if (this.#places !== undefined) return this.#places.get(placeOf(start, end, correction)) ?? -1
    for (let at = 0; at < cells.length; at++) {
      const kept = cells[at] as Cell
      if (kept.end === end && kept.start === start && kept.correction === correction) return at
    }
    return -1
  }

  /** Adds a cell, or puts it in the place of one that is not newer. `at` is what `indexOf` says of it. */
  put(cell: Cell, at: number = this.indexOf(cell)): void {
    if (at < 0) this.#add(cell)
    else if (compareVersions(cell, this.cells[at] as Cell) >= 0) this.cells[at] = cell
  }

  #add(cell: Cell): void {
    const { cells } = this
    this.#inOrder &&= cell.end > (cells.at(-1) as Cell).end
    cells.push(cell)
    const places = this.#places
    if (places !== undefined) places.set(placeOf(cell.start, cell.end, cell.correction), cells.length - 1)
    else if (cells.length > FEW)
      this.#places = new Map(cells.map(({ start, end, correction }, at) => [placeOf(start, end, correction), at]))
  }
}

function placeOf(start: number, end: number, correction: string): string {
  return `${start},${end},${correction}`
}
