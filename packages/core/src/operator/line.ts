/**
 * Owns the way of one source's records to where it forks or to their windows: one loop, in which what changes from
 * record to record (the watermark, the window in use) stands in variables and is told to the task when somebody looks.
 * A user function is called with a mark that says whose it is: what it throws goes to the policy of its stage, and what
 * throws downstream is not its error.
 *
 * `pipeline/fuse.ts` makes the same loop as code, with the user's functions where they stand here as calls.
 */
import type { ColumnKind } from '../aggregate/aggregator.ts'
import { badNumber } from '../aggregate/extract.ts'
import { copyKey, keyId } from '../state/key.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'
import { BEFORE_ALL, badTimestamp } from '../time/timestamp.ts'
import type { Cells } from './cells.ts'
import { type Cursor, withMeta } from './cursor.ts'
import type { GridOperator } from './grid-operator.ts'
import type { HoppingOperator } from './hopping-operator.ts'
import type { WindowOperator } from './operator.ts'
import type { Reject } from './rejects.ts'
import type { SessionOperator } from './session-operator.ts'
import { ALONE, VACANT } from './slot-store.ts'
import type { Table } from './table.ts'
import type { RunRecords } from './task-parts.ts'
import type { Task } from './task.ts'
import type { Timeline } from './timeline.ts'
import type { WindowStage } from './window-stage.ts'

type Fn = (value: never, meta: never) => unknown
export type StepAccount = { filtered: number; skipped: number; deadLettered: number }

/** A stage of the line, with what counts and deals with the records it refuses. */
export interface Step {
  readonly op: 'filter' | 'map' | 'tap' | 'eventTime' | 'keyBy'
  readonly fn: Fn
  readonly reject: Reject
  readonly counters: StepAccount
}

/** How records prove that time has come. */
export interface Clocking {
  readonly timeline: Timeline
  readonly boundMs: number | undefined
  readonly observe: (value: unknown, cursor: Cursor) => number
  readonly ahead: ((timestamp: number) => boolean) | undefined
}

/** Where the line ends: a window operator behind a key, or anything that takes a value. */
export type End =
  | { readonly kind: 'grid'; readonly operator: GridOperator }
  | { readonly kind: 'hopping'; readonly operator: HoppingOperator }
  | { readonly kind: 'session'; readonly operator: SessionOperator }
  | { readonly kind: 'operator'; readonly operator: Pick<WindowOperator, 'record'> }
  | { readonly kind: 'push'; readonly push: (value: unknown) => void }

export interface Line {
  readonly task: Task
  readonly steps: readonly Step[]
  readonly clocking: Clocking | undefined
  readonly end: End
}

/** The line as a function. */
export function runLine({ task, steps, clocking, end }: Line): RunRecords {
  const { cursor } = task
  const time = steps.findIndex(({ op }) => op === 'eventTime')
  const calls = steps.map(({ fn }) => withMeta(fn))
  const into = new Into(end, task)
  return (records, from, to, arrivals) => {
    const timeline = clocking?.timeline
    let own = timeline?.own ?? Number.NaN
    const others = timeline?.others ?? Number.NaN
    into.begin(cursor.watermark, timeline !== undefined)
    try {
      for (let i = from; i < to; i++) {
        if (arrivals !== undefined) {
          const now = arrivals.at[i] as number
          if (now > cursor.now) {
            if (now < task.quietUntil) cursor.now = now
            else {
              if (timeline !== undefined) task.raise(into.watermark)
              if (task.tick(now)) into.begin(cursor.watermark, timeline !== undefined)
            }
          }
        }
        cursor.index = i
        cursor.eventTime = Number.NaN
        let value = records[i]
        let proven = Number.NaN
        let key: unknown
        let id: unknown
        let at = 0
        try {
          let goesOn = true
          for (; at < steps.length && goesOn; at++) {
            const found = (calls[at] as (value: unknown, cursor: Cursor) => unknown)(value, cursor)
            switch ((steps[at] as Step).op) {
              case 'map':
                value = found
                break
              case 'filter':
                if (found) break
                goesOn = false
                ;(steps[at] as Step).counters.filtered++
                break
              case 'eventTime': {
                if (!Number.isSafeInteger(found)) throw badTimestamp(found)
                cursor.eventTime = found as number
                const { boundMs, observe } = clocking as Clocking
                proven = boundMs === undefined ? observe(value, cursor) : (found as number) - boundMs
                break
              }
              case 'keyBy':
                key = found
                id = keyId(key as never)
                if (typeof key === 'object') key = copyKey(key as never)
                break
              case 'tap':
                break
            }
          }
          if (goesOn) {
            at = -1
            into.record(key, id, value)
          }
        } catch (error) {
          if (at < 0) throw error
          const { counters, reject } = steps[at] as Step
          counters[reject(error, value)]++
          if (at <= time) continue
        }
        if (proven > own && (clocking?.ahead === undefined || !clocking.ahead(cursor.eventTime))) {
          own = proven
          const now = own < others ? own : others
          if (now > into.watermark) {
            into.watermark = now
            if (now >= into.due) {
              ;(timeline as Timeline).own = own
              task.raise(now)
              into.begin(now, true)
            }
          }
        }
        if (task.settles) {
          task.raise(into.watermark)
          task.settle()
        }
      }
    } finally {
      into.account()
      if (timeline !== undefined) {
        timeline.own = own
        task.raise(into.watermark)
      }
      arrivals?.clock.follow(cursor.now)
    }
  }
}

