/** Owns the triggers that wait for something themselves: for nothing, for records, for the clock, for completion. */
import { Part } from './part.ts'
import type { Moment } from './when.ts'

export class Never extends Part {
  record(): void {}

  ready(): boolean {
    return false
  }

  fire(): void {}

  join(): void {}
}

export class AfterCount extends Part {
  readonly #of: number
  #count = 0

  constructor(of: number) {
    super()
    this.#of = of
  }

  record(): void {
    this.#count++
  }

  ready(): boolean {
    return this.#count >= this.#of
  }

  fire(): void {
    this.#count = 0
    this.finished = true
  }

  /** Counts add up; where one had finished, it has finished. */
  join(from: readonly Part[]): void {
    this.finished = from.some(({ finished }) => finished)
    if (!this.finished) this.#count = (from as readonly AfterCount[]).reduce((sum, part) => sum + part.#count, 0)
  }

  override clear(): void {
    this.#count = 0
  }

  override reset(): void {
    super.reset()
    this.#count = 0
  }
}

/** A time of the clock that the first record of the pane sets. */
export class AfterTime extends Part {
  readonly #target: (now: number) => number
  #due: number = Number.POSITIVE_INFINITY

  constructor(target: (now: number) => number) {
    super()
    this.#target = target
  }

  record({ now }: Moment): void {
    if (this.#due === Number.POSITIVE_INFINITY) this.#due = this.#target(now)
  }

  ready({ now }: Moment): boolean {
    return now >= this.#due
  }

  fire(): void {
    this.clear()
    this.finished = true
  }

  /** The earliest time counts. In the new bounds it waits again, even where it had finished. */
  join(from: readonly Part[]): void {
    this.#due = Math.min(...(from as readonly AfterTime[]).map((part) => part.#due))
  }

  override clear(): void {
    this.#due = Number.POSITIVE_INFINITY
  }

  override reset(): void {
    super.reset()
    this.clear()
  }

  override wanted(now: number): number {
    return this.#due > now ? this.#due : Number.POSITIVE_INFINITY
  }
}

/** Completion, with an early part before it and a late part after it, both of which repeat. */
export class AfterWatermark extends Part {
  readonly #hasLate: boolean
  /** It has fired for the completed window: the late part is in force. */
  #passed = false

  constructor(early: Part | undefined, late: Part | undefined) {
    super([early ?? new Never(), late ?? new Never()])
    this.#hasLate = late !== undefined
  }

  record(at: Moment): void {
    // Where windows merge the early part may come into force again, for records that it must have seen.
    if (at.merging || !this.#passed) this.subs[0]?.record(at)
    if (this.#passed) this.subs[1]?.record(at)
  }

  ready(at: Moment): boolean {
    const inForce = this.subs[this.#passed ? 1 : 0] as Part
    return (at.complete && !this.#passed) || (!inForce.finished && inForce.ready(at))
  }

  /** Both parts begin anew with everything in them. */
  fire({ complete }: Moment): void {
    if (complete) this.#passed = true
    this.finished = this.#passed && !this.#hasLate
    for (const sub of this.subs) sub.reset()
  }

  /** Past completion only if all were and the new window is complete; otherwise the early part is in force again. */
  join(from: readonly Part[], at: Moment): void {
    this.#passed = at.complete && (from as readonly AfterWatermark[]).every((part) => part.#passed)
    this.finished = this.#passed && !this.#hasLate
    this.joinSub(this.#passed ? 1 : 0, from, at)
  }

  override reset(): void {
    super.reset()
    this.#passed = false
  }
}
