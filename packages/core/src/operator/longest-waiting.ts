/**
 * Owns "who has waited longest" among many that wait since few different times: each time has its own line, first come,
 * first served, so that taking one costs nothing however many wait since the same time.
 */
import { DueQueue } from '../time/due-queue.ts'

interface Line<T> {
  readonly items: T[]
  /** The first that has not been taken. */
  head: number
}

export class LongestWaiting<T> {
  readonly #lines: Map<number, Line<T>> = new Map()
  readonly #times: DueQueue<number> = new DueQueue()
  size = 0

  push(item: T, since: number): void {
    this.size++
    const line = this.#lines.get(since)
    if (line !== undefined) {
      line.items.push(item)
      return
    }
    this.#lines.set(since, { items: [item], head: 0 })
    this.#times.push(since, since)
  }

  /** Takes out the one that waits since the earliest time, of several the one that was pushed first. */
  take(): T | undefined {
    const since = this.#times.nextAt
    const line = this.#lines.get(since)
    if (line === undefined) return undefined
    this.size--
    const item = line.items[line.head] as T
    line.head++
    if (line.head === line.items.length) {
      this.#lines.delete(since)
      this.#times.take(since)
    }
    return item
  }

  /** Lets go of those that do not wait any more. */
  keep(waits: (item: T) => boolean): void {
    const lines = [...this.#lines]
    this.#lines.clear()
    this.#times.take(Number.POSITIVE_INFINITY)
    this.size = 0
    for (const [since, { items, head }] of lines)
      for (let i = head; i < items.length; i++) if (waits(items[i] as T)) this.push(items[i] as T, since)
  }
}
