/** Owns the state of one window: a slot for each key, dropped as a whole. */
import type { Later } from '../aggregate/aggregator.ts'
import { Cells, type SavedCells } from './cells.ts'
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { keyId } from '../state/key.ts'
import { Slots } from './slots.ts'
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
  slots: Slots
  readonly wakes: Wakes

  constructor(
    window: unknown,
    start: number,
    end: number,
    plain: boolean,
    cells: Cells,
    wakes: (table: Table) => Wakes,
    slots: Slots = new Slots(),
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
    else if (cells.size === 0) cells.keys = undefined
  }

  open(id: unknown, key: unknown): number {
    const { cells } = this
    if (cells.keys === undefined && !Object.is(key, id)) this.listKeys()
    const slot = cells.size
    cells.open(slot, key)
    this.slots.set(id, slot)
    return slot
  }

  /** Takes back the slot that was opened last. */
  undo(id: unknown): void {
    this.cells.clear(--this.cells.size)
    this.slots.delete(id)
  }

  /** From now on keys are kept by slot. */
  listKeys(): void {
    this.cells.keys ??= this.slots.ids()
  }

  /** Lets go of what it holds: a wake-up that was asked for may keep a freed table until its time. */
  release(): void {
    this.cells = new Cells(this.cells.spec, 0)
    this.slots = new Slots()
  }

  save(later?: Later): SavedTable {
    const { window, completesAt, complete, cells } = this
    return { window, completesAt, complete, cells: cells.save(later, cells.keys ?? this.slots.ids()) }
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
    let own = table.plain
    for (const [slot, key] of saved.cells.keys.entries()) {
      const id = keyId(key as never)
      table.slots.set(id, slot)
      own &&= Object.is(key, id)
    }
    if (own) cells.keys = undefined
    return table
  }
}
