/**
 * Owns the way of panes out of a window operator: in order, and interruptible. Closing a window of a million keys puts
 * one chunk here; its panes are made when they are taken, some at a time.
 */
import type { Frontier } from './cursor.ts'
import { ItemList } from './item-list.ts'

/** Panes that are made when they are taken. `make` goes over slots [from, to) and pushes each pane, or returns all. */
export interface Chunk {
  readonly slots: number
  readonly at: Frontier
  readonly make: (from: number, to: number, at: Frontier) => object[] | undefined
}

/** A chunk among panes. */
class WaitingChunk {
  readonly chunk: Chunk
  constructor(chunk: Chunk) {
    this.chunk = chunk
  }
}

export class PaneQueue {
  readonly #panes: ItemList = new ItemList()
  /**
   * Panes and chunks, from the first chunk on. A pane has no object around it: V8 makes what is stored in an object that
   * is known to live long where old objects live, and that is every pane from then on (publisher.ts says what it costs).
   */
  #items: object[] = []
  #slot = 0
  /** Where panes go while they are taken. */
  #out: ((pane: object) => void) | undefined = undefined

  get empty(): boolean {
    return this.#panes.size === 0 && this.#items.length === 0
  }

  push(pane: object): void {
    const out = this.#out
    if (out !== undefined) out(pane)
    else if (this.#items.length === 0) this.#panes.push(pane)
    else this.#items.push(pane)
  }

  pushChunk(chunk: Chunk): void {
    this.#items.push(new WaitingChunk(chunk))
  }

  /**
   * Hands out panes in order, about `limit` at most; false: there are more. `outAll`, if given, takes those that wait at
   * once, with their array.
   */
  take(limit: number, out: (pane: object) => void, outAll?: (panes: object[]) => void): boolean {
    const waiting = this.#panes.size
    const before = this.#out
    if (waiting > 0) handOut(this.#panes.take() as object[], out, outAll)
    let left = limit - waiting
    const items = this.#items
    this.#out = out
    try {
      let done = 0
      while (done < items.length && left > 0) {
        const item = items[done] as object
        if (!(item instanceof WaitingChunk)) {
          out(item)
          left--
          done++
          continue
        }
        const { chunk } = item
        const to = Math.min(chunk.slots, this.#slot + left)
        left -= to - this.#slot
        const made = chunk.make(this.#slot, to, chunk.at)
        this.#slot = to
        if (made !== undefined) handOut(made, out, outAll)
        if (this.#slot < chunk.slots) break
        this.#slot = 0
        done++
      }
      items.splice(0, done)
    } finally {
      this.#out = before
    }
    return items.length === 0
  }
}

function handOut(panes: object[], out: (pane: object) => void, outAll: ((panes: object[]) => void) | undefined): void {
  if (outAll === undefined) for (const pane of panes) out(pane)
  else outAll(panes)
}
