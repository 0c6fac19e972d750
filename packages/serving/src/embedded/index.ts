/**
 * Owns results without servers: log, hot store, cold store and checkpoints in a folder of this machine. Apart from
 * `@tidemark/serving` because it needs Node and the optional peer `lmdb`.
 */
export type { FolderOptions } from './environment.ts'
export { embeddedColdStore } from './cold-store.ts'
export { type EmbeddedCheckpointsOptions, embeddedCheckpoints } from './checkpoints.ts'
export { type EmbeddedHotStoreOptions, embeddedHotStore } from './hot-store.ts'
export { type EmbeddedLog, type EmbeddedLogOptions, embeddedLog } from './log.ts'
