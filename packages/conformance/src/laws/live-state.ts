/** Owns what a saved state tells of windows: how much is live, and what is still to come of those that are complete. */

/** How many live things a saved state tells of: tables, slices, slots in use. */
export function liveIn(saved: unknown): number {
  if (typeof saved !== 'object' || saved === null) return 0
  const { columns } = saved as { readonly columns?: readonly Float64Array[] }
  // Slots: the third column is who uses them, 0 nobody.
  if (columns !== undefined) return [...(columns[2] ?? [])].filter((seq) => seq !== 0).length
  if (Array.isArray(saved)) return saved.length
  return Object.entries(saved).reduce((sum, [name, part]) => (name === 'splits' ? sum : sum + liveIn(part)), 0)
}

interface SavedCells {
  readonly size: number
  readonly flags: Uint8Array | undefined
}
interface SavedStage {
  readonly tables?: SavedStage | readonly { readonly complete: boolean; readonly cells: SavedCells }[]
  readonly windows?: SavedStage
  readonly store?: { readonly cells: SavedCells; readonly columns: readonly Float64Array[] }
}
/** As the engine numbers it: something came in time that no pane has told of. */
const IN_TIME = 2

/** How many keys of complete windows a saved stage holds with something that came in time and is not shown. */
export function owedAfterCompletion(saved: unknown): number {
  const { tables, windows, store } = saved as SavedStage
  if (windows !== undefined) return owedAfterCompletion(windows)
  if (store !== undefined) {
    // The columns: bounds, who uses the slot, and whether its window is complete.
    const [, , users = [], complete = []] = store.columns
    return [...users].filter((user, i) => user !== 0 && complete[i] === 1 && owesInTime(store.cells, i)).length
  }
  if (!Array.isArray(tables)) return owedAfterCompletion(tables)
  const owed = (tables as Extract<SavedStage['tables'], readonly unknown[]>).filter((table) => table.complete)
  return owed.reduce(
    (sum, { cells }) => sum + Array.from({ length: cells.size }, (_, i) => owesInTime(cells, i)).filter(Boolean).length,
    0,
  )
}

function owesInTime({ flags }: SavedCells, slot: number): boolean {
  return flags === undefined || ((flags[slot] as number) & IN_TIME) !== 0
}
