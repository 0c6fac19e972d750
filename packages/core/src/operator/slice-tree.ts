/**
 * Owns the slices of a hopping window and their sums over runs: a node of level L holds the merge of 2^L neighbouring
 * slices and is made when a window first needs it, so that a window costs about 2·log2(n) merges per key instead of n.
 * Any associative merge will do; nothing is ever subtracted, so sums of fractions do not drift. (FlatFAT: Tangwongsan,
 * Hirzel, Schneider, Wu, VLDB 2015.)
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { keyId } from '../state/key.ts'
import { Cells, type SavedCells } from './cells.ts'
import { dividable } from '../io/pieces.ts'
import { Slots } from './slots.ts'

/** Keys and what was computed for them; no panes come from here. */
export class Slice {
  readonly cells: Cells
  readonly slots: Slots = new Slots()

  constructor(cells: Cells) {
    this.cells = cells
    for (let slot = 0; slot < cells.size; slot++) this.slots.set(keyId(cells.keys?.[slot] as never), slot)
  }

  open(id: unknown, key: unknown): number {
    const slot = this.cells.size
    this.cells.open(slot, key)
    this.slots.set(id, slot)
    return slot
  }

  /** Adds everything another slice holds. */
  merge(from: Slice): void {
    const { cells } = this
    for (const map of from.slots.maps) {
      for (const [id, fromSlot] of map) {
        const slot = this.slots.get(id) ?? this.open(id, from.cells.keys?.[fromSlot])
        cells.accumulators.merge(slot, from.cells.accumulators, fromSlot)
        cells.records[slot] = (cells.records[slot] as number) + (from.cells.records[fromSlot] as number)
      }
    }
  }
}

export type SavedSlices = readonly (readonly [index: number, cells: SavedCells])[]

export class SliceTree {
  readonly #spec: AggregateSpec
  readonly #slices: Map<number, Slice> = new Map()
  /** Indexes of live slices, ascending. */
  readonly #order: number[] = []
  /** Nodes by level − 1 and index; null: nothing in that stretch. */
  readonly #levels: Map<number, Slice | null>[] = []
  #capacity = 16

  constructor(spec: AggregateSpec) {
    this.#spec = spec
  }

  /** The first live slice at or after an index. */
  from(index: number): number | undefined {
    return this.#order[this.#position(index)]
  }

  get(index: number): Slice | undefined {
    return this.#slices.get(index)
  }

  /** The slice for an index, made if need be; sums that hold it are forgotten, for it is about to change. */
  touch(index: number): Slice {
    const slice = this.#slices.get(index)
    if (slice === undefined) return this.#make(index)
    return slice
  }

  /** Forgets the sums that hold a slice which changes after they were made. */
  stale(index: number): void {
    for (
      let level = 0, node = Math.floor(index / 2);
      level < this.#levels.length;
      level++, node = Math.floor(node / 2)
    ) {
      this.#levels[level]?.delete(node)
    }
  }

  /** A new table with the merge of slices first to last, earlier ones first. */
  sum(first: number, last: number): Slice {
    const total = new Slice(new Cells(this.#spec, this.#capacity))
    for (let index = first; index <= last;) {
      let level = 0
      let width = 1
      while (index % (2 * width) === 0 && index + 2 * width - 1 <= last) {
        level++
        width *= 2
      }
      const node = this.#node(level, index / width)
      if (node !== null) total.merge(node)
      index += width
    }
    this.#capacity = Math.max(16, total.cells.capacity)
    return total
  }

  /** Drops slices below an index, and the sums that lie wholly below; tells how many entries went. */
  drop(below: number): number {
    let entries = 0
    const count = this.#position(below)
    for (const index of this.#order.splice(0, count)) {
      entries += this.#slices.get(index)?.cells.size ?? 0
      this.#slices.delete(index)
    }
    for (const [i, level] of this.#levels.entries()) {
      const width = 2 ** (i + 1)
      for (const node of level.keys()) {
        if ((node + 1) * width > below) break
        level.delete(node)
      }
    }
    return entries
  }

  save(later?: Later): SavedSlices {
    return dividable(
      this.#order.map((index) => dividable([index, (this.#slices.get(index) as Slice).cells.save(later)] as const)),
    )
  }

  /** Takes slices back; tells how many entries they hold. */
  load(saved: SavedSlices): number {
    let entries = 0
    for (const [index, cells] of saved) {
      this.#order.push(index)
      this.#slices.set(index, new Slice(Cells.load(this.#spec, cells)))
      entries += cells.size
    }
    return entries
  }

  #make(index: number): Slice {
    const slice = new Slice(new Cells(this.#spec, this.#capacity))
    this.#slices.set(index, slice)
    this.#order.splice(this.#position(index), 0, index)
    return slice
  }

  /** Where an index stands, or would stand, in the order; new slices come mostly at the end. */
  #position(index: number): number {
    const order = this.#order
    if (order.length === 0 || (order.at(-1) as number) < index) return order.length
    let low = 0
    let high = order.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((order[middle] as number) < index) low = middle + 1
      else high = middle
    }
    return low
  }

  #node(level: number, index: number): Slice | null {
    if (level === 0) return this.#slices.get(index) ?? null
    const nodes = (this.#levels[level - 1] ??= new Map())
    const known = nodes.get(index)
    if (known !== undefined) return known
    const left = this.#node(level - 1, 2 * index)
    const right = this.#node(level - 1, 2 * index + 1)
    let node: Slice | null = null
    if (left !== null || right !== null) {
      node = new Slice(new Cells(this.#spec, Math.max(left?.cells.capacity ?? 0, right?.cells.capacity ?? 0)))
      if (left !== null) node.merge(left)
      if (right !== null) node.merge(right)
    }
    nodes.set(index, node)
    return node
  }
}
