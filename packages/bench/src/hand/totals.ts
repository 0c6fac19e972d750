/** Owns what hand loops keep per key and what they yield. */
export interface HandResult {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly count: number
  readonly sum: number
}

export interface Totals {
  count: number
  sum: number
}
