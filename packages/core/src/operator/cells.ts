/**
 * Owns what is kept per (key, window): one slot each, in columns side by side. Knows no windows and no time.
 *
 * | column | what | made when |
 * |---|---|---|
 * | keys | the key | panes come one by one, or a key is not its own id; before that a table's slots know the keys |
 * | records, accumulators | how many records, what was computed | always |
 * | flags | PENDING, IN_TIME, SETTLED; missing: every slot is PENDING and IN_TIME | a pane may come before the end, or state stays after it |
 * | index | the number of the next pane | with flags |
 * | late | late records | the first late record |
 * | rows | the trigger's states, a row of numbers each | the stage has a trigger without a fast path |
 * | asked, askedWatermark | times the trigger has asked for and not been given yet: so that it asks once | it asks |
 * | heldUntil | the time of the clock at which the gate is asked again about a pane it holds | it holds one |
 * | gate | the gate's states | the stage has a gate |
 * | waits | since when, as which and with how many bytes a slot's pane is held back | the stage's gate has a buffer |
 * | shown | the pane that stands published | it may have to be withdrawn |
 * | stale | published panes of sessions that are part of this one now, to be withdrawn | sessions merge |
 * | parts | what is in the slot, by source (windows over results) | contributions may be replaced |
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { Accumulators, AggregateSpec } from '../aggregate/accumulators.ts'
import { IN_TIME, PENDING } from '../pane/numbering.ts'
import type { ValuePane } from '../pane/pane.ts'
import type { Parts } from './contributions.ts'
import { dividable } from '../io/pieces.ts'

type Published = ValuePane<unknown, unknown, unknown>

export interface SavedCells {
  readonly size: number
  readonly keys: readonly unknown[]
  readonly records: Uint32Array
  readonly accumulators: readonly unknown[]
  readonly flags: Uint8Array | undefined
  readonly index: Uint32Array | undefined
  readonly late: Uint32Array | undefined
  readonly rows: Float64Array | undefined
  readonly asked: Float64Array | undefined
  readonly askedWatermark: Float64Array | undefined
  readonly heldUntil: Float64Array | undefined
  readonly gate: readonly unknown[] | undefined
  readonly waits: readonly Float64Array[] | undefined
  readonly shown: readonly (Published | undefined)[] | undefined
  readonly stale: readonly (readonly Published[] | undefined)[] | undefined
  readonly parts: readonly (Parts | undefined)[] | undefined
}

/** What a buffer knows of slots whose pane is held back. `number`: in which order they were, 0: not held. */
export class Waits {
  /** Event time of the first record that is pending. */
  since: Float64Array
  number: Float64Array
  bytes: Float64Array

  constructor(capacity: number) {
    this.since = new Float64Array(capacity)
    this.number = new Float64Array(capacity)
    this.bytes = new Float64Array(capacity)
  }

  grow(capacity: number): void {
    this.since = grown(this.since, new Float64Array(capacity))
    this.number = grown(this.number, new Float64Array(capacity))
    this.bytes = grown(this.bytes, new Float64Array(capacity))
  }

  save(size: number): readonly Float64Array[] {
    return dividable([this.since.slice(0, size), this.number.slice(0, size), this.bytes.slice(0, size)])
  }

  load([since, number, bytes]: readonly Float64Array[]): void {
    this.since.set(since as Float64Array)
    this.number.set(number as Float64Array)
    this.bytes.set(bytes as Float64Array)
  }
}

export class Cells {
  readonly spec: AggregateSpec
  readonly accumulators: Accumulators
  keys: unknown[] | undefined = []
  records: Uint32Array
  flags: Uint8Array | undefined = undefined
  index: Uint32Array | undefined = undefined
  late: Uint32Array | undefined = undefined
  rows: Float64Array | undefined = undefined
  asked: Float64Array | undefined = undefined
  askedWatermark: Float64Array | undefined = undefined
  heldUntil: Float64Array | undefined = undefined
  gate: unknown[] | undefined = undefined
  waits: Waits | undefined = undefined
  shown: (Published | undefined)[] | undefined = undefined
  stale: (Published[] | undefined)[] | undefined = undefined
  parts: (Parts | undefined)[] | undefined = undefined
  /** Slots in use are below this (a store that reuses slots keeps its own list of free ones). */
  size = 0
  capacity: number
  /** A row that nothing has happened to. */
  #initial: readonly number[] = []

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
    if (this.keys !== undefined) this.keys[slot] = key
    this.records[slot] = 0
    if (this.flags !== undefined) this.flags[slot] = 0
    if (this.index !== undefined) this.index[slot] = 0
    if (this.late !== undefined) this.late[slot] = 0
    if (this.rows !== undefined) this.rows.set(this.#initial, slot * this.#initial.length)
    if (this.asked !== undefined) this.asked[slot] = Number.POSITIVE_INFINITY
    if (this.askedWatermark !== undefined) this.askedWatermark[slot] = Number.POSITIVE_INFINITY
    if (this.heldUntil !== undefined) this.heldUntil[slot] = Number.POSITIVE_INFINITY
    this.#letGo(slot)
    if (slot >= this.size) this.size = slot + 1
  }

