/** Owns cells in memory: by key, in order of window end, the newest version of each. What both stores in memory keep. */
import { type Cell, compareVersions } from './cell.ts'

/** What is kept of one key. */
interface Kept {
  readonly key: Uint8Array
  /** In order of place. Results mostly come in that order: they go to the end. */
  cells: Cell[]
}

export class CellTable {
  readonly #keys: Map<string, Kept> = new Map()

  /** False: what is kept is newer. */
  put(cell: Cell): boolean {
    const id = idOf(cell.key)
    let kept = this.#keys.get(id)
    // Whoever wrote it may use its bytes again.
    if (kept === undefined) this.#keys.set(id, (kept = { key: cell.key.slice(), cells: [] }))
    const { key, cells } = kept
    const at = placeIn(cells, cell)
    const before = cells[at]
    const known = before !== undefined && comparePlaces(before, cell) === 0
    if (known && compareVersions(cell, before) < 0) return false
    const own = { ...cell, key, value: cell.value?.slice() ?? null }
    if (known) cells[at] = own
    else if (at === cells.length) cells.push(own)
    else cells.splice(at, 0, own)
    return true
  }

  /** Cells of a key with ends in (from, to], in order. They share a key. */
  read(key: Uint8Array, from: number, to: number): readonly Cell[] {
    const cells = this.#keys.get(idOf(key))?.cells ?? []
    const [first, last] = [firstAbove(cells, from), firstAbove(cells, to)]
    if (last <= first) return []
    const own = key.slice()
    return cells.slice(first, last).map((cell) => ({ ...cell, key: own, value: cell.value?.slice() ?? null }))
  }

  keys(): readonly Uint8Array[] {
    return Array.from(this.#keys.values(), ({ key }) => key)
  }

  /** Removes cells; says how many. */
  remove(goes: (cell: Cell) => boolean): number {
    let removed = 0
    for (const [id, kept] of this.#keys) {
      const before = kept.cells.length
      kept.cells = kept.cells.filter((cell) => !goes(cell))
      removed += before - kept.cells.length
      if (kept.cells.length === 0) this.#keys.delete(id)
    }
    return removed
  }
}

/** The index of the place, or where it belongs. */
function placeIn(cells: readonly Cell[], cell: Cell): number {
  return firstWhere(cells, (kept) => comparePlaces(kept, cell) >= 0)
}

function firstAbove(cells: readonly Cell[], end: number): number {
  return firstWhere(cells, (kept) => kept.end > end)
}

/** The first index from which on something holds; it does not before. The last is looked at first. */
function firstWhere(cells: readonly Cell[], holds: (cell: Cell) => boolean): number {
  let [low, high] = [0, cells.length]
  if (high === 0 || !holds(cells[high - 1] as Cell)) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(cells[middle] as Cell)) high = middle
    else low = middle + 1
  }
  return low
}

function comparePlaces(a: Cell, b: Cell): number {
  return a.end - b.end || a.start - b.start || compareText(a.correction, b.correction)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const LONGEST_PART = 64

/** One character for each byte. */
function idOf(key: Uint8Array): string {
  // Not by spreading: that asks an iterator for each byte.
  if (key.length <= LONGEST_PART) return String.fromCharCode.apply(undefined, key as unknown as number[])
  let id = ''
  for (let at = 0; at < key.length; at += LONGEST_PART) id += idOf(key.subarray(at, at + LONGEST_PART))
  return id
}
