/**
 * Two serving layers, one answer: recent results from a hot store, old ones from a cold store, both filled from one
 * committed log of results.
 */
export { type ColdWrites, continuously, every } from './cold-writes.ts'
export { type DirectTiers, type TiersBase, type TiersFromLog, servingTiers } from './serving-tiers.ts'
export type { RunOptions, Tiers, WatchOptions } from './tiers.ts'
export type { LatestQuery, Range, ReadOptions, ReadQuery, Rows } from './reader.ts'
export type { Row, Status } from './row.ts'
export type { Tier } from './unite.ts'
export type { Gap } from './fetch.ts'
export type { Difference } from './diff.ts'
export type { PartitionHealth, TiersHealth } from './health.ts'
export type { TierEvents } from './events.ts'
