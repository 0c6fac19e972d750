/**
 * Owns where a line ends: a record that goes to windows is added to those in use without asking their operator, as far as
 * that is right. `pipeline/fuse-windows.ts` makes the same as text.
 */
import type { ColumnKind } from '../aggregate/aggregator.ts'
import { badNumber } from '../aggregate/extract.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import type { Cells } from './cells.ts'
import type { Cursor } from './cursor.ts'
import type { GridOperator } from './grid-operator.ts'
import type { HoppingOperator } from './hopping-operator.ts'
import type { WindowOperator } from './operator.ts'
import type { SessionOperator } from './session-operator.ts'
import type { Slice } from './slice-tree.ts'
import { ALONE, VACANT } from './slot-store.ts'
import type { Table } from './table.ts'
import type { Task } from './task.ts'
import { WAITING, type WindowStage } from './window-stage.ts'

/** Where the line ends: a window operator behind a key, or anything that takes a value. */
export type End =
  | { readonly kind: 'grid'; readonly operator: GridOperator }
  | { readonly kind: 'hopping'; readonly operator: HoppingOperator }
  | { readonly kind: 'session'; readonly operator: SessionOperator }
  | { readonly kind: 'operator'; readonly operator: Pick<WindowOperator, 'record'> }
  | { readonly kind: 'push'; readonly push: (value: unknown) => void }

/** Whether each record of a window that is to come is shown at once, as a whole value that nothing withdraws. */
export function showsEach({ options }: WindowStage): boolean {
  const { trigger, accumulation, gate = trigger.gate, mayWithdraw, keeps } = options
  const isPlain = gate === undefined && accumulation === 'accumulating' && !mayWithdraw && !keeps
  return trigger.fastPath?.early === 'perRecord' && isPlain
}

/** Whether an early pane waits for a time of the clock, whatever else comes for it meanwhile. */
export function waitsForTime({ options, heldBack }: WindowStage): boolean {
  return typeof options.trigger.fastPath?.early === 'object' && heldBack === undefined
}

const COUNT = 0
const MEAN = 2
/** Numbers for what a column does, so that a loop over columns can tell them apart. */
const KINDS: Readonly<Record<ColumnKind, number>> = { count: COUNT, sum: 1, mean: MEAN }
/**
 * The end of a line. Of the windows of a grid, or the slices of hopping windows, it keeps the one in use at hand: bounds,
 * slots and columns. A record that begins its key's session, or makes its only one longer, is added here as well.
 */
export class LineEnd {
  readonly #end: End
  readonly #task: Task
  readonly #cursor: Cursor
  readonly #stage: WindowStage | undefined
  readonly #grid: GridOperator | undefined
  readonly #hopping: HoppingOperator | undefined
  readonly #session: SessionOperator | undefined
  /** What each column does and takes, where all of them are simple; else the operator adds. */
  readonly #kinds: readonly number[] | undefined
  readonly #names: readonly ColumnKind[]
  readonly #of: readonly ((value: never) => number)[]
  readonly #inputs: Float64Array
  /** Its trigger or gate may ask for a watermark that comes sooner. */
  readonly #asks: boolean
  readonly #shows: boolean
  /** A pane of a slot may wait for its time: until then its records are only noted. */
  readonly #waits: boolean
  #table: Table | undefined = undefined
  #slice: Slice | undefined = undefined
  /** So many windows a record of the slice is in. */
  #windows = 0
  #start: number = Number.NaN
  #stop: number = Number.NaN
  #cells: Cells | undefined = undefined
  #capacity = 0
  #arrays: readonly Float64Array[] = []
  #moreArrays: readonly Float64Array[] = []
  #assigned = 0
  #onTime = 0
  /** Where the watermark stands: told to the task when somebody looks. */
  watermark: number = BEFORE_ALL
  /** The watermark from which windows want to be looked at. */
  due: number = Number.NaN
  /** The processing time before which nobody wants to be woken, as far as is known. */
  quiet: number = Number.NEGATIVE_INFINITY

  /** With the watermark a frontier. (Numbers in calls would be boxed.) */
  get now(): number {
    return this.#cursor.now
  }

