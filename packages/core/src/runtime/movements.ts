/** Owns what a shared source tells of its tasks until the driver deals with it, in order. */
import type { TaskEvents } from '../io/source.ts'
import type { TaskSplit } from '../io/transaction.ts'

export interface Began {
  readonly kind: 'began'
  readonly task: string
  readonly splits: readonly TaskSplit[]
}

interface Revoking {
  readonly kind: 'revoking'
  readonly tasks: readonly string[]
  readonly done: () => void
}

export type Movement = Began | Revoking | { readonly kind: 'lost' }

export class Movements {
  readonly events: TaskEvents
  readonly #onNews: () => void
  #waiting: Movement[] = []

  constructor(onNews: () => void) {
    this.#onNews = onNews
    this.events = {
      began: (task, splits) => this.#add({ kind: 'began', task, splits }),
      revoking: (tasks) => new Promise((done) => this.#add({ kind: 'revoking', tasks, done })),
      lost: () => this.#add({ kind: 'lost' }),
    }
  }

  get waiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Tasks were lost, and what was done of them is still there. */
  get lost(): boolean {
    return this.#waiting.some(({ kind }) => kind === 'lost')
  }

  next(): Movement | undefined {
    return this.#waiting.shift()
  }

  /** Nobody deals with them any more. */
  close(): void {
    for (const movement of this.#waiting) if (movement.kind === 'revoking') movement.done()
    this.#waiting = []
  }

  #add(movement: Movement): void {
    this.#waiting.push(movement)
    this.#onNews()
  }
}
