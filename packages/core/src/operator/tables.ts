/**
 * Owns the life of windows that do not merge: completed, kept for the allowed lateness, freed, and woken in between.
 * Operators differ only in which tables a record goes to.
 */
import type { Later } from '../aggregate/aggregator.ts'
import { DueQueue } from '../time/due-queue.ts'
import { Cells } from './cells.ts'
import { putPart } from './contributions.ts'
import type { Frontier } from './cursor.ts'
import type { OpenWindow } from './operator.ts'
import type { Slice } from './slice-tree.ts'
import { type SavedTable, Table } from './table.ts'
import type { Wakes, WindowStage } from './window-stage.ts'
import { dividable } from '../io/pieces.ts'

/** Slots of one table that want to be woken at one time; `complete`: asked for after the window's completion. */
interface WakeGroup {
  readonly table: Table
  readonly at: number
  /** The first `size` are slots; four bytes each once there are many. */
  slots: number[] | Uint32Array
  size: number
  readonly complete: boolean
}
/** So many slots of a group are in an array of numbers, which is small at first and has eight bytes for each. */
const FEW = 32
/** A table whose time has come, or slots that asked for a watermark. */
type Due = { readonly table: Table } | WakeGroup

export interface SavedTables {
  readonly tables: readonly (SavedTable & { readonly start: number })[]
  readonly due: readonly (readonly [
    table: number,
    at: number,
    slots: readonly number[] | undefined,
    complete: boolean,
    isLast: boolean,
  ])[]
  readonly wakes: readonly (readonly [
    table: number,
    at: number,
    slots: readonly number[],
    complete: boolean,
    isLast: boolean,
  ])[]
}

export class Tables {
  readonly #stage: WindowStage
  readonly #live: Set<Table> = new Set()
  readonly #due: DueQueue<Due> = new DueQueue()
  readonly #wakes: DueQueue<WakeGroup> = new DueQueue()
  readonly #lastGroup: WeakMap<Table, WakeGroup> = new WeakMap()
  readonly #lastAsked: WeakMap<Table, WakeGroup> = new WeakMap()
  readonly #onFreed: (table: Table) => void
  #capacity = 16

  constructor(stage: WindowStage, onFreed: (table: Table) => void) {
    this.#stage = stage
    this.#onFreed = onFreed
  }

  get nextDue(): number {
    return this.#due.nextAt
  }

  get nextWakeUp(): number {
    return this.#wakes.nextAt
  }

