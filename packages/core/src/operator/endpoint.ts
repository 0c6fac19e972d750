/** Owns what waits for one sink: in order, taken by the driver. The engine pushes, nothing here awaits. */
import type { Role, Sink } from '../io/sink.ts'

export class Endpoint {
  readonly name: string
  readonly sink: Sink<never>
  readonly role: Role
  /** Whether `job.results()` hands out what goes here. */
  readonly isResult: boolean
  /** How far what comes here is behind the watermark: windows over results wait for those before them. */
  readonly delayMs: number
  #waiting: unknown[] = []

  constructor(name: string, sink: Sink<never>, role: Role, isResult = false, delayMs = 0) {
    this.name = name
    this.sink = sink
    this.role = role
    this.isResult = isResult
    this.delayMs = delayMs
  }

  readonly push = (item: unknown): void => {
    this.#waiting.push(item)
  }

  /** Many items at once; the array is the endpoint's from now on. */
  readonly pushAll = (items: unknown[]): void => {
    if (this.#waiting.length === 0) this.#waiting = items
    else for (const item of items) this.#waiting.push(item)
  }

  get size(): number {
    return this.#waiting.length
  }

  take(): readonly unknown[] {
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}