/** Whether each record of a window that is to come is shown at once, as a whole value that nothing withdraws. */
export function showsEach({ options }: WindowStage): boolean {
  const { trigger, accumulation, gate = trigger.gate, mayWithdraw, keeps } = options
  const isPlain = gate === undefined && accumulation === 'accumulating' && !mayWithdraw && !keeps
  return trigger.fastPath?.early === 'perRecord' && isPlain
}

const COUNT = 0
const MEAN = 2
/** Numbers for what a column does, so that a loop over columns can tell them apart. */
const KINDS: Readonly<Record<ColumnKind, number>> = { count: COUNT, sum: 1, mean: MEAN }
/**
 * The end of a line. Of the windows of a grid it keeps the one in use at hand: bounds, slots and columns. A record that
 * begins its key's session, or makes its only one longer, is added here as well.
 */
class Into {
  readonly #end: End
  readonly #task: Task
  readonly #cursor: Cursor
  readonly #stage: WindowStage | undefined
  readonly #grid: GridOperator | undefined
  readonly #session: SessionOperator | undefined
  /** What each column does and takes, where all of them are simple; else the operator adds. */
  readonly #kinds: readonly number[] | undefined
  readonly #names: readonly ColumnKind[]
  readonly #of: readonly ((value: never) => number)[]
  readonly #inputs: Float64Array
  /** Its trigger or gate may ask for a watermark that comes sooner. */
  readonly #asks: boolean
  readonly #shows: boolean
  #table: Table | undefined = undefined
  #start: number = Number.NaN
  #stop: number = Number.NaN
  #cells: Cells | undefined = undefined
  #capacity = 0
  #arrays: readonly Float64Array[] = []
  #moreArrays: readonly Float64Array[] = []
  #assigned = 0
  #onTime = 0
  /** Where the watermark stands: told to the task when somebody looks. (Fields: numbers in calls would be boxed.) */
  watermark: number = BEFORE_ALL
  /** The watermark from which windows want to be looked at. */
  due: number = Number.NaN

  constructor(end: End, task: Task) {
    this.#end = end
    this.#task = task
    this.#cursor = task.cursor
    this.#stage = end.kind === 'grid' || end.kind === 'session' ? end.operator.stage : undefined
    this.#grid = end.kind === 'grid' ? end.operator : undefined
    this.#asks = this.#stage?.asksForWatermarks ?? false
    this.#shows = this.#grid !== undefined && showsEach(this.#grid.stage)
    const columns = this.#stage?.spec.columns ?? []
    this.#names = columns.flatMap(({ kind }) => (kind === undefined ? [] : [kind]))
    this.#kinds = this.#names.length === columns.length ? this.#names.map((name) => KINDS[name]) : undefined
    this.#of = columns.map(({ of = () => 0 }) => of)
    this.#inputs = new Float64Array(columns.length)
    const isSession = end.kind === 'session' && end.operator.stage.plain && end.operator.gapMs !== undefined
    this.#session = isSession && this.#kinds !== undefined ? end.operator : undefined
  }

  /** What is known of windows is void. */
  begin(watermark: number, timed: boolean): void {
    this.#start = this.#stop = Number.NaN
    this.watermark = watermark
    this.due = timed ? this.#task.nextDue() : Number.NaN
  }

  #tell(): void {
    if (this.watermark > this.#cursor.watermark) this.#task.raise(this.watermark)
  }

  /** The batch is over. */
  account(): void {
    this.#table = this.#cells = undefined
    const counters = this.#stage?.counters
    if (counters === undefined) return
    counters.assigned += this.#assigned
    counters.assignments += this.#assigned
    counters.onTime += this.#onTime
    this.#assigned = this.#onTime = 0
  }

  /** The record in hand. */
  record(key: unknown, id: unknown, value: unknown): void {
    if (this.#grid !== undefined) this.#toGrid(this.#grid, key, id, value)
    else if (this.#session === undefined || !this.#toSession(this.#session, key, id, value)) this.#hand(key, id, value)
  }

  /** To whoever is at the end. */
  #hand(key: unknown, id: unknown, value: unknown): void {
    const end = this.#end
    const timed = !Number.isNaN(this.due)
    if (timed) this.#tell()
    if (end.kind === 'push') end.push(value)
    else end.operator.record(key, id, value)
    if (timed) this.due = this.#task.nextDue()
  }

