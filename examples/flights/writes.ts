/** Owns the account of what is written: stores that count, per set of results, what kind of result each cell holds. */
import { type Cell, type ColdStore, type HotStore, decodeStoredResult } from '@tidemark/core'

export interface Written {
  early: number
  onTime: number
  late: number
  corrections: number
  /** How far the log has been applied, by shard and partition: of hot. */
  readonly applied: Map<string, bigint>
}

/** By the name under which a store holds the results. */
export type Writes = Map<string, Written>

export function countedHot(store: HotStore, writes: Writes): HotStore {
  return {
    ...store,
    open: async (aggregation) => {
      const session = await store.open(aggregation)
      const written = writtenOf(writes, aggregation.name)
      return {
        shards: session.shards,
        shardOf: (key) => session.shardOf(key),
        read: (keys, from, to) => session.read(keys, from, to),
        slice: (from, to) => session.slice(from, to),
        state: () => session.state(),
        raiseBoundary: (boundary) => session.raiseBoundary(boundary),
        beat: (forMs) => session.beat(forMs),
        evict: (to) => session.evict(to),
        extend: (forMs) => session.extend(forMs),
        close: () => session.close(),
        write: async (shard, cells, options) => {
          count(written, cells)
          const done = await session.write(shard, cells, options)
          if (options.move !== undefined && done.applied !== undefined)
            written.applied.set(`${shard} ${options.move.partition}`, done.applied.offset)
          return done
        },
      }
    },
  }
}

export function countedCold(store: ColdStore, writes: Writes): ColdStore {
  return {
    ...store,
    open: async (aggregation) => {
      const session = await store.open(aggregation)
      const written = writtenOf(writes, aggregation.name)
      return {
        read: (keys, from, to) => session.read(keys, from, to),
        slice: (from, to) => session.slice(from, to),
        register: (name) => session.register(name),
        compareAndSet: (name, expected, value) => session.compareAndSet(name, expected, value),
        close: () => session.close(),
        put: (cells, options) => {
          count(written, cells)
          return session.put(cells, options)
        },
      }
    },
  }
}

export function writtenOf(writes: Writes, name: string): Written {
  let written = writes.get(name)
  if (written === undefined)
    writes.set(name, (written = { early: 0, onTime: 0, late: 0, corrections: 0, applied: new Map() }))
  return written
}

function count(written: Written, cells: readonly Cell[]): void {
  for (const { correction, value } of cells) {
    const timing = value === null ? 'late' : decodeStoredResult(value).timing
    if (correction !== '') written.corrections++
    else if (timing === 'early') written.early++
    else if (timing === 'on-time') written.onTime++
    else written.late++
  }
}
