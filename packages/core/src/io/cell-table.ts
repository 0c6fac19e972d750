/** Owns cells in memory: by key, in order of window end, the newest version of each. What both stores in memory keep. */
import { type Cell, compareVersions } from './cell.ts'

export class CellTable {
  /** By key, then by window and correction. */
  readonly #keys: Map<string, Map<string, Cell>> = new Map()

  /** False: what is kept is newer. */
  put(cell: Cell): boolean {
    const id = idOf(cell.key)
    let places = this.#keys.get(id)
    if (places === undefined) this.#keys.set(id, (places = new Map()))
    const place = `${cell.start},${cell.end},${cell.correction}`
    const kept = places.get(place)
    if (kept !== undefined && compareVersions(cell, kept) < 0) return false
    // Whoever wrote it may use its bytes again.
    places.set(place, { ...cell, key: cell.key.slice(), value: cell.value?.slice() ?? null })
    return true
  }

  /** Cells of a key with ends in (from, to], in order. */
  read(key: Uint8Array, from: number, to: number): readonly Cell[] {
    const found = [...(this.#keys.get(idOf(key))?.values() ?? [])].filter(({ end }) => end > from && end <= to)
    return found
      .map(copyOf)
      .sort((a, b) => a.end - b.end || a.start - b.start || compareText(a.correction, b.correction))
  }

  keys(): readonly Uint8Array[] {
    return [...this.#keys.values()].flatMap((places) => [...places.values()].slice(0, 1).map(({ key }) => key))
  }

  /** Removes cells; says how many. */
  remove(goes: (cell: Cell) => boolean): number {
    let removed = 0
    for (const [id, places] of this.#keys) {
      for (const [place, cell] of places) {
        if (!goes(cell)) continue
        places.delete(place)
        removed++
      }
      if (places.size === 0) this.#keys.delete(id)
    }
    return removed
  }
}

function copyOf(cell: Cell): Cell {
  return { ...cell, key: cell.key.slice(), value: cell.value?.slice() ?? null }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function idOf(key: Uint8Array): string {
  return key.join(',')
}
