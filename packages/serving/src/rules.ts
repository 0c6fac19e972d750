/**
 * Owns the switches that leave one rule of the protocol out, so that a test can show that it would be found. Nothing
 * outside this package can reach them.
 */
export interface Rules {
  /** The hot writer goes on where the shard says it is, not where it remembers to have been. */
  readonly positionInHot: boolean
  /** Windows leave hot only below a boundary that every reader knows; else as soon as they are old enough. */
  readonly evictBelowBoundary: boolean
  /** … and no sooner than a lease and a query after that boundary was seen. */
  readonly readerLease: boolean
  /** C is told after what it is about is durable. */
  readonly publishAfterPut: boolean
  /** The boundary does not pass C. */
  readonly boundaryBelowCold: boolean
  /** Of a window that both tiers have, the newest counts; else both. */
  readonly newestOfBoth: boolean
  /** A reader does not adopt a boundary below which cold lacks what it has seen. */
  readonly sessionToken: boolean
  /** A reader counts what a write under way may have shown as seen, where that may be lost. */
  readonly countsAnnounced: boolean
  /** The hot writer writes windows below the boundary too. */
  readonly hotTakesAll: boolean
  /** What is in hot does not expire while the boundary is held back. */
  readonly watchdog: boolean
}

export const ALL_RULES: Rules = Object.freeze({
  positionInHot: true,
  evictBelowBoundary: true,
  readerLease: true,
  publishAfterPut: true,
  boundaryBelowCold: true,
  newestOfBoth: true,
  sessionToken: true,
  countsAnnounced: true,
  hotTakesAll: true,
  watchdog: true,
})
