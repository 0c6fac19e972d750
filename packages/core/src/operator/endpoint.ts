/** Owns what waits for one sink: in order, taken by the driver. The engine pushes, nothing here awaits. */
import type { Role, Sink } from '../io/sink.ts'
import { ItemList } from './item-list.ts'

export class Endpoint {
  readonly name: string
  readonly sink: Sink<never>
  readonly role: Role
  /** Whether `job.results()` hands out what goes here. */
  readonly isResult: boolean
  /** How far what comes here is behind the watermark: windows over results wait for those before them. */
  readonly delayMs: number
  readonly #waiting: ItemList = new ItemList()

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
    this.#waiting.pushAll(items)
  }

  get size(): number {
    return this.#waiting.size
  }

  take(): readonly unknown[] {
    return this.#waiting.take()
  }
}