  /** A new table; its window may be complete already (but must not be freed). */
  create(window: unknown, start: number, end: number): Table {
    const stage = this.#stage
    const complete = stage.cursor.watermark >= end
    const table = new Table(
      window,
      start,
      end,
      stage.plain && !complete,
      new Cells(stage.spec, this.#capacity),
      this.#wakesOf,
    )
    table.complete = complete
    this.keep(table)
    return table
  }

  /** Takes a table over: it will be completed and freed in its time. */
  keep(table: Table): void {
    this.#live.add(table)
    this.#due.push({ table }, table.complete ? this.#stage.freesAt(table.end) : table.end)
  }

  /** A window that was kept in slices so far and is about to be completed. */
  adopt(start: number, end: number, from: Slice): Table {
    const table = new Table(Object.freeze({ start, end }), start, end, true, from.cells, this.#wakesOf, from.slots)
    this.#stage.entries += from.cells.size
    this.keep(table)
    return table
  }

  /** Adds the prepared record to a table; false: the user's add threw, and the record's policy has dealt with it. */
  add(table: Table, key: unknown, id: unknown, value: unknown): boolean {
    const stage = this.#stage
    let slot = table.slots.get(id)
    const fresh = slot === undefined
    if (slot === undefined) {
      if (!stage.admit()) {
        stage.refuse(table.window, table.end, 'shed', key, value)
        return true
      }
      slot = table.open(id, key)
    }
    if (!stage.add(table.cells, slot, value)) {
      if (fresh) {
        table.undo(id)
        stage.entries--
      }
      return false
    }
    if (stage.part !== undefined) {
      putPart(table.cells, slot, stage.part)
      stage.withdrawals?.told(table, slot)
    }
    if (table.plain) stage.counters.onTime++
    else stage.added(table.cells, slot, table, table.wakes)
    return true
  }

  advance(): void {
    const stage = this.#stage
    const { watermark, now } = stage.cursor
    const frontier: Frontier = { watermark, now }
    while (this.#due.isDue(watermark)) {
      const asked: WakeGroup[] = []
      for (const due of this.#due.take(watermark)) {
        const { table } = due
        if (table.freed) continue
        // Where time leaps over both, the window completes in this step: what was asked for before is no early pane.
        if ('slots' in due) asked.push(due)
        else if (table.complete) this.#free(table, false, frontier)
        else if (stage.freesAt(table.end) <= watermark) this.#free(table, true, frontier)
        else this.#complete(table, frontier)
      }
      for (const group of asked) this.#wakeSlots(group, true)
    }
  }

  tick(): void {
    const { now } = this.#stage.cursor
    for (const group of this.#wakes.take(now)) this.#wakeSlots(group, false)
  }

  open(limit: number): readonly OpenWindow[] {
    return [...this.#live]
      .sort((a, b) => a.end - b.end)
      .slice(0, limit)
      .map((table) => ({
        window: table.window,
        completesAt: table.end,
        keys: table.cells.size,
        complete: table.complete,
      }))
  }

  save(later?: Later): SavedTables {
    const tables = [...this.#live]
    const at = new Map(tables.map((table, i) => [table, i]))
    const alive = (due: { readonly table: Table }): boolean => !due.table.freed
    return dividable({
      tables: tables.map((table) => dividable({ ...table.save(later), start: table.start }, String(table.start))),
      due: this.#due
        .list()
        .filter(([due]) => alive(due))
        .map(([due, time]) => [
          at.get(due.table) as number,
          time,
          'slots' in due ? slotsOf(due) : undefined,
          'slots' in due && due.complete,
          this.#lastAsked.get(due.table) === due,
        ]),
      wakes: this.#wakes
        .list()
        .filter(([group]) => alive(group))
        .map(([group, time]) => [
          at.get(group.table) as number,
          time,
          slotsOf(group),
          group.complete,
          this.#lastGroup.get(group.table) === group,
        ]),
    })
  }

  load(saved: SavedTables): readonly Table[] {
    const stage = this.#stage
    const tables = saved.tables.map((table) =>
      Table.load(stage.spec, table, table.start, stage.plain, stage.options.trigger.step.initial, this.#wakesOf),
    )
    for (const table of tables) {
      this.#live.add(table)
      stage.entries += table.cells.size
    }
    stage.restored(tables.map(({ cells, wakes }) => ({ cells, slots: cells.keys?.keys() ?? [], wakes })))
    for (const [i, time, slots, complete, isLast] of saved.due) {
      const table = tables[i] as Table
      const group = slots && groupOf(table, time, slots, complete)
      this.#due.push(group ?? { table }, time)
      if (isLast && group !== undefined) this.#lastAsked.set(table, group)
    }
    for (const [i, time, slots, complete, isLast] of saved.wakes) {
      const group = groupOf(tables[i] as Table, time, slots, complete)
      this.#wakes.push(group, time)
      if (isLast) this.#lastGroup.set(group.table, group)
    }
    return tables
  }

  #complete(table: Table, frontier: Frontier): void {
    const stage = this.#stage
    const { cells } = table
    table.complete = true
    table.plain = false
    cells.number()
    table.listKeys()
    this.#due.push({ table }, stage.freesAt(table.end))
    for (let slot = 0; slot < cells.size; slot++) stage.completed(cells, slot, table, false, frontier, table.wakes)
  }

  /** Drops the table; its last panes are made when the queue is taken: nothing can change them any more. */
  #free(table: Table, completing: boolean, at: Frontier): void {
    const stage = this.#stage
    const { cells } = table
    table.freed = true
    table.complete = true
    this.#live.delete(table)
    this.#onFreed(table)
    stage.entries -= cells.size
    const { slots } = table
    if (this.#lastGroup.has(table) || this.#lastAsked.has(table)) table.release()
    if (cells.size === 0) return
    this.#capacity = Math.max(16, cells.capacity)
    if (completing && cells.flags === undefined) {
      const keys = cells.keys === undefined ? slots.reader() : undefined
      stage.queue.pushChunk({
        slots: cells.size,
        at,
        make: (from, to, frontier) =>
          stage.publisher.only(
            cells,
            from,
            keys?.(to - from) ?? (cells.keys as unknown[]).slice(from, to),
            table.window,
            frontier,
          ),
      })
      return
    }
    const make = (from: number, to: number, frontier: Frontier): undefined => {
      for (let slot = from; slot < to; slot++) {
        if (completing) stage.completed(cells, slot, table, true, frontier, table.wakes)
        else stage.freed(cells, slot, table.window, frontier)
      }
    }
    // What a gate holds back is counted: it leaves at once.
    if (stage.held > 0) make(0, cells.size, at)
    else stage.queue.pushChunk({ slots: cells.size, at, make })
  }

  #wakeSlots(group: WakeGroup, isWatermark: boolean): void {
    const { table } = group
    // A policy that fires at completion begins its late phase anew: what an early phase asked for is void.
    if (table.freed || (this.#stage.options.trigger.fastPath?.completion === true && group.complete !== table.complete))
      return
    for (let i = 0; i < group.size; i++)
      this.#stage.woken(table.cells, group.slots[i] as number, table, table.wakes, group.at, isWatermark)
  }

  readonly #wakesOf = (table: Table): Wakes => ({
    // A group whose time has come may have been taken already: only one that still waits can grow.
    at: (slot, time) => ask(this.#wakes, this.#lastGroup, table, slot, time, time > this.#stage.cursor.now),
    atWatermark: (slot, watermark) =>
      ask(this.#due, this.#lastAsked, table, slot, watermark, watermark > this.#stage.cursor.watermark),
    live: () => table,
  })
}

/** A slot wants to be woken: with those of its table that asked last, if that was for the same time. */
function ask(
  queue: Pick<DueQueue<WakeGroup>, 'push'>,
  last: WeakMap<Table, WakeGroup>,
  table: Table,
  slot: number,
  at: number,
  waits: boolean,
): void {
  const known = last.get(table)
  if (known !== undefined && known.at === at && known.complete === table.complete && waits) {
    add(known, slot)
    return
  }
  const group = groupOf(table, at, [slot], table.complete)
  last.set(table, group)
  queue.push(group, at)
}

function groupOf(table: Table, at: number, slots: readonly number[], complete: boolean): WakeGroup {
  const own = slots.length > FEW ? Uint32Array.from(slots) : [...slots]
  return { table, at, slots: own, size: slots.length, complete }
}

function add(group: WakeGroup, slot: number): void {
  const { slots, size } = group
  if (size < FEW) (slots as number[]).push(slot)
  else {
    if (size === slots.length) (group.slots = new Uint32Array(2 * size)).set(slots)
    group.slots[size] = slot
  }
  group.size++
}

function slotsOf({ slots, size }: WakeGroup): number[] {
  return Array.from(slots.slice(0, size))
}
