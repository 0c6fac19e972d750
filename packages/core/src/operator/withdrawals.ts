/**
 * Owns slots that something was withdrawn from in the step that is going on. If nothing new comes into them, their
 * trigger is told when the step has ended.
 */
import { IN_TIME, PENDING } from '../pane/numbering.ts'
import { takePart } from './contributions.ts'
import type { Table } from './table.ts'
import type { WindowStage } from './window-stage.ts'

export class Withdrawals {
  readonly #stage: WindowStage
  readonly #slots: Map<Table, Set<number>> = new Map()

  constructor(stage: WindowStage) {
    this.#stage = stage
  }

  /** Takes what a source contributed out of the slot of a key, if it is there. */
  take(table: Table, id: unknown, source: string): void {
    const slot = table.slots.get(id)
    if (slot === undefined || !takePart(table.cells, slot, source)) return
    const flags = table.cells.flags as Uint8Array
    if (((flags[slot] as number) & PENDING) === 0) this.#stage.heldBack?.begin(table.cells, slot)
    flags[slot] = (flags[slot] as number) | PENDING | (table.complete ? 0 : IN_TIME)
    const slots = this.#slots.get(table)
    if (slots === undefined) this.#slots.set(table, new Set([slot]))
    else slots.add(slot)
  }

  /** Something new has come into the slot: its trigger has been told. */
  told(table: Table, slot: number): void {
    this.#slots.get(table)?.delete(slot)
  }

  settle(): void {
    if (this.#slots.size === 0) return
    for (const [table, slots] of this.#slots)
      for (const slot of slots) this.#stage.touched(table.cells, slot, table, table.wakes)
    this.#slots.clear()
  }
}
