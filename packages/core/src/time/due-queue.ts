/**
 * Owns "what is due when", for event time and processing time alike: a priority queue whose ties leave in the order
 * they came, so that results do not depend on the heap's habits.
 */
import FlatQueue from 'flatqueue'

interface Entry<T> {
  readonly item: T
  readonly at: number
  readonly order: number
}

const NONE: readonly never[] = []

export class DueQueue<T> {
  readonly #heap: FlatQueue<Entry<T>> = new FlatQueue()
  #order = 0
  /** The earliest time something is due; +∞ when nothing is. */
  nextAt: number = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#heap.length
  }

  push(item: T, at: number): void {
    this.#heap.push({ item, at, order: this.#order++ }, at)
    if (at < this.nextAt) this.nextAt = at
  }

  /** Whether something is due by then. (An empty queue has nothing due even at +∞.) */
  isDue(by: number): boolean {
    return this.#heap.length > 0 && this.nextAt <= by
  }

  /** Takes out everything due at or before the time, in order of time, ties in order of pushing. */
  take(upTo: number): readonly T[] {
    if (!this.isDue(upTo)) return NONE
    const heap = this.#heap
    const first = heap.pop() as Entry<T>
    const taken = [first]
    while (heap.length > 0 && (heap.peekValue() as number) <= upTo) taken.push(heap.pop() as Entry<T>)
    this.nextAt = heap.peekValue() ?? Number.POSITIVE_INFINITY
    if (taken.length === 1) return [first.item]
    return taken.sort(byTime).map(({ item }) => item)
  }

  /** What is in the queue, in the order it would leave, with its times. For snapshots: pushing it again restores it. */
  list(): readonly (readonly [item: T, at: number])[] {
    return this.#heap.ids
      .slice(0, this.#heap.length)
      .sort(byTime)
      .map((entry) => [entry.item, entry.at] as const)
  }
}

function byTime(a: Entry<unknown>, b: Entry<unknown>): number {
  return a.at - b.at || a.order - b.order
}
