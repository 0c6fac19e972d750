/**
 * Owns how a trigger without a fast path is asked: its rows beside the slots, and the times it wants to be asked at
 * again. It emits nothing: whoever asks deals with a firing.
 */
import { StreamError, reasonOf } from '../errors/stream-error.ts'
import type { Trigger, TriggerContext, TriggerRows } from '../trigger/trigger.ts'
import { type Cells, times } from './cells.ts'
import type { Cursor, Frontier } from './cursor.ts'
import type { LiveWindow, Wakes } from './window-stage.ts'

const NEVER = Number.POSITIVE_INFINITY

type Context = { -readonly [F in keyof TriggerContext]: TriggerContext[F] }

export class Steps {
  readonly #trigger: Trigger<never>
  readonly #length: number
  readonly #stage: string
  readonly #cursor: Cursor
  readonly #context: Context

  constructor(trigger: Trigger<never>, stage: string, cursor: Cursor, merging: boolean) {
    this.#trigger = trigger
    this.#length = trigger.step.initial.length
    this.#stage = stage
    this.#cursor = cursor
    this.#context = { now: 0, watermark: 0, eventTime: Number.NaN, completesAt: 0, complete: false, merging }
  }

  /**
   * Records have come in the slot; true: the trigger fires, and has been told. Then whoever asked is to call `wake` once
   * the pane has left; else it has been asked for its times.
   */
  elements(cells: Cells, slot: number, records: number, of: LiveWindow, wakes: Wakes): boolean {
    const { step } = this.#trigger
    const rows = this.#rows(cells)
    const row = slot * this.#length
    try {
      if (step.finished(rows, row)) return false
      const at = this.#at(of, this.#cursor, this.#cursor.eventTime)
      for (let i = 0; i < records; i++) step.element(rows, row, at)
      at.eventTime = Number.NaN
      if (step.fires(rows, row, at)) {
        step.fired(rows, row, at)
        return true
      }
    } catch (cause) {
      throw this.#threw(cause)
    }
    this.#wake(cells, slot, rows, row, wakes)
    return false
  }

  /** Whether the trigger fires where time stands in `frontier`; if so, it has been told. */
  fires(cells: Cells, slot: number, of: LiveWindow, frontier: Frontier = this.#cursor): boolean {
    const { step } = this.#trigger
    const rows = this.#rows(cells)
    const row = slot * this.#length
    const at = this.#at(of, frontier)
    try {
      if (step.finished(rows, row) || !step.fires(rows, row, at)) return false
      step.fired(rows, row, at)
      return true
    } catch (cause) {
      throw this.#threw(cause)
    }
  }

  /** Whether the trigger fires at a time it has asked for. A time that is void by now does not count. */
  firesAt(cells: Cells, slot: number, of: LiveWindow, time: number, isWatermark: boolean): boolean {
    const { step } = this.#trigger
    const rows = this.#rows(cells)
    const row = slot * this.#length
    try {
      const { now, watermark } = this.#cursor
      // Time may have leapt: what it wants by now counts, even if the time it is asked for has become void.
      const wants = isWatermark ? step.wakeAtWatermark : step.wakeAt
      if ((wants?.(rows, row, time - 1) ?? NEVER) > (isWatermark ? watermark : now)) return false
    } catch (cause) {
      throw this.#threw(cause)
    }
    return this.fires(cells, slot, of)
  }

  /** Windows have merged; `from` empty: a window has got new bounds. */
  merge(cells: Cells, into: number, from: readonly number[], of: LiveWindow, wakes: Wakes): void {
    const { step } = this.#trigger
    const rows = this.#rows(cells)
    try {
      const others = from.map((slot) => slot * this.#length)
      step.merge(rows, into * this.#length, others, this.#at(of, this.#cursor))
    } catch (cause) {
      throw this.#threw(cause)
    }
    this.wake(cells, into, wakes)
  }

  /** Asks to come back at the times the trigger wants. A time that is not ahead has come: it has just been asked. */
  wake(cells: Cells, slot: number, wakes: Wakes): void {
    const rows = this.#rows(cells)
    const row = slot * this.#length
    try {
      if (this.#trigger.step.finished(rows, row)) return
    } catch (cause) {
      throw this.#threw(cause)
    }
    this.#wake(cells, slot, rows, row, wakes)
  }

  #wake(cells: Cells, slot: number, rows: TriggerRows, row: number, wakes: Wakes): void {
    const { step } = this.#trigger
    const { now, watermark } = this.#cursor
    let at = NEVER
    let due = NEVER
    try {
      if (step.wakeAt !== undefined) at = step.wakeAt(rows, row, now)
      if (step.wakeAtWatermark !== undefined) due = step.wakeAtWatermark(rows, row, watermark)
    } catch (cause) {
      throw this.#threw(cause)
    }
    if (at > now && at !== NEVER) {
      const asked = (cells.asked ??= times(cells.capacity))
      if (at < (asked[slot] as number)) wakes.at(slot, (asked[slot] = at))
    }
    if (due > watermark) this.wakeAtWatermark(cells, slot, due, wakes)
  }

  /** The same for one watermark, asked for once. */
  wakeAtWatermark(cells: Cells, slot: number, due: number, wakes: Wakes): void {
    if (due === NEVER) return
    const asked = (cells.askedWatermark ??= times(cells.capacity))
    if (due < (asked[slot] as number)) wakes.atWatermark(slot, (asked[slot] = due))
  }

  /** The same for a time of the clock that a gate waits for: it is asked again at an earlier one. */
  wakeAt(cells: Cells, slot: number, at: number, wakes: Wakes): void {
    const held = (cells.heldUntil ??= times(cells.capacity))
    if (at < (held[slot] as number)) wakes.at(slot, (held[slot] = at))
  }

  #rows(cells: Cells): TriggerRows {
    return cells.rows ?? cells.track(this.#trigger.step.initial)
  }

  #at(of: LiveWindow, { now, watermark }: Frontier, eventTime: number = Number.NaN): Context {
    const context = this.#context
    context.now = now
    context.watermark = watermark
    context.eventTime = eventTime
    context.completesAt = of.completesAt
    context.complete = of.complete
    return context
  }

  #threw(cause: unknown): StreamError {
    const text = reasonOf(cause)
    return new StreamError(
      'TRIGGER_THREW',
      `The trigger ${this.#trigger.kind} of '${this.#stage}': found that its step threw ${text}, expected it to return. It belongs to no one record, so onError does not apply; the job goes on from what was safe once the trigger is mended.`,
      { cause, at: { operator: this.#stage } },
    )
  }
}
