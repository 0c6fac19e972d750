/**
 * Owns "which slot is due when" for many slots whose time is put off again and again without a word (a session that
 * grows). A slot is met at a time not after the one it was due at when it was armed, and put off if that has moved.
 * Until shortly before, slots wait unsorted in a list per stretch of time: only those that are due in the present
 * stretch are in a heap.
 */
import FlatQueue from 'flatqueue'

/** Who knows when a slot is due; NaN: it has no user. Between two calls of `arm` that only moves to later. */
export interface Due {
  dueAt(slot: number): number
}

/** How many stretches ahead have a list. What is due later waits in a heap of its own. */
const STRETCHES = 256
/** So much room a list keeps when it is emptied. */
const MOST_KEPT = 1_024

/** A list that keeps its room when it is emptied, so that filling it again makes no new one, unless it was long. */
class SlotList {
  slots: Int32Array = new Int32Array(0)
  size = 0

  push(slot: number): void {
    const { slots, size } = this
    if (size === slots.length) (this.slots = new Int32Array(Math.max(16, 2 * size))).set(slots)
    this.slots[this.size++] = slot
  }

  clear(): void {
    this.size = 0
    if (this.slots.length > MOST_KEPT) this.slots = new Int32Array(0)
  }
}
const NONE = new SlotList()

export class DueWheel {
  readonly #due: Due
  readonly #stretchMs: number
  /** The number of the present stretch. */
  #stretch: number = Number.NEGATIVE_INFINITY
  /** What is due in the present stretch or before it; empty only where nothing waits. */
  readonly #heap: FlatQueue<number> = new FlatQueue()
  readonly #lists: readonly SlotList[] = Array.from({ length: STRETCHES }, () => new SlotList())
  /** How many are in lists. */
  #listed = 0
  readonly #far: FlatQueue<number> = new FlatQueue()
  /** When each slot is met: any other of its entries is void. NaN: it is in nothing. */
  #metAt: Float64Array = new Float64Array(16).fill(Number.NaN)
  /** Nothing is due before; +∞ when nothing waits. */
  nextAt: number = Number.POSITIVE_INFINITY
  /** When the slot that was taken last was due. */
  takenAt: number = Number.NaN

  /** A stretch of about a hundredth of the time that slots wait suits best. */
  constructor(due: Due, stretchMs: number) {
    this.#due = due
    this.#stretchMs = Math.max(1, Math.floor(stretchMs))
  }

  /** Sees that a slot, whose time is new, is taken when it is due. */
  arm(slot: number, at: number): void {
    if (slot >= this.#metAt.length) this.#grow(slot)
    if ((this.#metAt[slot] as number) <= at) return
    if (this.#heap.length === 0) this.#stretch = Math.floor(at / this.#stretchMs)
    this.#place(slot, at)
    this.nextAt = this.#heap.peekValue() as number
  }

  /** Whether something may be due by then. (Nothing is where nothing waits, even at +∞.) */
  isDue(by: number): boolean {
    return this.#heap.length > 0 && this.nextAt <= by
  }

  /** Takes the slot that is due first; −1: none is due by then. Of slots due at one time any may be first. */
  take(by: number): number {
    const heap = this.#heap
    while (this.isDue(by)) {
      const at = this.nextAt
      const slot = heap.pop() as number
      const due = this.#meet(slot, at)
      if (due > at) this.#place(slot, due)
      if (heap.length === 0) this.#turn()
      this.nextAt = heap.peekValue() ?? Number.POSITIVE_INFINITY
      if (due <= at) {
        this.takenAt = due
        return slot
      }
    }
    return -1
  }

  #place(slot: number, at: number): void {
    const stretch = Math.floor(at / this.#stretchMs)
    const ahead = stretch - this.#stretch
    if (ahead > 0 && ahead < STRETCHES) {
      this.#metAt[slot] = stretch * this.#stretchMs
      this.#listOf(stretch).push(slot)
      this.#listed++
      return
    }
    this.#metAt[slot] = at
    if (stretch <= this.#stretch) this.#heap.push(slot, at)
    else this.#far.push(slot, at)
  }

  /** The time at which a slot is due that is met; NaN: the entry is void, or the slot has no user. */
  #meet(slot: number, at: number): number {
    if (this.#metAt[slot] !== at) return Number.NaN
    this.#metAt[slot] = Number.NaN
    return this.#due.dueAt(slot)
  }

  #placeAgain(slot: number, at: number): void {
    const due = this.#meet(slot, at)
    if (!Number.isNaN(due)) this.#place(slot, due)
  }

  /** Goes on to the next stretch in which something is due. */
  #turn(): void {
    const far = this.#far
    while (this.#heap.length === 0 && (this.#listed > 0 || far.length > 0)) {
      if (this.#listed > 0) this.#stretch++
      else this.#stretch = Math.floor((far.peekValue() as number) / this.#stretchMs)
      const list = this.#listOf(this.#stretch)
      this.#listed -= list.size
      // None is placed here again: this stretch is not ahead.
      for (let i = 0; i < list.size; i++) this.#placeAgain(list.slots[i] as number, this.#stretch * this.#stretchMs)
      list.clear()
      for (let at = far.peekValue(); at !== undefined && !this.#isFar(at); at = far.peekValue())
        this.#placeAgain(far.pop() as number, at)
    }
  }

  #isFar(at: number): boolean {
    const stretch = Math.floor(at / this.#stretchMs)
    return stretch > this.#stretch && stretch - this.#stretch >= STRETCHES
  }

  /** An infinite stretch has none. */
  #listOf(stretch: number): SlotList {
    return this.#lists[stretch - Math.floor(stretch / STRETCHES) * STRETCHES] ?? NONE
  }

  #grow(slot: number): void {
    const bigger = new Float64Array(Math.max(slot + 1, 2 * this.#metAt.length)).fill(Number.NaN)
    bigger.set(this.#metAt)
    this.#metAt = bigger
  }
}
