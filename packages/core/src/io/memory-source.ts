/** Owns a source in memory that a test or an application feeds by hand, with several splits and positions. */
import { StreamError } from '../errors/stream-error.ts'
import type { Batch, RecordInfo, Source, SourceReader } from './source.ts'

interface Log<T> {
  readonly records: T[]
  readonly infos: (RecordInfo | undefined)[]
  readonly arrivals: number[]
  finished: boolean
}

/** Say with a record what a connector would: key, headers, timestamp, time of arrival. */
export interface PushOptions extends RecordInfo {
  readonly split?: string
  readonly arrivedAt?: number
}

export interface MemorySource<T> extends Source<T> {
  /** Appends records to a split (the first one, if none is named). */
  readonly push: (records: readonly T[], options?: PushOptions) => void
  /** A new split joins running jobs with its first record. */
  readonly addSplit: (split: string) => void
  /** The split (or all of them) will have nothing more. */
  readonly finish: (split?: string) => void
  /** Positions up to which a job said everything is safe. */
  readonly committed: ReadonlyMap<string, bigint>
}

/**
 * A log in memory that keeps everything pushed (bounded by `capacity`), so jobs can read it from any position; several
 * jobs may read it at once. Push when you like: running jobs are woken.
 * @throws StreamError SOURCE_FULL when more than `capacity` records are kept (default one million)
 */
export function memorySource<T>(
  options: { readonly splits?: readonly string[]; readonly capacity?: number; readonly maxAheadMs?: number } = {},
): MemorySource<T> {
  const { splits = ['0'], capacity = 1_000_000 } = options
  const logs = new Map<string, Log<T>>(splits.map((split) => [split, newLog()]))
  const listeners = new Set<() => void>()
  const committed = new Map<string, bigint>()
  let kept = 0
  const wake = (): void => {
    for (const listener of listeners) listener()
  }
  const log = (split: string): Log<T> => {
    const found = logs.get(split)
    if (found !== undefined) return found
    throw new StreamError(
      'UNKNOWN_SPLIT',
      `memorySource: found split '${split}', expected one of ${[...logs.keys()].join(', ')}. Add it with addSplit first.`,
    )
  }
  return {
    kind: 'memory',
    seekable: true,
    ...(options.maxAheadMs === undefined ? {} : { maxAheadMs: options.maxAheadMs }),
    committed,
    push: (records, { split = splits[0] as string, arrivedAt, ...info } = {}) => {
      const to = log(split)
      if (to.finished)
        throw new StreamError(
          'SPLIT_FINISHED',
          `memorySource: found records for split '${split}' after finish, expected none. Push before finish.`,
        )
      if (kept + records.length > capacity)
        throw new StreamError(
          'SOURCE_FULL',
          `memorySource: found ${kept + records.length} records, expected at most capacity = ${capacity}. Raise capacity, or use a source that does not keep everything.`,
        )
      kept += records.length
      const said = Object.keys(info).length === 0 ? undefined : info
      for (const record of records) {
        to.records.push(record)
        to.infos.push(said)
        to.arrivals.push(arrivedAt ?? Number.NaN)
      }
      wake()
    },
    addSplit: (split) => {
      if (!logs.has(split)) logs.set(split, newLog())
      wake()
    },
    finish: (split) => {
      for (const to of split === undefined ? logs.values() : [log(split)]) to.finished = true
      wake()
    },
    open: async (_, positions) =>
      reader(logs, listeners, committed, new Map(positions?.map(({ split, offset }) => [split, Number(offset)]))),
  }
}

function newLog<T>(): Log<T> {
  return { records: [], infos: [], arrivals: [], finished: false }
}

function reader<T>(
  logs: ReadonlyMap<string, Log<T>>,
  listeners: Set<() => void>,
  committed: Map<string, bigint>,
  at: Map<string, number>,
): SourceReader<T> {
  const paused = new Set<string>()
  const finished = new Set<string>()
  const known = new Set(logs.keys())
  let last = ''
  let waiting: ((batch: Batch<T>) => void) | undefined
  let limit = 0
  const next = (): Batch<T> | undefined => {
    // In turn, so that a full split does not starve the others.
    const names = [...logs.keys()]
    const from = names.indexOf(last) + 1
    for (const name of [...names.slice(from), ...names.slice(0, from)]) {
      if (paused.has(name) || finished.has(name)) continue
      const log = logs.get(name) as Log<T>
      const first = at.get(name) ?? 0
      const ends = log.finished && first + limit >= log.records.length
      const isNew = !known.has(name)
      if (first >= log.records.length && !ends && !isNew) continue
      const records = log.records.slice(first, first + limit)
      known.add(name)
      at.set(name, first + records.length)
      if (ends) finished.add(name)
      last = name
      const arrivals = log.arrivals.slice(first, first + records.length)
      return {
        split: name,
        records,
        first: BigInt(first),
        next: BigInt(first + records.length),
        finished: ends,
        caughtUp: first + records.length >= log.records.length,
        info: (i) => log.infos[first + i] ?? {},
        ...(arrivals.some(Number.isNaN) ? {} : { arrivals }),
      }
    }
    return undefined
  }
  const serve = (): void => {
    const batch = waiting === undefined ? undefined : next()
    if (batch === undefined) return
    const resolve = waiting
    waiting = undefined
    resolve?.(batch)
  }
  listeners.add(serve)
  return {
    splits: [...logs.keys()],
    poll: (most) => {
      limit = most
      return (
        next() ??
        new Promise<Batch<T>>((resolve) => {
          waiting = resolve
        })
      )
    },
    pause: (names) => names.forEach((name) => paused.add(name)),
    resume: (names) => {
      names.forEach((name) => paused.delete(name))
      serve()
    },
    committed: async (positions) => {
      for (const { split, offset } of positions) committed.set(split, offset)
    },
    close: async () => {
      listeners.delete(serve)
      waiting = undefined
    },
  }
}
