/**
 * Owns Kafka Streams' record-aligned windows. Of each key it keeps what every timestamp has brought (points), because a
 * record defines windows that hold earlier records: the one that ends right after it, the one that starts right after
 * each point before it, and the one that starts right after itself. A record that all its windows refuse leaves no point.
 */
import type { Later } from '../aggregate/aggregator.ts'
import { DueQueue } from '../time/due-queue.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import type { OpenWindow, WindowOperator } from './operator.ts'
import { type SavedSlots, SlotStore } from './slot-store.ts'
import { type SavedSlotWindows, SlotWindows } from './slot-windows.ts'
import type { WindowStage } from './window-stage.ts'
import { dividable } from '../io/pieces.ts'

interface Saved {
  readonly windows: SavedSlotWindows
  readonly points: SavedSlots
}

export class SlidingOperator implements WindowOperator {
  readonly stage: WindowStage
  readonly #size: number
  readonly #windows: SlotWindows
  #points: SlotStore
  /** When a point can define and fill no window any more. */
  readonly #stale: DueQueue<number> = new DueQueue()

  constructor(stage: WindowStage, assigner: WindowAssigner<never, unknown>) {
    if (assigner.shape.type !== 'byRecord') throw new TypeError('not a record-aligned window')
    this.stage = stage
    this.#size = assigner.shape.sizeMs
    this.#windows = new SlotWindows(stage, 0, this.#size)
    this.#points = new SlotStore(stage.spec)
  }

  get nextDue(): number {
    return Math.min(this.#windows.nextDue, this.#stale.nextAt)
  }

  get nextWakeUp(): number {
    return this.#windows.nextWakeUp
  }

  record(key: unknown, id: unknown, value: unknown): void {
    const { stage } = this
    const { counters } = stage
    const at = stage.cursor.eventTime
    if (!stage.prepare(value)) return
    const windows = this.#windowsOf(id, at)
    const taking = windows.filter((start) => !this.#windows.isFreed(start + this.#size))
    const point = taking.length === 0 ? undefined : this.#pointAt(id, key, at)
    // The point takes the record first: windows made now are filled from points, and a throwing add shows here.
    if (point !== undefined && !stage.add(this.#points.cells, point.slot, value)) {
      if (point.fresh) this.#points.free(point.slot)
      return
    }
    counters.assigned++
    counters.assignments += windows.length
    for (const start of windows) {
      if (!taking.includes(start))
        stage.refuse(Object.freeze({ start, end: start + this.#size }), start + this.#size, 'tooLate', key, value)
    }
    if (point === undefined) return
    if (point.fresh) this.#stale.push(point.slot, stage.freesAt(at + 1 + this.#size))
    for (const start of taking) this.#addTo(start, key, id, value, at)
    if (point.fresh) this.#openAfter(at, key, id)
  }

  advance(): void {
    this.#windows.advance()
    for (const slot of this.#stale.take(this.stage.cursor.watermark)) this.#points.free(slot)
  }

  tick(): void {
    this.#windows.tick()
  }

  open(limit: number): readonly OpenWindow[] {
    return this.#windows.open(limit)
  }

  save(later?: Later): Saved {
    return dividable({ windows: this.#windows.save(later), points: this.#points.save(later) })
  }

  load(saved: Saved): void {
    this.#windows.load(saved.windows)
    this.#points = new SlotStore(this.stage.spec, saved.points)
    for (const slot of this.#points.live())
      this.#stale.push(slot, this.stage.freesAt((this.#points.start[slot] as number) + 1 + this.#size))
  }

  /** Starts of the windows that hold a record at a time, by the points there are; ascending. */
  #windowsOf(id: unknown, at: number): number[] {
    const { store } = this.#windows
    const starts = new Set([at + 1 - this.#size])
    for (let slot = store.head(id); slot !== -1; slot = store.next[slot] as number) {
      const start = store.start[slot] as number
      if (start <= at && at < start + this.#size) starts.add(start)
    }
    for (const time of this.#times(id, at - this.#size, at - 1)) starts.add(time + 1)
    return [...starts].sort((a, b) => a - b)
  }

  /** Times of points in [from, to], ascending. */
  #times(id: unknown, from: number, to: number): number[] {
    const { start, next } = this.#points
    const times: number[] = []
    for (let slot = this.#points.head(id); slot !== -1; slot = next[slot] as number) {
      const time = start[slot] as number
      if (time >= from && time <= to) times.push(time)
    }
    return times.sort((a, b) => a - b)
  }

  #find(store: SlotStore, id: unknown, start: number): number | undefined {
    for (let slot = store.head(id); slot !== -1; slot = store.next[slot] as number)
      if (store.start[slot] === start) return slot
    return undefined
  }

  #pointAt(id: unknown, key: unknown, at: number): { readonly slot: number; readonly fresh: boolean } {
    const known = this.#find(this.#points, id, at)
    return known === undefined
      ? { slot: this.#points.open(id, key, at, at + 1), fresh: true }
      : { slot: known, fresh: false }
  }

  #addTo(start: number, key: unknown, id: unknown, value: unknown, at: number): void {
    const { stage } = this
    const known = this.#find(this.#windows.store, id, start)
    const slot = known ?? this.#open(start, key, id)
    if (slot === undefined) {
      stage.refuse(Object.freeze({ start, end: start + this.#size }), start + this.#size, 'shed', key, value)
      return
    }
    const { cells } = this.#windows.store
    if (known !== undefined) stage.add(cells, slot, value)
    const records = known === undefined ? (cells.records[slot] as number) : 1
    if (known === undefined) stage.cursor.eventTime = this.#firstIn(id, start)
    stage.added(cells, slot, this.#windows.at(slot), this.#windows.wakes, records)
    stage.cursor.eventTime = at
  }

  /** The window right after a new point exists from now on, if something falls into it. */
  #openAfter(at: number, key: unknown, id: unknown): void {
    const start = at + 1
    const { store } = this.#windows
    if (this.#windows.isFreed(start + this.#size) || this.#find(store, id, start) !== undefined) return
    if (this.#times(id, start, start + this.#size - 1).length === 0) return
    const slot = this.#open(start, key, id)
    if (slot === undefined) return
    const { stage } = this
    const { cells } = store
    const records = cells.records[slot] as number
    ;(cells.flags as Uint8Array)[slot] = store.complete[slot] === 1 ? PENDING : PENDING | IN_TIME
    stage.cursor.eventTime = this.#firstIn(id, start)
    stage.heldBack?.begin(cells, slot)
    stage.touched(cells, slot, this.#windows.at(slot), this.#windows.wakes, records)
    stage.cursor.eventTime = at
  }

  /** The first record of a window, to its trigger and its buffer, is the earliest that it begins with. */
  #firstIn(id: unknown, start: number): number {
    return this.#times(id, start, start + this.#size - 1)[0] as number
  }

  /** A new window with what the points in it have brought, the record in hand included. */
  #open(start: number, key: unknown, id: unknown): number | undefined {
    if (!this.stage.admit()) return undefined
    const { store } = this.#windows
    const slot = store.open(id, key, start, start + this.#size)
    store.families[slot] = ''
    const { cells } = store
    for (const time of this.#times(id, start, start + this.#size - 1)) {
      const point = this.#find(this.#points, id, time) as number
      cells.accumulators.merge(slot, this.#points.cells.accumulators, point)
      cells.records[slot] = (cells.records[slot] as number) + (this.#points.cells.records[point] as number)
    }
    this.#windows.bound(slot)
    return slot
  }
}