  constructor(end: End, task: Task) {
    this.#end = end
    this.#task = task
    this.#cursor = task.cursor
    this.#stage = end.kind === 'push' || end.kind === 'operator' ? undefined : end.operator.stage
    this.#grid = end.kind === 'grid' ? end.operator : undefined
    this.#asks = this.#stage?.asksForWatermarks ?? false
    this.#shows = this.#grid !== undefined && showsEach(this.#grid.stage)
    this.#waits = this.#grid !== undefined && waitsForTime(this.#grid.stage)
    const columns = this.#stage?.spec.columns ?? []
    this.#names = columns.flatMap(({ kind }) => (kind === undefined ? [] : [kind]))
    this.#kinds = this.#names.length === columns.length ? this.#names.map((name) => KINDS[name]) : undefined
    this.#of = columns.map(({ of = () => 0 }) => of)
    this.#inputs = new Float64Array(columns.length)
    const isSession = end.kind === 'session' && end.operator.stage.plain && end.operator.gapMs !== undefined
    this.#session = isSession && this.#kinds !== undefined ? end.operator : undefined
    this.#hopping = end.kind === 'hopping' && this.#kinds !== undefined ? end.operator : undefined
  }

  /** What is known of windows is void. */
  begin(watermark: number, timed: boolean): void {
    this.#start = this.#stop = Number.NaN
    this.watermark = watermark
    this.due = timed ? this.#task.nextDue() : Number.NaN
    this.quiet = Number.NEGATIVE_INFINITY
  }

  /** An operator was called: it may want to be looked at sooner. */
  #look(): void {
    this.due = this.#task.nextDue()
    this.quiet = Number.NEGATIVE_INFINITY
  }

  /** A record was added: a trigger may have asked for a time, a few for a watermark. */
  #asked(): void {
    if (this.#asks) this.#look()
    else this.quiet = Number.NEGATIVE_INFINITY
  }

  #tell(): void {
    if (this.watermark > this.#cursor.watermark) this.#task.raise(this.watermark)
  }

  /** The batch is over. */
  account(): void {
    this.#table = this.#slice = this.#cells = undefined
    const counters = this.#stage?.counters
    if (counters === undefined) return
    counters.assigned += this.#assigned
    counters.assignments += this.#hopping === undefined ? this.#assigned : this.#onTime
    counters.onTime += this.#onTime
    this.#assigned = this.#onTime = 0
  }

  /** The record in hand. */
  record(key: unknown, id: unknown, value: unknown): void {
    if (this.#grid !== undefined) this.#toGrid(this.#grid, key, id, value)
    else if (this.#session !== undefined) {
      if (!this.#toSession(this.#session, key, id, value)) this.#hand(key, id, value)
    } else if (this.#hopping === undefined || !this.#toSlice(this.#hopping, id, value)) this.#hand(key, id, value)
  }

  /** To whoever is at the end. */
  #hand(key: unknown, id: unknown, value: unknown): void {
    const end = this.#end
    const timed = !Number.isNaN(this.due)
    if (timed) this.#tell()
    if (end.kind === 'push') end.push(value)
    else end.operator.record(key, id, value)
    if (timed) this.due = this.#task.nextDue()
    this.quiet = Number.NEGATIVE_INFINITY
  }

  #toGrid(grid: GridOperator, key: unknown, id: unknown, value: unknown): void {
    const { eventTime } = this.#cursor
    const { stage } = grid
    if (!(eventTime >= this.#start && eventTime < this.#stop)) {
      this.#tell()
      const found = grid.find(eventTime, key, value)
      this.#look()
      this.#table = found
      this.#start = found?.start ?? Number.NaN
      this.#stop = found?.end ?? Number.NaN
      if (found === undefined) return
    }
    const table = this.#table as Table
    if (this.#kinds === undefined) {
      this.#tell()
      if (grid.add(table, key, id, value)) this.#assigned++
      this.#asked()
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
      stage.publisher.early(table.cells, slot, table.window, this, shown)
    } else if (this.#waits && !table.complete && ((table.cells.flags?.[slot] ?? 0) & WAITING) !== 0) {
      this.#note(table.cells, slot)
    } else {
      this.#tell()
      stage.added(table.cells, slot, table, table.wakes)
      this.#asked()
    }
  }

  /** False: a window of its time is complete, or the key is new to the slice, and the operator is to see to it. */
  #toSlice(hopping: HoppingOperator, id: unknown, value: unknown): boolean {
    const { eventTime } = this.#cursor
    if (!(eventTime >= this.#start && eventTime < this.#stop)) {
      this.#tell()
      const entered = hopping.enter(eventTime)
      this.#look()
      this.#slice = entered?.slice
      this.#windows = entered?.windows ?? 0
      this.#start = entered?.start ?? Number.NaN
      this.#stop = entered?.end ?? Number.NaN
    }
    const slot = this.#slice?.slots.get(id)
    if (slot === undefined) {
      this.#start = this.#stop = Number.NaN
      return false
    }
    if (!this.#read(hopping.stage, value)) return true
    this.#add((this.#slice as Slice).cells, slot)
    this.#onTime += this.#windows
    return true
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
    this.#note(cells, slot)
  }

  /** That a record which came in time is pending. */
  #note(cells: Cells, slot: number): void {
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
