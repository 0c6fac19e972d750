/** Owns the state of one window: a slot for each key, dropped as a whole. */
import type { Later } from '../aggregate/aggregator.ts'
import { Cells, type SavedCells } from './cells.ts'
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { keyId } from '../state/key.ts'
import type { LiveWindow, Wakes } from './window-stage.ts'

export interface SavedTable {
  readonly window: unknown
  readonly completesAt: number
  readonly complete: boolean
  readonly cells: SavedCells
}

export class Table implements LiveWindow {
  readonly window: unknown
  readonly start: number
  readonly end: number
  readonly completesAt: number
  complete = false
  freed = false
  /** Nothing has to be asked per record. */
  plain: boolean
  cells: Cells
  slots: Map<unknown, number>
  readonly wakes: Wakes

  constructor(
    window: unknown,
    start: number,
    end: number,
    plain: boolean,
    cells: Cells,
    wakes: (table: Table) => Wakes,
    slots: Map<unknown, number> = new Map(),
  ) {
    this.window = window
    this.slots = slots
    this.start = start
    this.end = end
    this.completesAt = end
    this.plain = plain
    this.cells = cells
    this.wakes = wakes(this)
    if (!plain) cells.number()
  }

  open(id: unknown, key: unknown): number {
    const slot = this.cells.size
    this.cells.open(slot, key)
    this.slots.set(id, slot)
    return slot
  }

  /** Takes back the slot that was opened last. */
  undo(id: unknown): void {
    this.cells.clear(--this.cells.size)
    this.slots.delete(id)
  }

  /** Lets go of what it holds: a wake-up that was asked for may keep a freed table until its time. */
  release(): void {
    this.cells = new Cells(this.cells.spec, 0)
    this.slots = new Map()
  }

  save(later?: Later): SavedTable {
    return {
      window: this.window,
      completesAt: this.completesAt,
      complete: this.complete,
      cells: this.cells.save(later),
    }
  }

  static load(
    spec: AggregateSpec,
    saved: SavedTable,
    start: number,
    plain: boolean,
    initial: readonly number[],
    wakes: (table: Table) => Wakes,
  ): Table {
    const cells = Cells.load(spec, saved.cells, initial)
    const table = new Table(saved.window, start, saved.completesAt, plain && !saved.complete, cells, wakes)
    table.complete = saved.complete
    for (const [slot, key] of cells.keys.entries()) table.slots.set(keyId(key as never), slot)
    return table
  }
}
