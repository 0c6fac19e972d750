/** Owns the results log in memory: the reference for others, and the log of tests and of processes that need no other. */
import { configError } from '../errors/stream-error.ts'
import type { Pane } from '../pane/pane.ts'
import type { Cancel, Clock } from '../time/clock.ts'
import type { TimeWindow } from '../window/window.ts'
import { LogPartition, type NewEntry } from './log-partition.ts'
import { loggedPane } from './logged-pane.ts'
import type { Key } from './meta.ts'
import type { LogSession, ResultsLog } from './results-log.ts'
import type { Sink } from './sink.ts'

export interface MemoryLogOptions {
  /** 1 if not given. */
  readonly partitions?: number
  /** How many of the newest entries of each partition are kept at least, one million if not given; at most a quarter more. */
  readonly retain?: number
  /** What waiting reads go by. */
  readonly clock?: Clock
}

export interface MemoryLog extends ResultsLog {
  /**
   * Where a pipeline writes. What is written is in the log at once; with a checkpoint a job writes what is durable, and
   * what a restart sends again is in the log once: an entry that is not newer than what is there is left out.
   */
  readonly sink: Sink<Pane<Key, unknown, TimeWindow>>
  /** Adds entries by hand: results to the partition of their key, progress to every one. */
  readonly append: (entries: readonly NewEntry[]) => void
  /** Retention: takes entries of a partition before an offset. */
  readonly truncate: (partition: string, before: bigint) => void
}

/** Calls back after so many ms. */
type After = (ms: number, wake: () => void) => Cancel

/** Keeps entries as long as the log itself is kept: sessions that are opened later find what was written before. */
export function memoryLogOn(after: After, options: MemoryLogOptions = {}): MemoryLog {
  const count = atLeastOne(options.partitions ?? 1, "'partitions' of memoryLog")
  const retain = atLeastOne(options.retain ?? 1_000_000, "'retain' of memoryLog")
  const names = Object.freeze(Array.from({ length: count }, (_, i) => String(i)))
  const partitions = new Map(names.map((name) => [name, new LogPartition(name, retain)]))
  const all = [...partitions.values()]
  const append = (entries: readonly NewEntry[]): void => {
    for (const entry of entries) {
      if (entry.kind === 'progress') for (const partition of all) partition.append(entry)
      else all[hashOf(entry.cell.key) % count]?.append(entry)
    }
  }
  const partition = (name: string): LogPartition => {
    const found = partitions.get(name)
    if (found === undefined) throw new RangeError(`no partition '${name}', only ${names.join(', ')}`)
    return found
  }
  return Object.freeze({
    kind: 'memoryLog()',
    append,
    truncate: (name, before) => partition(name).truncate(before),
    sink: Object.freeze({
      kind: 'memoryLog()',
      keepsAccumulators: true,
      open: async ({ id }) => ({
        write: (panes) => append(panes.map(loggedPane)),
        progress: (watermark) => append([{ kind: 'progress', task: id, watermark, tasks: 1, idle: false }]),
        flush: async () => {},
        close: async () => {},
      }),
    } satisfies MemoryLog['sink']),
    open: async ({ signal }) => {
      const waiting = new Set<() => void>()
      const close = (): void => waiting.forEach((end) => end())
      signal?.addEventListener('abort', close)
      return {
        partitions: names,
        bounds: async (name) => partition(name).bounds,
        read: async (name, from, limit, waitMs) => {
          const of = partition(name)
          const batch = of.read(from, limit)
          if (batch.entries.length > 0 || waitMs <= 0 || signal?.aborted === true) return batch
          await news(of, waiting, after, waitMs)
          return of.read(from, limit)
        },
        close: async () => {
          signal?.removeEventListener('abort', close)
          close()
        },
      } satisfies LogSession
    },
  } satisfies MemoryLog)
}

/** Resolves with the next entry, after `waitMs`, or when the session ends. */
function news(of: LogPartition, waiting: Set<() => void>, after: After, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      waiting.delete(end)
      stop()
      cancel()
      resolve()
    }
    const stop = of.onNews(end)
    waiting.add(end)
    const cancel = after(waitMs, end)
  })
}

function hashOf(key: Uint8Array): number {
  let hash = 0
  for (const byte of key) hash = (Math.imul(hash, 31) + byte) >>> 0
  return hash
}

function atLeastOne(found: number, what: string): number {
  if (Number.isSafeInteger(found) && found >= 1) return found
  throw configError('BAD_LOG', what, {
    found,
    expected: 'a whole number of at least 1',
    remedy: 'Leave it out for the default.',
  })
}
