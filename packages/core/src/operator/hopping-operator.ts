/**
 * Owns hopping windows whose panes come at completion or later: one update per record whatever the overlap. Records go
 * into slices; a window becomes a table when the watermark completes it, and from then on lives like any other.
 * Windows that emit before completion need state of their own from the first record on: AssignedOperator.
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import { Slices } from '../window/slices.ts'
import type { OpenWindow, WindowOperator } from './operator.ts'
import { type SavedSlices, type Slice, SliceTree } from './slice-tree.ts'
import type { Table } from './table.ts'
import { type SavedTables, Tables } from './tables.ts'
import type { WindowStage } from './window-stage.ts'
import { dividable } from '../io/pieces.ts'

interface Saved {
  readonly slices: SavedSlices
  readonly tables: SavedTables
  readonly done: number
}

/** A slice and the stretch of time it stands for; each of its records is in that many windows. */
export interface Entered {
  readonly slice: Slice
  readonly windows: number
  readonly start: number
  readonly end: number
}

export class HoppingOperator implements WindowOperator {
  readonly stage: WindowStage
  readonly #slices: Slices
  readonly #tree: SliceTree
  readonly #tables: Tables
  /** Windows that are complete and not freed, by their start. */
  readonly #byStart: Map<number, Table> = new Map()
  /** Every window up to this hop is complete. */
  #done: number = Number.NEGATIVE_INFINITY
  /** The watermark that completes the hop after that. */
  #doneUntil: number = Number.NEGATIVE_INFINITY
  /** The watermark that completes the next window that holds anything. */
  #nextEnd: number = Number.POSITIVE_INFINITY

  constructor(stage: WindowStage, assigner: WindowAssigner<never, unknown>) {
    const { shape } = assigner
    if (shape.type !== 'hopping') throw new TypeError('not a hopping window')
    this.stage = stage
    this.#slices = new Slices(shape.sizeMs, shape.everyMs, shape.offsetMs)
    this.#tree = new SliceTree(stage.spec)
    this.#tables = new Tables(stage, (table) => this.#byStart.delete(table.start))
  }

