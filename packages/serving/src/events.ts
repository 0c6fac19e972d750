/** Owns what tiers tell while they run. */
export interface TierEvents {
  /** Cold answers for windows with ends up to here now. */
  readonly boundary: { readonly boundary: number }
  /** Hot has let go of windows with ends up to here. */
  readonly evicted: { readonly upTo: number; readonly cells: number }
  /** A shard of hot was somewhere else than expected, and is written again from there. */
  readonly rewind: { readonly shard: string; readonly partition: string }
  /** Something is wrong that loses nothing yet. `code` is for programs, `message` for people. */
  readonly alarm: { readonly code: string; readonly message: string }
}
