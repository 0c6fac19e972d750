/**
 * Owns how far a log partition is in event time: the minimum over the tasks that write to it and are not idle, known
 * when every task has reported. It never goes back; what comes below it is a late update of both tiers. The +∞ of an end
 * of input is kept apart: it says that nothing is expected any more, and is no time.
 */
import type { LoggedProgress } from '@tidemark/core'

/** What one task last said. */
export interface TaskReport {
  readonly watermark: number
  readonly idle: boolean
}

/** What can be kept of a frontier and taken up again. */
export interface FrontierState {
  /** The greatest W that was not +∞; −∞ before one is known. */
  readonly watermark: number
  /** Every task says that its input has ended. */
  readonly ended: boolean
  readonly tasks: ReadonlyMap<string, TaskReport>
}

export const NO_FRONTIER: FrontierState = Object.freeze({
  watermark: Number.NEGATIVE_INFINITY,
  ended: false,
  tasks: new Map<string, TaskReport>(),
})

export class Frontier implements FrontierState {
  readonly #tasks: Map<string, TaskReport>
  #watermark: number
  #ended: boolean

  constructor(from: FrontierState = NO_FRONTIER) {
    this.#tasks = new Map(from.tasks)
    this.#watermark = from.watermark
    this.#ended = from.ended
  }

  get tasks(): ReadonlyMap<string, TaskReport> {
    return this.#tasks
  }

  get watermark(): number {
    return this.#watermark
  }

  get ended(): boolean {
    return this.#ended
  }

  /** W as stores and statuses are told: +∞ after the end. */
  get now(): number {
    return this.#ended ? Number.POSITIVE_INFINITY : this.#watermark
  }

  report({ task, watermark, tasks, idle }: LoggedProgress): void {
    const before = this.#tasks.get(task)
    // A task does not go back either; but one that had ended may have been given more.
    const kept = before !== undefined && before.watermark !== Number.POSITIVE_INFINITY ? before.watermark : watermark
    this.#tasks.set(task, { watermark: Math.max(watermark, kept), idle })
    if (this.#tasks.size < tasks) return
    let least = Number.POSITIVE_INFINITY
    let active = 0
    for (const report of this.#tasks.values()) {
      if (report.idle) continue
      active++
      least = Math.min(least, report.watermark)
    }
    if (active === 0) return
    this.#ended = least === Number.POSITIVE_INFINITY
    if (!this.#ended && least > this.#watermark) this.#watermark = least
  }
}

/** What the windows of a pipeline promise at a W. */
export interface Promises {
  /** A pane that is not early has come for every window with an end up to W minus this. */
  readonly completeDelayMs: number
  /** Only corrections come for windows with an end up to W minus this. */
  readonly finalDelayMs: number
}
