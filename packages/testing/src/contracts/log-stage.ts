/** Owns the stage of the checks of results logs: what was written, and sessions whose every batch is looked at. */
import {
  type LogBatch,
  type LogEntry,
  type LogSession,
  type ResultsLog,
  type Sink,
  decodeKey,
  encodeKey,
} from '@tidemark/core'
import { sameLines } from './contract.ts'
import type { Patience } from './patience.ts'
import { type TestPane, Writing } from './sink-stage.ts'

/** A results log under test and the sink that writes to it. */
export interface ResultsLogBench {
  readonly log: ResultsLog
  readonly sink: Sink<TestPane>
  /** Takes entries of a partition before an offset, as retention does. */
  readonly truncate?: (partition: string, before: bigint) => void | Promise<void>
}

/** Makes a log that has nothing yet: one for each check, or on a server one in a place of its own. */
export type MakeResultsLogBench = () => ResultsLogBench | Promise<ResultsLogBench>

/** By partition. */
export type Entries = ReadonlyMap<string, readonly LogEntry[]>

export class LogStage {
  readonly bench: ResultsLogBench
  readonly patience: Patience
  /** By key, in order. */
  readonly #written: Map<string, string[]> = new Map()
  readonly #opened: { readonly close: () => Promise<void> }[] = []

  constructor(bench: ResultsLogBench, patience: Patience) {
    this.bench = bench
    this.patience = patience
  }

  async writer(): Promise<Writing> {
    const writing = await Writing.open(this.bench.sink, this)
    this.#opened.push(writing)
    return writing
  }

  async open(): Promise<Reading> {
    const reading = new Reading(await this.patience.within('opening a log', this.bench.log.open({})), this.patience)
    this.#opened.push(reading)
    return reading
  }

  written(panes: readonly TestPane[]): void {
    for (const pane of panes) {
      const key = String(encodeKey(pane.key))
      this.#written.set(key, [...(this.#written.get(key) ?? []), paneLine(pane)])
    }
  }

  /** Throws unless the log has what was written, each key in one partition and in order. What was committed may come later. */
  async holds(reading: Reading, when: string, limit?: number): Promise<Entries> {
    const expected = [...this.#written].flatMap(([, lines]) => lines)
    let found: Entries = new Map()
    await this.patience.until(async () => {
      found = await reading.everything(limit)
      return resultsIn(found).length >= expected.length
    })
    const byKey = new Map<string, { readonly partition: string; readonly lines: string[] }>()
    for (const [partition, entries] of found) {
      for (const entry of entries) {
        if (entry.kind !== 'result') continue
        const key = String(entry.cell.key)
        const of = byKey.get(key) ?? { partition, lines: [] }
        byKey.set(key, of)
        of.lines.push(entryLine(entry))
        if (of.partition !== partition)
          throw new Error(`${entryLine(entry)} ${when}: found it in '${partition}', expected '${of.partition}'`)
      }
    }
    for (const [key, lines] of this.#written) sameLines(`the log ${when}`, byKey.get(key)?.lines ?? [], lines)
    sameLines(`results of the log ${when}`, resultsIn(found).map(entryLine).sort(), expected.sort())
    return found
  }

  async close(): Promise<void> {
    for (const opened of this.#opened) await opened.close()
  }
}

export function resultsIn(found: Entries): readonly (LogEntry & { readonly kind: 'result' })[] {
  return [...found.values()].flatMap((entries) => entries.filter((entry) => entry.kind === 'result'))
}

/** A session whose batches must be as the contract says. */
export class Reading {
  readonly session: LogSession
  readonly #patience: Patience
  #closed = false

  constructor(session: LogSession, patience: Patience) {
    this.session = session
    this.#patience = patience
  }

  async bounds(partition: string): Promise<{ readonly first: bigint; readonly end: bigint }> {
    return this.#patience.within(`the bounds of '${partition}'`, this.session.bounds(partition))
  }

  async read(partition: string, from: bigint, limit = 100, waitMs = 0): Promise<LogBatch> {
    const what = `reading '${partition}' from ${from}`
    const batch = await this.#patience.within(what, this.session.read(partition, from, limit, waitMs))
    const { entries, next } = batch
    if (entries.length > limit) throw new Error(`${what}: found ${entries.length} entries, expected at most ${limit}`)
    let behind = from
    for (const { offset } of entries) {
      if (offset < behind) throw new Error(`${what}: found offset ${offset}, expected ${behind} or more`)
      behind = offset + 1n
    }
    if (next < behind) throw new Error(`${what}: found that it goes on at ${next}, expected ${behind} or more`)
    return batch
  }

  /** From an offset to the end. */
  async rest(partition: string, from: bigint, limit?: number): Promise<readonly LogEntry[]> {
    const { end } = await this.bounds(partition)
    const found: LogEntry[] = []
    for (let at = from; at < end;) {
      const { entries, next } = await this.read(partition, at, limit)
      if (next === at)
        throw new Error(`reading '${partition}' from ${at}: found nothing, expected what is before ${end}`)
      found.push(...entries)
      at = next
    }
    return found
  }

  async everything(limit?: number): Promise<Entries> {
    const found = new Map<string, readonly LogEntry[]>()
    for (const partition of this.session.partitions)
      found.set(partition, await this.rest(partition, (await this.bounds(partition)).first, limit))
    return found
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#patience.within('closing a log', this.session.close())
  }
}

export function entryLine(entry: LogEntry): string {
  if (entry.kind === 'progress') {
    const { task, watermark, tasks, idle } = entry
    return `progress of '${task}', one of ${tasks}${idle ? ', idle,' : ''} to ${watermark}`
  }
  const { cell, timing, isLast, records, lateRecords } = entry
  const { key, start, end, correction, epoch, revision, value } = cell
  const about = [timing, ...(isLast ? ['last'] : []), `${records} records, ${lateRecords} late`].join(', ')
  const place = `${JSON.stringify(decodeKey(key))} [${start}, ${end})${correction === '' ? '' : ` ${correction}`}`
  return `${place} v${epoch}.${revision} = ${value === null ? 'withdrawn' : String(value)} (${about})`
}

/** What the entry of a pane must read. */
function paneLine(pane: TestPane): string {
  const { key, window, epoch, index } = pane
  const place = { key: encodeKey(key), ...window, correction: '', epoch }
  const none = { kind: 'result', offset: 0n, isLast: false, records: 0, lateRecords: 0 } as const
  if (pane.kind === 'correction')
    return entryLine({
      ...none,
      timing: 'late',
      cell: { ...place, correction: pane.id, revision: 0, value: pane.delta },
    })
  const { timing } = pane
  if (pane.kind === 'retraction')
    return entryLine({ ...none, timing, cell: { ...place, revision: 2 * index + 1, value: null } })
  const { isLast, records, lateRecords, accumulator = null } = pane
  const cell = { ...place, revision: 2 * index, value: accumulator }
  return entryLine({ kind: 'result', offset: 0n, timing, isLast, records, lateRecords, cell })
}
