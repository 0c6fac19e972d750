/**
 * Owns windows that a record finds without looking at others: grids (tumbling, calendar), the one window, and windows
 * of the user's own that do not merge. One table per window; the one in use is found by two comparisons.
 */
import type { Later } from '../aggregate/aggregator.ts'
import { recordError } from '../errors/stream-error.ts'
import { AFTER_ALL } from '../time/timestamp.ts'
import { THE_ONE, type WindowAssigner } from '../window/assigner.ts'
import type { TimeWindow } from '../window/window.ts'
import type { Part } from './contributions.ts'
import type { OpenWindow, WindowOperator } from './operator.ts'
import type { Table } from './table.ts'
import { type SavedTables, Tables } from './tables.ts'
import type { WindowStage } from './window-stage.ts'

/** A grid of windows, or the one window. */
export class GridOperator implements WindowOperator {
  readonly stage: WindowStage
  readonly #tables: Tables
  readonly #byStart: Map<number, Table> = new Map()
  readonly #startOf: (timestamp: number) => number
  readonly #endOf: (start: number) => number
  readonly #one: boolean
  #current: Table | undefined = undefined

  constructor(stage: WindowStage, assigner: WindowAssigner<never, unknown>) {
    const { shape } = assigner
    this.stage = stage
    this.#one = shape.type === 'one'
    this.#startOf = shape.type === 'grid' ? shape.startOf : () => Number.NEGATIVE_INFINITY
    this.#endOf = shape.type === 'grid' ? shape.endOf : () => AFTER_ALL
    this.#tables = new Tables(stage, (table) => {
      this.#byStart.delete(table.start)
      if (this.#current === table) this.#current = undefined
    })
  }

  get nextDue(): number {
    return this.#tables.nextDue
  }

  get nextWakeUp(): number {
    return this.#tables.nextWakeUp
  }

  record(key: unknown, id: unknown, value: unknown): void {
    const { stage } = this
    const timestamp = stage.cursor.eventTime
    let table = this.#current
    if (table === undefined || timestamp < table.start || timestamp >= table.end) {
      table = this.find(timestamp, key, value)
      if (table === undefined) return
    }
    if (!this.add(table, key, id, value)) return
    stage.counters.assigned++
    stage.counters.assignments++
  }

  /** The table of a time, made if need be; undefined: it is too late for it, which has been counted. */
  find(timestamp: number, key: unknown, value: unknown): Table | undefined {
    const { stage } = this
    const start = this.#startOf(timestamp)
    let table = this.#byStart.get(start)
    if (table === undefined) {
      const end = this.#endOf(start)
      const window = this.#one ? THE_ONE : Object.freeze({ start, end })
      if (stage.cursor.watermark >= stage.freesAt(end)) {
        stage.counters.assigned++
        stage.counters.assignments++
        stage.refuse(window, end, 'tooLate', key, value)
        return undefined
      }
      table = this.#tables.create(window, start, end)
      this.#byStart.set(start, table)
    }
    this.#current = table
    return table
  }

  /** Adds the record in hand to a table; false: the user's code threw, and the policy has dealt with it. */
  add(table: Table, key: unknown, id: unknown, value: unknown): boolean {
    return this.stage.prepare(value) && this.#tables.add(table, key, id, value)
  }

  withdraw({ eventTime, id, source }: Part): void {
    const table = this.#byStart.get(this.#startOf(eventTime))
    if (table !== undefined) this.stage.withdrawals?.take(table, id, source)
  }

  advance(): void {
    this.#tables.advance()
  }

  tick(): void {
    this.#tables.tick()
  }

  open(limit: number): readonly OpenWindow[] {
    return this.#tables.open(limit)
  }

  save(later?: Later): SavedTables {
    return this.#tables.save(later)
  }

  load(saved: SavedTables): void {
    for (const table of this.#tables.load(saved)) this.#byStart.set(table.start, table)
  }
}

