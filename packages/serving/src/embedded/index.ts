/**
 * Owns results without servers: a hot store and a cold store in a folder of this machine. Apart from `@tidemark/serving`
 * because it needs Node and the optional peer `lmdb`.
 */
export type { FolderOptions } from './environment.ts'
export { embeddedColdStore } from './cold-store.ts'
export { type EmbeddedHotStoreOptions, embeddedHotStore } from './hot-store.ts'
