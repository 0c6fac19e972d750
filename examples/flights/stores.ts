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

/** Three months go by in seconds: it must outlive a process that is killed, and need not wait for the disk. */
export function inFolder(path: string): Stores {
  const folder = { path, sync: false } as const
  return {
    name: 'all in a folder, on LMDB',
    batchSize: 4,
    log: embeddedLog({ ...folder, every: '30m' }),
    hot: (clock) => embeddedHotStore({ ...folder, serveFor: ms(SERVE_FOR_MS), clock }),
    cold: embeddedColdStore(folder),
    close: async () => {},
  }
}
