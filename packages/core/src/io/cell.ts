/**
 * Owns what stores of results keep: one cell per window of a key, and one per correction beside it. A store compares
 * versions and never looks into a value; who writes and reads values packs them.
 */

/**
 * A result as a store keeps it. It is found by aggregation, key, window and correction. Of two cells for one place the
 * greater version (epoch, then revision) stays; an equal one rewrites, so a replay changes nothing.
 */
export interface Cell {
  /** The user's key: what `encodeKey` makes of it. */
  readonly key: Uint8Array
  /** The window [start, end), ms; whole numbers, negative ones too. */
  readonly start: number
  readonly end: number
  /** Empty: the result itself; else the id of a correction, which stands beside it, written once and never compared. */
  readonly correction: string
  readonly epoch: number
  /** 2 × index of a value, 2 × index + 1 of its withdrawal. */
  readonly revision: number
  /** Null: withdrawn. Kept as a cell of its own version, so that an older value cannot come back. */
  readonly value: Uint8Array | null
}

/** Negative: a is older than b; 0: the same version; positive: a is newer. Of cells for one place. */
export function compareVersions(
  a: { readonly epoch: number; readonly revision: number },
  b: { readonly epoch: number; readonly revision: number },
): number {
  return a.epoch - b.epoch || a.revision - b.revision
}
