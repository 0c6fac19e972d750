/**
 * Owns the state of windows kept slot by slot: columns side by side, the windows of a key as a chain (sessions,
 * record-aligned windows).
 * Slots are reused; `seq` tells one user of a slot from the next (0: free). A slot whose key has no window any more
 * stays the key's for a while, vacant: most keys come back, and then no Map changes.
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { keyId } from '../state/key.ts'
import { Cells, type SavedCells } from './cells.ts'
import { dividable } from '../io/pieces.ts'

export interface SavedSlots {
  readonly cells: SavedCells
  readonly columns: readonly Float64Array[]
  readonly rests: readonly unknown[]
  readonly families: readonly string[]
  readonly seq: number
}

const COLUMNS = ['start', 'end', 'seq', 'complete', 'wakeAt'] as const

/** What `busy` says of a slot: its window is not complete and the only one of its key, or is not so, or there is none. */
export const ALONE = 0
const BUSY = 1
export const VACANT = 2
/** So many slots may be vacant beside as many as are in use. */
const MORE_VACANT = 1_024

export class SlotStore {
  readonly cells: Cells
  start: Float64Array
  end: Float64Array
  seq: Float64Array
  /** 1 when the watermark has completed the window. */
  complete: Float64Array
  /** The processing time its trigger waits for. */
  wakeAt: Float64Array
  /** The windows of a key lead to each other; −1: no more. */
  next: Int32Array
  previous: Int32Array
  /** ALONE, BUSY or VACANT. */
  busy: Uint8Array
  /** Fields of user-defined windows beside their bounds, and what they add to the key's identity. */
  readonly rests: unknown[] = []
  readonly families: string[] = []
  /** The first window of each key, or its vacant slot. */
  readonly heads: Map<unknown, number> = new Map()
  /** Under which identity a slot is chained. */
  readonly #ids: unknown[] = []
  readonly #free: number[] = []
  #vacant = 0
  /** Goes round over the slots, freeing vacant ones where there are too many. */
  #hand = 0
  #seq = 0

  constructor(spec: AggregateSpec, saved?: SavedSlots, initial?: readonly number[]) {
    this.cells = saved === undefined ? new Cells(spec, 16) : Cells.load(spec, saved.cells, initial)
    this.cells.number()
    const { capacity } = this.cells
    this.start = new Float64Array(capacity)
    this.end = new Float64Array(capacity)
    this.seq = new Float64Array(capacity)
    this.complete = new Float64Array(capacity)
    this.wakeAt = new Float64Array(capacity)
    this.next = new Int32Array(capacity)
    this.previous = new Int32Array(capacity)
    this.busy = new Uint8Array(capacity)
    if (saved !== undefined) this.#load(saved)
  }

  /** The first window of a key, −1 for none; `next` leads on. */
  head(id: unknown): number {
    const slot = this.heads.get(id)
    return slot === undefined || this.busy[slot] === VACANT ? -1 : slot
  }

  /** `head`: what `heads` has for the key, −1 for nothing, where that is known. */
  open(id: unknown, key: unknown, start: number, end: number, head: number = this.heads.get(id) ?? -1): number {
    const isVacant = head !== -1 && this.busy[head] === VACANT
    const slot = isVacant ? head : (this.#free.pop() ?? this.cells.size)
    this.cells.open(slot, key)
    if (slot >= this.start.length) this.#grow()
    this.start[slot] = start
    this.end[slot] = end
    this.seq[slot] = ++this.#seq
    this.complete[slot] = 0
    this.wakeAt[slot] = Number.NaN
    if (isVacant) {
      this.busy[slot] = ALONE
      this.#vacant--
    } else this.#link(slot, id, head)
    return slot
  }

  /** The watermark has completed the window, or it is not complete any more. */
  mark(slot: number, complete: boolean): void {
    this.complete[slot] = complete ? 1 : 0
    this.#busy(slot)
  }

  #link(slot: number, id: unknown, head: number): void {
    this.next[slot] = head
    this.previous[slot] = -1
    this.heads.set(id, slot)
    this.#ids[slot] = id
    this.#busy(slot)
    if (head === -1) return
    this.previous[head] = slot
    this.#busy(head)
  }

  #busy(slot: number): void {
    const isAlone = this.complete[slot] === 0 && this.next[slot] === -1 && this.previous[slot] === -1
    this.busy[slot] = isAlone ? ALONE : BUSY
  }

  free(slot: number): void {
    const before = this.previous[slot] as number
    const after = this.next[slot] as number
    this.cells.clear(slot)
    this.seq[slot] = 0
    if (before === -1 && after === -1) {
      this.#vacate(slot)
      return
    }
    if (before !== -1) this.next[before] = after
    else this.heads.set(this.#ids[slot], after)
    if (after !== -1) this.previous[after] = before
    if (before !== -1) this.#busy(before)
    if (after !== -1) this.#busy(after)
    this.#release(slot)
  }

  #vacate(slot: number): void {
    this.busy[slot] = VACANT
    this.#vacant++
    const { size } = this.cells
    while (2 * this.#vacant + this.#free.length > size + MORE_VACANT) {
      while (this.busy[this.#hand] !== VACANT) this.#hand = this.#hand + 1 < size ? this.#hand + 1 : 0
      this.busy[this.#hand] = ALONE
      this.#vacant--
      this.heads.delete(this.#ids[this.#hand])
      this.#release(this.#hand)
    }
  }

  #release(slot: number): void {
    this.#ids[slot] = undefined
    this.#free.push(slot)
  }

  /** Slots in use, oldest first. */
  live(): readonly number[] {
    const slots: number[] = []
    for (let slot = 0; slot < this.cells.size; slot++) if (this.seq[slot] !== 0) slots.push(slot)
    return slots.sort((a, b) => (this.seq[a] as number) - (this.seq[b] as number))
  }

  save(later?: Later): SavedSlots {
    const { size } = this.cells
    return dividable({
      cells: this.cells.save(later),
      columns: dividable(COLUMNS.map((name) => this[name].slice(0, size))),
      rests: this.rests.slice(0, size),
      families: this.families.slice(0, size),
      seq: this.#seq,
    })
  }

  #load(saved: SavedSlots): void {
    for (const [i, name] of COLUMNS.entries()) this[name].set(saved.columns[i] as Float64Array)
    this.#seq = saved.seq
    for (let slot = saved.cells.size - 1; slot >= 0; slot--) if (this.seq[slot] === 0) this.#free.push(slot)
    for (const slot of this.live()) {
      this.rests[slot] = saved.rests[slot]
      const family = (this.families[slot] = saved.families[slot] ?? '')
      const id = familyId(family, keyId(this.cells.keys?.[slot] as never))
      this.#link(slot, id, this.head(id))
    }
  }

  #grow(): void {
    for (const name of COLUMNS) this[name] = into(new Float64Array(this.cells.capacity), this[name])
    this.next = into(new Int32Array(this.cells.capacity), this.next)
    this.previous = into(new Int32Array(this.cells.capacity), this.previous)
    this.busy = into(new Uint8Array(this.cells.capacity), this.busy)
  }
}

function into<A extends { set(from: A): void }>(bigger: A, from: A): A {
  bigger.set(from)
  return bigger
}

/** Windows of one key with different fields of their own do not merge: they are chains apart. */
export function familyId(family: string, id: unknown): unknown {
  return family === '' ? id : `${family}\u0000${typeof id}:${String(id)}`
}
