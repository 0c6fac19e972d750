/** Owns the results log in memory: what a pipeline commits to its sink, in partitions by key, for tiers in one process. */
import type { Pane } from '../pane/pane.ts'
import { StreamError } from '../errors/stream-error.ts'
import { encodeKey } from '../state/key-bytes.ts'
import type { TimeWindow } from '../window/window.ts'
import type { Key } from './meta.ts'
import type { LogEntry, LogSession, ResultsLog } from './results-log.ts'
import type { Sink } from './sink.ts'
import type { Signal } from './source.ts'

export interface MemoryLogOptions {
  /** 1 if not given. */
  readonly partitions?: number
}

type Item = Pane<Key, unknown, TimeWindow>
type Made<E> = E extends LogEntry ? Omit<E, 'offset'> : never

/** A results log that lasts as long as the process. */
export interface MemoryLog extends ResultsLog {
  /** What a pipeline writes to: `results.to(log.sink)`. */
  readonly sink: Sink<Item>
  /** Forgets what is before an offset of every partition, as retention would. */
  readonly forget: (before: bigint) => void
}

/** Keeps everything until `forget`: for tests, and for results that fit into memory. */
export function memoryLog(options: MemoryLogOptions = {}): MemoryLog {
  const names = Array.from({ length: options.partitions ?? 1 }, (_, i) => String(i))
  const lists = new Map<string, LogEntry[]>(names.map((name) => [name, []]))
  const waiting = new Set<() => void>()
  let first = 0n
  const list = (partition: string): LogEntry[] => {
    const found = lists.get(partition)
    if (found === undefined) throw new RangeError(`The log has no partition '${partition}', only ${names.join(', ')}.`)
    return found
  }
  const append = (partition: string, entry: Made<LogEntry>): void => {
    const to = list(partition)
    to.push({ ...entry, offset: BigInt(to.length) } as LogEntry)
  }
  const wake = (): void => {
    for (const one of waiting) one()
    waiting.clear()
  }
  return Object.freeze({
    kind: 'memoryLog()',
    sink: Object.freeze({
      kind: 'memoryLog()',
      keepsAccumulators: true,
      latestValuesOnly: true,
      open: async ({ id }) => ({
        write: (batch) => {
          for (const pane of batch) {
            const entry = logged(pane)
            append(names[hash(entry.cell.key) % names.length] as string, entry)
          }
          wake()
        },
        progress: (watermark) => {
          for (const name of names) append(name, { kind: 'progress', task: id, watermark, tasks: 1, idle: false })
          wake()
        },
        flush: async () => {},
        close: async () => {},
      }),
    } satisfies Sink<Item>),
    forget: (before) => {
      if (before > first) first = before
    },
    open: async ({ signal }): Promise<LogSession> => ({
      partitions: names,
      bounds: async (partition) => ({ first, end: BigInt(list(partition).length) }),
      read: async (partition, from, limit, waitMs) => {
        const all = list(partition)
        if (from < first) throw lost(partition, from, first)
        if (Number(from) >= all.length && waitMs > 0) await news(waiting, signal)
        const entries = all.slice(Number(from), Number(from) + limit)
        const next = from + BigInt(entries.length)
        return { entries, next, caughtUp: Number(next) >= all.length }
      },
      close: async () => wake(),
    }),
  } satisfies MemoryLog)
}

/** Nothing but a write or a stop ends the silence of a log in memory. */
function news(waiting: Set<() => void>, signal: Signal | undefined): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      waiting.delete(done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    waiting.add(done)
    signal?.addEventListener('abort', done)
  })
}

function logged(pane: Item): Made<Extract<LogEntry, { kind: 'result' }>> {
  const { start, end } = pane.window
  const place = { key: encodeKey(pane.key), start, end, correction: '', epoch: pane.epoch }
  const late = { timing: 'late', isLast: false, records: 1, lateRecords: 1 } as const
  if (pane.kind === 'correction')
    return { kind: 'result', cell: { ...place, correction: pane.id, revision: 0, value: pane.delta }, ...late }
  if (pane.kind === 'retraction') {
    const cell = { ...place, revision: 2 * pane.index + 1, value: null }
    return { kind: 'result', cell, timing: pane.timing, isLast: false, records: 0, lateRecords: 0 }
  }
  const { timing, isLast, records, lateRecords, accumulator, index } = pane
  return {
    kind: 'result',
    cell: { ...place, revision: 2 * index, value: accumulator as Uint8Array },
    timing,
    isLast,
    records,
    lateRecords,
  }
}

function hash(key: Uint8Array): number {
  let value = 0
  for (const byte of key) value = (Math.imul(value, 31) + byte) >>> 0
  return value
}

function lost(partition: string, from: bigint, first: bigint): StreamError {
  return new StreamError(
    'OFFSET_LOST',
    `Reading the results log in memory, partition '${partition}': found offset ${from} asked for, expected one from ${first} on. What was before has been forgotten; fill the tiers anew from a replay.`,
  )
}
