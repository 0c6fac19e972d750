/** Owns the arithmetic of aligned windows: floor, for negative times too. */

/** The greatest point of the grid (multiples of step, shifted by offset) that is not above the timestamp. */
export function floorTo(timestamp: number, step: number, offset: number): number {
  return Math.floor((timestamp - offset) / step) * step + offset
}
