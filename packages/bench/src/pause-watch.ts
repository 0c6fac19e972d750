/** Owns how long the event loop was kept from turning: what a server in the same process would feel. */
import { threadNow } from './thread.ts'

export interface Pauses {
  /** The longest time between two turns, ms. */
  readonly longestMs: number
  /** The most of the thread's own time between two turns, ms: without what other processes took. */
  readonly longestOwnMs: number
  /** The thread's time from begin to end, ns. */
  readonly wholeNs: number
}

export class PauseWatch {
  #handle: NodeJS.Immediate | undefined
  #begun = 0
  #lastWall = 0
  #lastOwn = 0
  #longestMs = 0
  #longestOwnMs = 0

  begin(): void {
    this.#begun = threadNow()
    this.#lastWall = performance.now()
    this.#lastOwn = this.#begun
    const turn = (): void => {
      this.#note()
      this.#handle = setImmediate(turn)
    }
    this.#handle = setImmediate(turn)
  }

  /** The stretch from the last turn until now counts too. */
  end(): Pauses {
    clearImmediate(this.#handle)
    this.#note()
    return {
      longestMs: this.#longestMs,
      longestOwnMs: this.#longestOwnMs,
      wholeNs: threadNow() - this.#begun,
    }
  }

  #note(): void {
    const wall = performance.now()
    const own = threadNow()
    this.#longestMs = Math.max(this.#longestMs, wall - this.#lastWall)
    this.#longestOwnMs = Math.max(this.#longestOwnMs, (own - this.#lastOwn) / 1e6)
    this.#lastWall = wall
    this.#lastOwn = own
  }
}
