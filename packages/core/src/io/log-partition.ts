/** Owns one partition of a results log in memory: its entries, each once however often it is sent, and who waits for more. */
import { StreamError } from '../errors/stream-error.ts'
import { compareVersions } from './cell.ts'
import type { LogBatch, LogEntry, LoggedProgress, LoggedResult } from './results-log.ts'

/** An entry that has no place in the log yet. */
export type NewEntry = Omit<LoggedResult, 'offset'> | Omit<LoggedProgress, 'offset'>

export class LogPartition {
  readonly #name: string
  readonly #retain: number
  #entries: LogEntry[] = []
  #first = 0n
  /** The newest entry of each place, and of each task: what is not newer has been sent before. */
  readonly #newest: Map<string, LogEntry> = new Map()
  readonly #waiting: Set<() => void> = new Set()

  constructor(name: string, retain: number) {
    this.#name = name
    this.#retain = retain
  }

  get bounds(): { readonly first: bigint; readonly end: bigint } {
    return { first: this.#first, end: this.#first + BigInt(this.#entries.length) }
  }

  append(entry: NewEntry): void {
    const place = placeOf(entry)
    const known = this.#newest.get(place)
    if (known !== undefined && !isNewer(entry, known)) return
    const logged = { ...entry, offset: this.bounds.end } as LogEntry
    this.#newest.set(place, logged)
    this.#entries.push(logged)
    // Not for each entry: taking from the front of an array costs as much as it is long.
    if (this.#entries.length > this.#retain * 1.25) this.truncate(this.bounds.end - BigInt(this.#retain))
    for (const wake of this.#waiting) wake()
  }

  truncate(before: bigint): void {
    const { first, end } = this.bounds
    const to = before > end ? end : before
    if (to <= first) return
    for (const entry of this.#entries.splice(0, Number(to - first))) {
      const place = placeOf(entry)
      if (this.#newest.get(place) === entry) this.#newest.delete(place)
    }
    this.#first = to
  }

  read(from: bigint, limit: number): LogBatch {
    const { first, end } = this.bounds
    if (from < first || from > end) throw lost(this.#name, from, first, end)
    const at = Number(from - first)
    const entries = this.#entries.slice(at, at + limit)
    const next = from + BigInt(entries.length)
    return { entries, next, caughtUp: next === end }
  }

  /** Calls back with the next entry; cancels when called. */
  onNews(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }
}

function placeOf(entry: NewEntry): string {
  if (entry.kind === 'progress') return `progress ${entry.task}`
  const { key, start, end, correction } = entry.cell
  return `${start} ${end} ${key.join()} ${correction}`
}

function isNewer(entry: NewEntry, known: LogEntry): boolean {
  if (entry.kind === 'progress' && known.kind === 'progress') {
    const { watermark, tasks, idle } = known
    return entry.watermark > watermark || entry.tasks !== tasks || entry.idle !== idle
  }
  return entry.kind === 'result' && known.kind === 'result' && compareVersions(entry.cell, known.cell) > 0
}

function lost(name: string, from: bigint, first: bigint, end: bigint): StreamError {
  return new StreamError(
    'OFFSET_LOST',
    `Reading the partition '${name}' of a results log in memory: found offset ${from} outside of it, expected one from ${first} to ${end}. Retention has taken results that a reader had not read: make 'retain' larger, and fill what reads it anew.`,
    { at: { split: name, offset: from } },
  )
}