/** Windows of the user's own, each found by its bounds and other fields. */
export class AssignedOperator implements WindowOperator {
  readonly stage: WindowStage
  readonly #tables: Tables
  readonly #byIdentity: Map<string, Table> = new Map()
  readonly #assign: (timestamp: number, value: never) => readonly unknown[]
  /** Windows are stated by the value and need not hold its time. */
  readonly #stated: boolean

  constructor(stage: WindowStage, assigner: WindowAssigner<never, unknown>) {
    this.stage = stage
    this.#assign = assigner.assign
    this.#stated = assigner.shape.type === 'custom' && assigner.shape.stated === true
    this.#tables = new Tables(stage, (table) => this.#byIdentity.delete(identityOf(table.window as TimeWindow)))
  }

  get nextDue(): number {
    return this.#tables.nextDue
  }

  get nextWakeUp(): number {
    return this.#tables.nextWakeUp
  }

  record(key: unknown, id: unknown, value: unknown): void {
    const { stage } = this
    let windows: readonly TimeWindow[]
    try {
      windows = checkWindows(
        this.#assign(stage.cursor.eventTime, value as never),
        this.#stated ? undefined : stage.cursor.eventTime,
      )
      stage.spec.prepare(value, stage.cursor)
    } catch (error) {
      stage.reject(error, value)
      return
    }
    if (windows.length === 0) {
      stage.counters.noWindow++
      return
    }
    stage.counters.assigned++
    for (const window of windows) {
      stage.counters.assignments++
      const identity = identityOf(window)
      let table = this.#byIdentity.get(identity)
      if (table === undefined) {
        if (stage.cursor.watermark >= stage.freesAt(window.end)) {
          stage.refuse(window, window.end, 'tooLate', key, value)
          continue
        }
        table = this.#tables.create(Object.freeze({ ...window }), window.start, window.end)
        this.#byIdentity.set(identity, table)
      }
      if (this.#tables.add(table, key, id, value)) continue
      // The record was rejected, so it is not assigned. (An add that throws throws at the first window.)
      stage.counters.assigned--
      stage.counters.assignments--
      return
    }
  }

  withdraw({ eventTime, value, id, source }: Part): void {
    for (const window of this.#assign(eventTime, value as never) as readonly TimeWindow[]) {
      const table = this.#byIdentity.get(identityOf(window))
      if (table !== undefined) this.stage.withdrawals?.take(table, id, source)
    }
  }

  advance(): void {
    this.#tables.advance()
  }

  tick(): void {
    this.#tables.tick()
  }

  open(limit: number): readonly OpenWindow[] {
    return this.#tables.open(limit)
  }

  save(later?: Later): SavedTables {
    return this.#tables.save(later)
  }

  load(saved: SavedTables): void {
    for (const table of this.#tables.load(saved)) this.#byIdentity.set(identityOf(table.window as TimeWindow), table)
  }
}

/** Two windows are one when their bounds and all their other fields agree. */
export function identityOf(window: TimeWindow): string {
  const { start, end, ...rest } = window
  const fields = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
  return fields.length === 0 ? `${start}/${end}` : `${start}/${end}/${JSON.stringify(fields)}`
}

/** What a user's assigner returned, checked: half-open windows of safe integers that contain the timestamp, if given. */
export function checkWindows(windows: unknown, timestamp?: number): readonly TimeWindow[] {
  if (!Array.isArray(windows)) throw badWindow(windows, timestamp)
  for (const window of windows as readonly TimeWindow[]) {
    const ok =
      Number.isSafeInteger(window?.start) &&
      Number.isSafeInteger(window?.end) &&
      window.start < window.end &&
      (timestamp === undefined || (window.start <= timestamp && timestamp < window.end))
    if (!ok) throw badWindow(window, timestamp)
  }
  return windows as readonly TimeWindow[]
}

function badWindow(found: unknown, timestamp: number | undefined): Error {
  return recordError('BAD_WINDOW', 'The windows of a record', {
    found,
    expected:
      timestamp === undefined
        ? 'a window with whole start < end'
        : `an array of windows with whole start ≤ ${timestamp} < end`,
    remedy: `Check ${timestamp === undefined ? "'window' of finalize" : 'the assign function of assignWindows'}.`,
  })
}
