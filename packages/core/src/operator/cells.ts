/**
 * Owns what is kept per (key, window): one slot each, in columns side by side. Knows no windows and no time.
 *
 * | column | what | made when |
 * |---|---|---|
 * | keys, records, accumulators | the key, how many records, what was computed | always |
 * | flags | PENDING, IN_TIME, SETTLED; missing: every slot is PENDING and IN_TIME | a pane may come before the end, or state stays after it |
 * | index | the number of the next pane | with flags |
 * | late | late records | the first late record |
 * | trigger, gate | their states | the stage has a trigger without a fast path, a gate |
 */
import type { Accumulators, AggregateSpec } from '../aggregate/accumulators.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'

export interface SavedCells {
  readonly size: number
  readonly keys: readonly unknown[]
  readonly records: Uint32Array
  readonly accumulators: readonly unknown[]
  readonly flags: Uint8Array | undefined
  readonly index: Uint32Array | undefined
  readonly late: Uint32Array | undefined
  readonly trigger: readonly unknown[] | undefined
  readonly gate: readonly unknown[] | undefined
}

export class Cells {
  readonly spec: AggregateSpec
  readonly accumulators: Accumulators
  keys: unknown[] = []
  records: Uint32Array
  flags: Uint8Array | undefined = undefined
  index: Uint32Array | undefined = undefined
  late: Uint32Array | undefined = undefined
  trigger: unknown[] | undefined = undefined
  gate: unknown[] | undefined = undefined
  /** Times a trigger's step has asked for and not been given yet: only to ask once, so not part of a snapshot. */
  asked: number[] | undefined = undefined
  askedWatermark: number[] | undefined = undefined
  /** Slots in use are below this (a store that reuses slots keeps its own list of free ones). */
  size = 0
  capacity: number

  constructor(spec: AggregateSpec, capacity: number) {
    this.spec = spec
    this.capacity = capacity
    this.accumulators = spec.make(capacity)
    this.records = new Uint32Array(capacity)
  }

  /** Makes room for a slot and fills it with nothing. */
  open(slot: number, key: unknown): void {
    if (slot >= this.capacity) this.#grow()
    this.accumulators.open(slot)
    this.keys[slot] = key
    this.records[slot] = 0
    if (this.flags !== undefined) this.flags[slot] = 0
    if (this.index !== undefined) this.index[slot] = 0
    if (this.late !== undefined) this.late[slot] = 0
    if (this.trigger !== undefined) this.trigger[slot] = undefined
    if (this.gate !== undefined) this.gate[slot] = undefined
    if (this.asked !== undefined) this.asked[slot] = Number.POSITIVE_INFINITY
    if (this.askedWatermark !== undefined) this.askedWatermark[slot] = Number.POSITIVE_INFINITY
    if (slot >= this.size) this.size = slot + 1
  }

  /** Lets go of a slot's contents. */
  clear(slot: number): void {
    this.accumulators.clear(slot)
    this.keys[slot] = undefined
    if (this.trigger !== undefined) this.trigger[slot] = undefined
    if (this.gate !== undefined) this.gate[slot] = undefined
  }

  /** From now on panes are numbered one by one. Slots that exist have all their records pending. */
  number(): void {
    if (this.flags !== undefined) return
    this.flags = new Uint8Array(this.capacity).fill(PENDING | IN_TIME, 0, this.size)
    this.index = new Uint32Array(this.capacity)
  }

  countLate(slot: number): void {
    this.late ??= new Uint32Array(this.capacity)
    this.late[slot] = (this.late[slot] as number) + 1
  }

  save(): SavedCells {
    const { size } = this
    return {
      size,
      keys: this.keys.slice(0, size),
      records: this.records.slice(0, size),
      accumulators: this.accumulators.save(size),
      flags: this.flags?.slice(0, size),
      index: this.index?.slice(0, size),
      late: this.late?.slice(0, size),
      trigger: this.trigger?.slice(0, size),
      gate: this.gate?.slice(0, size),
    }
  }

  static load(spec: AggregateSpec, saved: SavedCells): Cells {
    const capacity = Math.max(4, saved.size)
    const cells = new Cells(spec, capacity)
    cells.size = saved.size
    cells.keys = [...saved.keys]
    cells.records.set(saved.records)
    cells.accumulators.load(saved.accumulators, saved.size)
    if (saved.flags !== undefined) (cells.flags = new Uint8Array(capacity)).set(saved.flags)
    if (saved.index !== undefined) (cells.index = new Uint32Array(capacity)).set(saved.index)
    if (saved.late !== undefined) (cells.late = new Uint32Array(capacity)).set(saved.late)
    cells.trigger = saved.trigger === undefined ? undefined : [...saved.trigger]
    cells.gate = saved.gate === undefined ? undefined : [...saved.gate]
    return cells
  }

  #grow(): void {
    const capacity = this.capacity * 2
    this.capacity = capacity
    this.accumulators.grow(capacity)
    this.records = grown(this.records, new Uint32Array(capacity))
    if (this.flags !== undefined) this.flags = grown(this.flags, new Uint8Array(capacity))
    if (this.index !== undefined) this.index = grown(this.index, new Uint32Array(capacity))
    if (this.late !== undefined) this.late = grown(this.late, new Uint32Array(capacity))
  }
}

function grown<A extends { set(from: A): void }>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}
