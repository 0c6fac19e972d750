/** Owns what the demo is kept in. */
import { memoryColdStore, memoryHotStore, memoryLog, ms } from '@tidemark/core'
import { embeddedColdStore, embeddedHotStore, embeddedLog } from '@tidemark/serving/embedded'
import { SERVE_FOR_MS, type Stores } from './run.ts'

/** Gone with the process. */
export function inMemory(): Stores {
  return {
    name: 'all in memory',
    batchSize: 1,
    log: memoryLog(),
    hot: (clock) => memoryHotStore({ serveForMs: SERVE_FOR_MS, clock }),
    cold: memoryColdStore(),
    close: async () => {},
  }
}

/** What it says is there has reached the disk: every commit of the job, every batch of a store waits for that. */
export function inFolder(path: string): Stores {
  const folder = { path }
  return {
    name: 'all in a folder, on LMDB',
    batchSize: 8,
    log: embeddedLog({ ...folder, every: '1m' }),
    hot: (clock) => embeddedHotStore({ ...folder, serveFor: ms(SERVE_FOR_MS), clock }),
    cold: embeddedColdStore(folder),
    close: async () => {},
  }
}