  #toGrid(grid: GridOperator, key: unknown, id: unknown, value: unknown): void {
    const { eventTime } = this.#cursor
    const { stage } = grid
    if (!(eventTime >= this.#start && eventTime < this.#stop)) {
      this.#tell()
      const found = grid.find(eventTime, key, value)
      this.due = this.#task.nextDue()
      this.#table = found
      this.#start = found?.start ?? Number.NaN
      this.#stop = found?.end ?? Number.NaN
      if (found === undefined) return
    }
    const table = this.#table as Table
    if (this.#kinds === undefined) {
      this.#tell()
      if (grid.add(table, key, id, value)) this.#assigned++
      if (this.#asks) this.due = this.#task.nextDue()
      return
    }
    if (!this.#read(stage, value)) return
    let slot = table.slots.get(id)
    if (slot === undefined) {
      if (!stage.admit()) {
        this.#assigned++
        stage.refuse(table.window, table.end, 'shed', key, value)
        return
      }
      slot = table.open(id, key)
    }
    this.#add(table.cells, slot)
    if (table.plain) this.#onTime++
    else if (this.#shows && !table.complete) {
      this.#onTime++
      const shown = table.cells.accumulators.result(slot)
      stage.publisher.early(table.cells, slot, table.window, this.watermark, this.#cursor.now, shown)
    } else {
      this.#tell()
      stage.added(table.cells, slot, table, table.wakes)
      if (this.#asks) this.due = this.#task.nextDue()
    }
  }

  /** False: it is none of the two cases, and the operator is to see to it. */
  #toSession({ stage, windows, gapMs = 0 }: SessionOperator, key: unknown, id: unknown, value: unknown): boolean {
    const { store } = windows
    const { eventTime } = this.#cursor
    const stop = eventTime + gapMs
    const known = store.heads.get(id)
    if (known === undefined || store.busy[known] === VACANT) {
      if (this.watermark > stop) return false
      if (!this.#read(stage, value)) return true
      if (!stage.admit()) {
        this.#assigned++
        this.#tell()
        stage.refuse(Object.freeze({ start: eventTime, end: stop }), stop, 'shed', key, value)
        return true
      }
      this.#addOnTime(store.cells, windows.begin(id, key, eventTime, stop, known ?? -1))
      if (windows.nextDue < this.due) this.due = windows.nextDue
      return true
    }
    const start = store.start[known] as number
    const end = store.end[known] as number
    if (store.busy[known] !== ALONE || eventTime > end || start > stop) return false
    if (!this.#read(stage, value)) return true
    if (stop > end) store.end[known] = stop
    else if (eventTime < start) store.start[known] = eventTime
    this.#addOnTime(store.cells, known)
    return true
  }

  /** Runs the user's functions on the record; false: the policy of the windows has dealt with what they threw. */
  #read(stage: WindowStage, value: unknown): boolean {
    const kinds = this.#kinds as readonly number[]
    for (let k = 0; k < kinds.length; k++) {
      if (kinds[k] === COUNT) continue
      try {
        const found = (this.#of[k] as (value: unknown) => unknown)(value)
        if (!Number.isFinite(found)) throw badNumber(this.#names[k] as string, found)
        this.#inputs[k] = found as number
      } catch (error) {
        stage.reject(error, value)
        return false
      }
    }
    return true
  }

  /** Adds what was read. */
  #add(cells: Cells, slot: number): void {
    if (cells !== this.#cells || cells.capacity !== this.#capacity) this.#load(cells)
    const kinds = this.#kinds as readonly number[]
    for (let k = 0; k < kinds.length; k++) {
      const array = this.#arrays[k] as Float64Array
      const kind = kinds[k] as number
      array[slot] = (array[slot] as number) + (kind === COUNT ? 1 : (this.#inputs[k] as number))
      if (kind !== MEAN) continue
      const counts = this.#moreArrays[k] as Float64Array
      counts[slot] = (counts[slot] as number) + 1
    }
    cells.records[slot] = (cells.records[slot] as number) + 1
    this.#assigned++
  }

  #addOnTime(cells: Cells, slot: number): void {
    this.#add(cells, slot)
    this.#onTime++
    const flags = cells.flags as Uint8Array
    flags[slot] = (flags[slot] as number) | PENDING | IN_TIME
  }

  #load(cells: Cells): void {
    this.#cells = cells
    this.#capacity = cells.capacity
    const { columns } = cells.accumulators
    this.#arrays = columns.map(({ arrays }) => arrays?.[0] as Float64Array)
    this.#moreArrays = columns.map(({ arrays }) => arrays?.[1] as Float64Array)
  }
}
