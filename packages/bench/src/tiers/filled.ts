/** Owns the results that the tiers are filled with: hourly windows of many keys in a log, and the pipeline that made them. */
import {
  type Cell,
  type LogEntry,
  type LoggedResult,
  type MemoryLog,
  type Pane,
  type Pipeline,
  encodeStoredResult,
  memoryLog,
  monotonous,
  pipeline,
  tumbling,
} from '@tidemark/core'

export const HOUR = 3_600_000
const T0 = Date.UTC(2026, 0, 1)

interface Item {
  readonly key: string
  readonly at: number
  readonly n: number
}

export interface Stats {
  readonly n: number
  readonly sum: number
  readonly max: number
}

export interface Filled {
  readonly log: MemoryLog
  readonly results: Pipeline<Pane<string, Stats>, Item>
  /** Where windows begin and end. */
  readonly from: number
  readonly to: number
  readonly keys: readonly string[]
  /** How many results there are. */
  readonly size: number
}

const keysOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `/page/${String(i).padStart(6, '0')}`)

/** A result for every key and hour, hour after hour as results come. */
export async function fill(keyCount: number, hours: number): Promise<Filled> {
  const keys = keysOf(keyCount)
  const log = memoryLog({ retain: 2 * keyCount * hours })
  const items = function* (): Generator<Item> {
    for (let hour = 0; hour < hours; hour++)
      for (const [i, key] of keys.entries()) yield { key, at: T0 + hour * HOUR, n: (i * hour) % 1_000 }
  }
  const results = pipeline('page-stats')
    .from({ [Symbol.iterator]: items })
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(tumbling('1h'))
    .aggregate((a) => ({ n: a.count(), sum: a.sum(({ n }) => n), max: a.max(({ n }) => n) }))
    .to(log.sink) as Pipeline<Pane<string, Stats>, Item>
  await results.start().done
  return { log, results, from: T0, to: T0 + hours * HOUR, keys, size: keyCount * hours }
}

/**
 * The same windows over results of half hours: windows that can be corrected, or cannot, as it is said. None comes too
 * late.
 */
export async function fillOver(keyCount: number, hours: number, corrections: 'add' | 'none'): Promise<Filled> {
  const keys = keysOf(keyCount)
  const log = memoryLog({ retain: 2 * keyCount * hours })
  const items = function* (): Generator<Item> {
    for (let half = 0; half < 2 * hours; half++)
      for (const [i, key] of keys.entries()) yield { key, at: T0 + (half * HOUR) / 2, n: (i * half) % 1_000 }
  }
  const results = pipeline('page-stats')
    .from({ [Symbol.iterator]: items })
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(tumbling('30m'))
    .aggregate((a) => ({ n: a.count(), sum: a.sum(({ n }) => n), max: a.max(({ n }) => n) }))
    .keyBy((_, { key }) => key, { corrections })
    .window(tumbling('1h'))
    .aggregate((a) => ({
      n: a.sum(({ n }) => n),
      sum: a.sum(({ sum }) => sum),
      max: a.max(({ max }) => max ?? 0),
    }))
    .to(log.sink) as unknown as Pipeline<Pane<string, Stats>, Item>
  await results.start().done
  return { log, results, from: T0, to: T0 + hours * HOUR, keys, size: keyCount * hours }
}

/** What the writers of the tiers write of it, ready before any clock starts. */
export async function cellsOf({ log }: Filled): Promise<readonly Cell[]> {
  const session = await log.open({})
  const cells: Cell[] = []
  for (const partition of session.partitions) {
    const { end } = await session.bounds(partition)
    for (let from = 0n; from < end;) {
      const { entries, next } = await session.read(partition, from, 10_000, 0)
      cells.push(...entries.filter(isResult).map(stored))
      from = next
    }
  }
  await session.close()
  return cells
}

function isResult(entry: LogEntry): entry is LoggedResult {
  return entry.kind === 'result'
}

function stored({ cell, timing, isLast, records, lateRecords }: LoggedResult): Cell {
  const body = cell.value as Uint8Array
  return { ...cell, value: encodeStoredResult({ timing, isLast, records, lateRecords, body }) }
}
