/**
 * Owns items that wait until all of them are taken at once. The array for the next has room for as many as were taken
 * last: letting it grow costs more than all else that is done with an item here.
 */

/** So many at most. */
const MOST_ROOM = 4_096
const NONE: unknown[] = []

export class ItemList {
  #items: unknown[] = NONE
  #room = 0
  size = 0

  push(item: unknown): void {
    const size = this.size++
    // oxlint-disable-next-line unicorn/no-new-array -- room, not items
    if (size === 0) this.#items = new Array<unknown>(this.#room)
    if (size < this.#items.length) this.#items[size] = item
    else this.#items.push(item)
  }

  /** Many items at once; the array is the list's from now on. */
  pushAll(items: unknown[]): void {
    if (this.size > 0) {
      for (const item of items) this.push(item)
      return
    }
    this.#items = items
    this.size = items.length
  }

  /** The array is the caller's. */
  take(): unknown[] {
    if (this.size === 0) return []
    const taken = this.#items
    taken.length = this.size
    this.#items = NONE
    this.#room = Math.min(this.size, MOST_ROOM)
    this.size = 0
    return taken
  }
}
