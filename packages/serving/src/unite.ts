/** Owns how what two tiers have of one key becomes one: by window, the newest, each correction once. Tiers never add up. */
import { type Cell, compareVersions } from '@tidemark/core'

export type Tier = 'hot' | 'cold'

/** Everything that is known of a key and window. */
export interface Place {
  readonly start: number
  readonly end: number
  /** The newest cell, a withdrawal too; undefined: there are corrections only. */
  readonly base: Cell | undefined
  readonly tier: Tier
  /** By id. */
  readonly corrections: readonly Cell[]
  /** Hot has something of it that cold has not. */
  readonly hotIsNewer: boolean
}

/** Both lists are in order of window end, then start, and so is the answer. Where both are the same, cold is named up to `b`. */
export function unite(hot: readonly Cell[], cold: readonly Cell[], b: number, newestOfBoth: boolean): Place[] {
  const places: Place[] = []
  let [h, c] = [0, 0]
  while (h < hot.length || c < cold.length) {
    const first = before(hot[h], cold[c])
    const { start, end } = first
    let [hotBase, coldBase]: (Cell | undefined)[] = [undefined, undefined]
    let corrections = NONE
    const here = (cell: Cell | undefined): cell is Cell =>
      cell !== undefined && cell.start === start && cell.end === end
    for (let cell = cold[c]; here(cell); cell = cold[++c]) {
      if (cell.correction === '') coldBase = newer(coldBase, cell)
      else if (!has(corrections, cell)) corrections = [...corrections, cell]
    }
    let hotIsNewer = false
    for (let cell = hot[h]; here(cell); cell = hot[++h]) {
      if (cell.correction === '') hotBase = newer(hotBase, cell)
      else if (!newestOfBoth || !has(corrections, cell)) {
        corrections = [...corrections, cell]
        hotIsNewer = true
      }
    }
    const order = hotBase === undefined ? -1 : coldBase === undefined ? 1 : compareVersions(hotBase, coldBase)
    hotIsNewer ||= hotBase !== undefined && order > 0
    const fromHot = order > 0 || (order === 0 && end > b)
    // Left out for tests: what both have is counted twice.
    if (!newestOfBoth && hotBase !== undefined && coldBase !== undefined)
      corrections = [...corrections, fromHot ? coldBase : hotBase]
    places.push({
      start,
      end,
      base: fromHot ? hotBase : coldBase,
      tier: hotBase === undefined && coldBase === undefined ? (end > b ? 'hot' : 'cold') : fromHot ? 'hot' : 'cold',
      corrections,
      hotIsNewer,
    })
  }
  return places
}

const NONE: readonly Cell[] = []

function has(corrections: readonly Cell[], { correction }: Cell): boolean {
  return corrections.some((one) => one.correction === correction)
}

function before(a: Cell | undefined, b: Cell | undefined): Cell {
  if (a === undefined) return b as Cell
  if (b === undefined) return a
  return (a.end - b.end || a.start - b.start) <= 0 ? a : b
}

function newer(a: Cell | undefined, b: Cell): Cell {
  return a === undefined || compareVersions(b, a) >= 0 ? b : a
}
