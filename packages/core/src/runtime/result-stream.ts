/** Owns results as an AsyncIterable: a bounded buffer between the job, which waits when it is full, and one reader. */

export class ResultStream implements AsyncIterable<unknown> {
  readonly #limit: number
  readonly #onLeave: (stream: ResultStream) => void
  #items: unknown[] = []
  #at = 0
  #ended = false
  #error: unknown = undefined
  #reader: (() => void) | undefined
  #writer: (() => void) | undefined

  constructor(limit: number, onLeave: (stream: ResultStream) => void) {
    this.#limit = limit
    this.#onLeave = onLeave
  }

  /** Adds items; the promise, if there is one, resolves when there is room again. */
  push(items: readonly unknown[]): Promise<void> | undefined {
    for (const item of items) this.#items.push(item)
    this.#wakeReader()
    if (this.#items.length - this.#at <= this.#limit || this.#ended) return undefined
    return new Promise((resolve) => {
      this.#writer = resolve
    })
  }

  /** No more will come; with an error, the reader gets it after the last item. */
  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wakeReader()
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const items = this.#read()
    return {
      next: () => items.next(),
      // A generator that has not begun would not run its end.
      return: async () => {
        this.#leave()
        return items.return(undefined)
      },
    }
  }

  async *#read(): AsyncGenerator<unknown, undefined> {
    try {
      for (;;) {
        while (this.#at < this.#items.length) yield this.#items[this.#at++]
        this.#items = []
        this.#at = 0
        this.#wakeWriter()
        if (this.#ended) {
          if (this.#error !== undefined) throw this.#error
          return undefined
        }
        await new Promise<void>((resolve) => {
          this.#reader = resolve
        })
      }
    } finally {
      this.#leave()
    }
  }

  /** Whoever leaves the loop no longer holds the job up. */
  #leave(): void {
    this.#ended = true
    this.#onLeave(this)
    this.#wakeWriter()
  }

  #wakeReader(): void {
    this.#reader?.()
    this.#reader = undefined
  }

  #wakeWriter(): void {
    this.#writer?.()
    this.#writer = undefined
  }
}
