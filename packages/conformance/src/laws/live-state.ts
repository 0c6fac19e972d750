/** Owns the count of what a saved state still holds of windows. */

/** How many live things a saved state tells of: tables, slices, slots in use. */
export function liveIn(saved: unknown): number {
  if (typeof saved !== 'object' || saved === null) return 0
  const { columns } = saved as { readonly columns?: readonly Float64Array[] }
  // Slots: the third column is who uses them, 0 nobody.
  if (columns !== undefined) return [...(columns[2] ?? [])].filter((seq) => seq !== 0).length
  if (Array.isArray(saved)) return saved.length
  return Object.entries(saved).reduce((sum, [name, part]) => (name === 'splits' ? sum : sum + liveIn(part)), 0)
}
