/**
 * Owns what is asked of the machine: the time that the main thread was given where Node tells it (23.9 and later), else
 * the time on the wall; and memory after a collection of garbage.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

interface WithThreadTime {
  readonly threadCpuUsage?: () => { readonly user: number; readonly system: number }
}

/** Whose time it is. */
export const timeIs: string =
  (process as WithThreadTime).threadCpuUsage === undefined ? 'wall time' : 'CPU time of the main thread'

/** Now, ns, by the thread where possible. */
export function threadNow(): number {
  const used = (process as WithThreadTime).threadCpuUsage?.()
  return used === undefined ? performance.now() * 1e6 : (used.user + used.system) * 1_000
}

/** Bytes in use. */
export interface Memory {
  readonly heap: number
  /** Buffers of typed arrays and the like. */
  readonly external: number
}

let collect: (() => void) | undefined = globalThis.gc === undefined ? undefined : () => globalThis.gc?.()

export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}

/** Buffers are given back some time after the collection that found them free: collects until nothing changes. */
export function memoryInUse(): Memory {
  let before: Memory
  let now = afterCollection()
  let tries = 0
  do {
    before = now
    now = afterCollection()
  } while (++tries < MOST_COLLECTIONS && before.heap + before.external - now.heap - now.external > SETTLED_BYTES)
  return now
}

const MOST_COLLECTIONS = 20
const SETTLED_BYTES = 4_096

function afterCollection(): Memory {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return { heap: heapUsed, external }
}
