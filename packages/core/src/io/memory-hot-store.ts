/** Owns the hot store in memory: the reference for others, and the store of tests. Expiry goes by the clock it is given. */
import type { Clock } from '../time/clock.ts'
import type { Cell } from './cell.ts'
import { CellTable } from './cell-table.ts'
import { slice } from './memory-cold-store.ts'
import type { Applied, HotSession, HotStore, HotWritten, Move, ShardState } from './stores.ts'

export interface MemoryHotStoreOptions {
  /** How long results are served from here, ms of event time. */
  readonly serveForMs: number
  /** How much longer than that they are kept at least, ms; as long again if not given. */
  readonly slackMs?: number
  /** Parts that hold positions of their own, 1 if not given. */
  readonly shards?: number
  /** What expiry and heartbeats go by. */
  readonly clock: Clock
}

/** One shard of one aggregation: cells, when they expire, and what it says of itself. */
class Shard {
  readonly table: CellTable = new CellTable()
  readonly applied: Map<string, Applied> = new Map()
  /** When cells of windows with an end expire: the latest that was said. */
  readonly expiry: Map<number, number> = new Map()
  boundary: number = Number.NEGATIVE_INFINITY
  evictedTo: number = Number.NEGATIVE_INFINITY
  aliveUntil: number = Number.NEGATIVE_INFINITY

  expire(now: number): void {
    for (const [end, at] of this.expiry) {
      if (at > now) continue
      this.expiry.delete(end)
      this.table.remove((cell) => cell.end === end)
    }
  }

  state(now: number): ShardState {
    const { applied, boundary, evictedTo, aliveUntil } = this
    return { applied: new Map(applied), boundary, evictedTo, alive: aliveUntil > now }
  }

  move({ partition, from, to }: Move): boolean {
    if (this.applied.get(partition)?.offset !== from) return false
    this.applied.set(partition, { ...to })
    return true
  }
}

/** Keeps everything as long as the store itself is kept: a session that is opened later finds what was written before. */
export function memoryHotStore(options: MemoryHotStoreOptions): HotStore {
  const { serveForMs, clock, shards: count = 1 } = options
  const keepMs = serveForMs + (options.slackMs ?? serveForMs)
  const names = Object.freeze(Array.from({ length: count }, (_, i) => String(i)))
  const aggregations = new Map<string, ReadonlyMap<string, Shard>>()
  return Object.freeze({
    kind: 'memoryHotStore()',
    serveForMs,
    open: async ({ name }): Promise<HotSession> => {
      let shards = aggregations.get(name)
      if (shards === undefined) aggregations.set(name, (shards = new Map(names.map((shard) => [shard, new Shard()]))))
      return session(shards, names, keepMs, clock)
    },
  } satisfies HotStore)
}

function session(
  shards: ReadonlyMap<string, Shard>,
  names: readonly string[],
  keepMs: number,
  clock: Clock,
): HotSession {
  const shardOf = (key: Uint8Array): string => {
    let hash = 0
    for (const byte of key) hash = (Math.imul(hash, 31) + byte) >>> 0
    return names[hash % names.length] as string
  }
  const shard = (name: string): Shard => {
    const found = shards.get(name)
    if (found === undefined) throw new RangeError(`no shard '${name}'`)
    found.expire(clock.now())
    return found
  }
  return {
    shards: names,
    shardOf,
    write: async (name, cells, { watermark, move }): Promise<HotWritten> => {
      const at = shard(name)
      let older = 0
      let evicted = 0
      for (const cell of cells) {
        if (cell.end <= at.evictedTo) evicted++
        else if (!at.table.put(cell)) older++
        else {
          const until = clock.now() + keepMs + (Number.isFinite(watermark) ? Math.max(0, cell.end - watermark) : 0)
          at.expiry.set(cell.end, Math.max(until, at.expiry.get(cell.end) ?? 0))
        }
      }
      const moved = move === undefined || at.move(move)
      const applied = move === undefined ? undefined : at.applied.get(move.partition)
      return { older, evicted, moved, applied }
    },
    read: async (keys, from, to) => {
      const states = new Map(keys.map(shardOf).map((name) => [name, shard(name).state(clock.now())] as const))
      return { cells: keys.map((key) => shard(shardOf(key)).table.read(key, from, to)), shards: states }
    },
    slice: async function* (from, to) {
      for (const name of names) yield* slice(shard(name).table, from, to)
    },
    state: async () => new Map(names.map((name) => [name, shard(name).state(clock.now())])),
    raiseBoundary: async (boundary) => {
      for (const name of names) shard(name).boundary = Math.max(shard(name).boundary, boundary)
    },
    beat: async (forMs) => {
      for (const name of names) shard(name).aliveUntil = Math.max(shard(name).aliveUntil, clock.now() + forMs)
    },
    evict: async (to) => {
      let gone = 0
      for (const name of names) {
        const at = shard(name)
        gone += at.table.remove((cell: Cell) => cell.end <= to)
        at.evictedTo = Math.max(at.evictedTo, to)
      }
      return gone
    },
    extend: async (forMs) => {
      for (const name of names) {
        const { expiry } = shard(name)
        for (const [end, at] of expiry) expiry.set(end, Math.max(at, clock.now() + forMs))
      }
    },
    close: async () => {},
  }
}
