/** Owns one window under a trigger's step alone, without an engine: told of records and times by hand. */
import type { Trigger, TriggerContext } from '@tidemark/core'

const NEVER = Number.POSITIVE_INFINITY

/** Something stands on either side of the row, which no step may touch. */
const MARGIN = [-7, -7]

export class StepWindow {
  readonly #trigger: Trigger<never>
  readonly #merging: boolean
  rows: Float64Array
  now = 0
  watermark = 0
  completesAt: number

  constructor(trigger: Trigger<never>, completesAt: number, merging: boolean) {
    this.#trigger = trigger
    this.#merging = merging
    this.completesAt = completesAt
    this.rows = Float64Array.from([...MARGIN, ...trigger.step.initial, ...MARGIN])
  }

  get finished(): boolean {
    return this.#trigger.step.finished(this.rows, MARGIN.length)
  }

  /** The processing time at which it wants to be asked next; undefined: none. */
  get wakeAt(): number | undefined {
    return known(this.#trigger.step.wakeAt?.(this.rows, MARGIN.length, this.now))
  }

  /** The same for the watermark. */
  get dueAt(): number | undefined {
    return known(this.#trigger.step.wakeAtWatermark?.(this.rows, MARGIN.length, this.watermark))
  }

  /** Records of these event times; whether each made it fire. */
  records(...times: readonly number[]): readonly boolean[] {
    return times.map((eventTime) => {
      if (!this.finished) this.#trigger.step.element(this.rows, MARGIN.length, this.#at(eventTime))
      return this.#asked()
    })
  }

  /** One record now. */
  record(eventTime: number = 0): boolean {
    return this.records(eventTime)[0] === true
  }

  /** The clock moves; whether it fires. */
  clock(to: number): boolean {
    this.now = to
    return this.#asked()
  }

  /** The watermark moves; whether it fires. */
  time(to: number): boolean {
    this.watermark = to
    return this.#asked()
  }

  /** What was pending has left by another way. */
  clear(): void {
    this.#trigger.step.clear(this.rows, MARGIN.length)
    this.#untouched()
  }

  /** Takes in others; with none, its bounds have changed. */
  merge(completesAt: number, ...others: readonly StepWindow[]): void {
    this.completesAt = completesAt
    const { length } = this.rows
    const rows = new Float64Array(length * (others.length + 1))
    rows.set(this.rows)
    for (const [i, other] of others.entries()) rows.set(other.rows, length * (i + 1))
    const at = others.map((_, i) => length * (i + 1) + MARGIN.length)
    this.#trigger.step.merge(rows, MARGIN.length, at, this.#at())
    this.rows = rows.slice(0, length)
    this.#untouched()
  }

  #asked(): boolean {
    const { step } = this.#trigger
    const row = MARGIN.length
    const before = [...this.rows]
    if (this.finished || !step.fires(this.rows, row, this.#at())) {
      // To ask changes nothing.
      if (before.some((n, i) => !Object.is(n, this.rows[i])))
        throw new Error(`${this.#trigger.kind}: fires has changed its row`)
      return false
    }
    step.fired(this.rows, row, this.#at())
    this.#untouched()
    return true
  }

  #at(eventTime: number = Number.NaN): TriggerContext {
    const { now, watermark, completesAt } = this
    return Object.freeze({
      now,
      watermark,
      eventTime,
      completesAt,
      complete: watermark >= completesAt,
      merging: this.#merging,
    })
  }

  #untouched(): void {
    const around = [...this.rows.slice(0, MARGIN.length), ...this.rows.slice(-MARGIN.length)]
    if (around.some((n) => n !== MARGIN[0]))
      throw new Error(`${this.#trigger.kind}: its step has touched a row beside its own`)
  }
}

/** A window that completes at 100, of a kind that does not merge. */
export function windowOf(trigger: Trigger<never>, completesAt: number = 100): StepWindow {
  return new StepWindow(trigger, completesAt, false)
}

/** A session that completes at 100. */
export function sessionOf(trigger: Trigger<never>, completesAt: number = 100): StepWindow {
  return new StepWindow(trigger, completesAt, true)
}

function known(time: number = NEVER): number | undefined {
  return time === NEVER ? undefined : time
}

/** Whether a value and everything in it but functions is frozen. */
export function isFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozen)
}