  get nextDue(): number {
    return Math.min(this.#nextEnd, this.#tables.nextDue)
  }

  get nextWakeUp(): number {
    return this.#tables.nextWakeUp
  }

  record(key: unknown, id: unknown, value: unknown): void {
    const { stage } = this
    const { counters, cursor } = stage
    const slices = this.#slices
    if (cursor.watermark >= this.#doneUntil) this.#catchUp()
    const slice = slices.sliceOf(cursor.eventTime)
    const first = slices.firstHop(slice)
    const last = slices.lastHop(slice)
    if (first > last) {
      counters.noWindow++
      return
    }
    if (!stage.prepare(value)) return
    if (last > this.#done && !this.#addToSlice(slice, first, key, id, value)) return
    counters.assigned++
    counters.assignments += last - first + 1
    // Windows that are complete already take the record one by one: late, or too late.
    const done = Math.min(last, this.#done)
    for (let hop = first; hop <= done; hop++) {
      if (this.#addLate(hop, key, id, value)) continue
      // The record was rejected, so it is not assigned.
      counters.assigned--
      counters.assignments -= done - hop + 1
      return
    }
  }

  /**
   * The slice of a time, if all its windows are still to come and there are any: records go straight into it until the
   * next of them completes.
   */
  enter(timestamp: number): Entered | undefined {
    const slices = this.#slices
    if (this.stage.cursor.watermark >= this.#doneUntil) this.#catchUp()
    const index = slices.sliceOf(timestamp)
    const first = slices.firstHop(index)
    const windows = slices.lastHop(index) - first + 1
    if (windows < 1 || first <= this.#done) return undefined
    const known = this.#tree.get(index)
    const slice = this.#tree.touch(index)
    if (known === undefined) this.#findNext()
    return { slice, windows, ...slices.boundsOf(index) }
  }

  advance(): void {
    const { watermark } = this.stage.cursor
    const slices = this.#slices
    while (this.#nextEnd !== Number.POSITIVE_INFINITY && this.#nextEnd <= watermark) {
      const hop = this.#nextHop()
      this.#done = hop
      const table = this.#tables.adopt(
        slices.startOf(hop),
        slices.endOf(hop),
        this.#tree.sum(slices.firstSlice(hop), slices.lastSlice(hop)),
      )
      this.#byStart.set(table.start, table)
      this.stage.entries -= this.#tree.drop(slices.firstSlice(hop + 1))
      this.#findNext()
    }
    this.#tables.advance()
    this.#catchUp()
  }

  tick(): void {
    this.#tables.tick()
  }

  open(limit: number): readonly OpenWindow[] {
    const waiting: OpenWindow[] = [...this.#tables.open(limit)]
    if (this.#nextEnd !== Number.POSITIVE_INFINITY && waiting.length < limit) {
      const hop = this.#nextHop()
      const start = this.#slices.startOf(hop)
      waiting.push({
        window: { start, end: this.#nextEnd },
        completesAt: this.#nextEnd,
        keys: this.stage.entries,
        complete: false,
      })
    }
    return waiting
  }

  save(later?: Later): Saved {
    return dividable({ slices: this.#tree.save(later), tables: this.#tables.save(later), done: this.#done })
  }

  load(saved: Saved): void {
    this.#done = saved.done
    this.stage.entries += this.#tree.load(saved.slices)
    for (const table of this.#tables.load(saved.tables)) this.#byStart.set(table.start, table)
    this.#findNext()
  }

  /** Adds the prepared record to its slice, for all its windows that are not complete; false: the user's add threw. */
  #addToSlice(index: number, first: number, key: unknown, id: unknown, value: unknown): boolean {
    const { stage } = this
    const { counters } = stage
    const open = this.#slices.lastHop(index) - Math.max(first - 1, this.#done)
    const known = this.#tree.get(index)
    const slice = this.#tree.touch(index)
    let slot = slice.slots.get(id)
    const fresh = slot === undefined
    if (slot === undefined) {
      if (!stage.admit()) {
        for (let hop = Math.max(first, this.#done + 1); hop <= this.#slices.lastHop(index); hop++) {
          const window = { start: this.#slices.startOf(hop), end: this.#slices.endOf(hop) }
          stage.refuse(window, window.end, 'shed', key, value)
        }
        return true
      }
      slot = slice.open(id, key)
    }
    if (!stage.add(slice.cells, slot, value)) {
      if (fresh) {
        slice.cells.clear(--slice.cells.size)
        slice.slots.delete(id)
        stage.entries--
      }
      return false
    }
    counters.onTime += open
    if (first <= this.#done) this.#tree.stale(index)
    if (known === undefined) this.#findNext()
    return true
  }

  /** False: the user's add threw. */
  #addLate(hop: number, key: unknown, id: unknown, value: unknown): boolean {
    const { stage } = this
    const start = this.#slices.startOf(hop)
    const end = this.#slices.endOf(hop)
    let table = this.#byStart.get(start)
    if (table === undefined) {
      const window = Object.freeze({ start, end })
      if (stage.cursor.watermark >= stage.freesAt(end)) {
        stage.refuse(window, end, 'tooLate', key, value)
        return true
      }
      table = this.#tables.create(window, start, end)
      this.#byStart.set(start, table)
    }
    return this.#tables.add(table, key, id, value)
  }

  /** The next window to complete that holds anything. */
  #nextHop(): number {
    const next = this.#tree.from(
      this.#done === Number.NEGATIVE_INFINITY ? this.#done : this.#slices.firstSlice(this.#done + 1),
    )
    return next === undefined ? Number.POSITIVE_INFINITY : Math.max(this.#done + 1, this.#slices.firstHop(next))
  }

  #findNext(): void {
    const hop = this.#nextHop()
    this.#nextEnd = hop === Number.POSITIVE_INFINITY ? hop : this.#slices.endOf(hop)
  }

  /** Windows without anything are complete too: a record for them is late from now on. */
  #catchUp(): void {
    this.#done = Math.max(this.#done, this.#slices.lastComplete(this.stage.cursor.watermark))
    this.#doneUntil = this.#slices.endOf(this.#done + 1)
  }
}