  /** Lets go of a slot's contents. */
  clear(slot: number): void {
    this.accumulators.clear(slot)
    if (this.keys !== undefined) this.keys[slot] = undefined
    this.#letGo(slot)
  }

  /** From now on every slot has a row of this kind. */
  track(initial: readonly number[]): Float64Array {
    this.#initial = initial
    this.rows = filled(new Float64Array(this.capacity * initial.length), initial, 0)
    return this.rows
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

  /** `keys`: those of the slots, where they are not kept here. */
  save(later?: Later, keys: readonly unknown[] = this.keys ?? []): SavedCells {
    const { size } = this
    return dividable({
      size,
      keys: keys.slice(0, size),
      records: this.records.slice(0, size),
      accumulators: this.accumulators.save(size, later),
      flags: this.flags?.slice(0, size),
      index: this.index?.slice(0, size),
      late: this.late?.slice(0, size),
      rows: this.rows?.slice(0, size * this.#initial.length),
      asked: this.asked?.slice(0, size),
      askedWatermark: this.askedWatermark?.slice(0, size),
      heldUntil: this.heldUntil?.slice(0, size),
      gate: this.gate?.slice(0, size),
      waits: this.waits?.save(size),
      shown: this.shown?.slice(0, size),
      stale: this.stale?.slice(0, size),
      parts: this.parts?.slice(0, size).map((parts) => parts && { ...parts, bySource: new Map(parts.bySource) }),
    })
  }

  static load(spec: AggregateSpec, saved: SavedCells, initial: readonly number[] = []): Cells {
    const capacity = Math.max(4, saved.size)
    const cells = new Cells(spec, capacity)
    cells.size = saved.size
    cells.keys = [...saved.keys]
    cells.records.set(saved.records)
    cells.accumulators.load(saved.accumulators, saved.size)
    if (saved.flags !== undefined) (cells.flags = new Uint8Array(capacity)).set(saved.flags)
    if (saved.index !== undefined) (cells.index = new Uint32Array(capacity)).set(saved.index)
    if (saved.late !== undefined) (cells.late = new Uint32Array(capacity)).set(saved.late)
    if (saved.rows !== undefined) cells.track(initial).set(saved.rows)
    if (saved.asked !== undefined) cells.asked = times(capacity, saved.asked)
    if (saved.askedWatermark !== undefined) cells.askedWatermark = times(capacity, saved.askedWatermark)
    if (saved.heldUntil !== undefined) cells.heldUntil = times(capacity, saved.heldUntil)
    cells.gate = saved.gate === undefined ? undefined : [...saved.gate]
    if (saved.waits !== undefined) (cells.waits = new Waits(capacity)).load(saved.waits)
    cells.shown = saved.shown === undefined ? undefined : [...saved.shown]
    cells.stale = saved.stale?.map((panes) => (panes === undefined ? undefined : [...panes]))
    cells.parts = saved.parts?.map((parts) => parts && { ...parts, bySource: new Map(parts.bySource) })
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
    this.waits?.grow(capacity)
    if (this.asked !== undefined) this.asked = times(capacity, this.asked)
    if (this.askedWatermark !== undefined) this.askedWatermark = times(capacity, this.askedWatermark)
    if (this.heldUntil !== undefined) this.heldUntil = times(capacity, this.heldUntil)
    if (this.rows !== undefined) {
      const { length } = this.rows
      const rows = grown(this.rows, new Float64Array(capacity * this.#initial.length))
      this.rows = filled(rows, this.#initial, length)
    }
  }

  #letGo(slot: number): void {
    if (this.gate !== undefined) this.gate[slot] = undefined
    if (this.shown !== undefined) this.shown[slot] = undefined
    if (this.stale !== undefined) this.stale[slot] = undefined
    if (this.parts !== undefined) this.parts[slot] = undefined
  }
}

/** Rows repeated from an offset on. */
function filled(rows: Float64Array, initial: readonly number[], from: number): Float64Array {
  for (let at = from; at < rows.length; at += initial.length) rows.set(initial, at)
  return rows
}

/** Times, +∞ where none is known. */
export function times(capacity: number, known: Float64Array = new Float64Array(0)): Float64Array {
  const all = new Float64Array(capacity).fill(Number.POSITIVE_INFINITY, known.length)
  all.set(known)
  return all
}

function grown<A extends { set(from: A): void }>(old: A, fresh: A): A {
  fresh.set(old)
  return fresh
}
