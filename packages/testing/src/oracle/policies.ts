/**
 * Owns the policies of the slow reference that are no trees of triggers: a cadence before and after completion, a
 * cadence of event time, all windows so often, and the suppression of updates for a time. The limit of the suppression buffer is not here: it
 * reaches across keys.
 */
import { firstAbove } from './trigger-tree.ts'
import type { Arrival, Moment, When, Whens } from './when.ts'

/** never, after each record, or this many ms of processing time after the first pending record. */
export type OracleCadence = 'never' | 'perRecord' | number

/** When panes come before the window is complete, whether one comes at completion, and when they come after it. */
export interface OraclePolicy {
  readonly early: OracleCadence
  readonly completion: boolean
  readonly late: OracleCadence
}

export function cadenceWhens(policy: OraclePolicy): Whens {
  return {
    fresh: () => new CadenceWhen(policy),
    joined: (parts, { complete }) => {
      const when = new CadenceWhen(policy)
      when.passed = complete && parts.some((part) => (part as CadenceWhen).passed)
      return when
    },
  }
}

class CadenceWhen implements When {
  readonly #policy: OraclePolicy
  /** What is done at completion has been done. */
  passed = false

  constructor(policy: OraclePolicy) {
    this.#policy = policy
  }

  record(): void {}

  fires(at: Moment): boolean {
    const { why, now, complete } = at
    const { early, completion, late } = this.#policy
    // A policy that fires at completion fires at once for what comes first after it.
    const atCompletion = complete && completion && !this.passed
    if (complete) this.passed = true
    const atOnce = why === 'record' && (complete ? late : early) === 'perRecord'
    return atCompletion || atOnce || (why === 'time' && this.#dues(at).includes(now))
  }

  nextClock(at: Moment): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#dues(at).filter((due) => due > at.now))
  }

  /** The part for the phase in force counts from the first pending record it has seen. */
  #dues({ pending, complete }: Moment): readonly number[] {
    return pending
      .filter(({ late }) => late === complete || !this.#policy.completion)
      .map(({ came, late }) => {
        const cadence = this.#policy[late ? 'late' : 'early']
        return typeof cadence === 'number' ? came + cadence : Number.POSITIVE_INFINITY
      })
  }

  nextWatermark(): number {
    return Number.POSITIVE_INFINITY
  }
}

/** Every `every` ms of event time before completion, at completion, and then for each record. */
export function everyEventTimeWhens(every: number): Whens {
  return {
    fresh: () => new EveryEventTimeWhen(every),
    joined: (parts) => {
      const when = new EveryEventTimeWhen(every)
      when.due = Math.min(...parts.map((part) => (part as EveryEventTimeWhen).due ?? Number.POSITIVE_INFINITY))
      return when
    },
  }
}

class EveryEventTimeWhen implements When {
  readonly #every: number
  due: number | undefined

  constructor(every: number) {
    this.#every = every
  }

  record({ at }: Arrival): void {
    this.due ??= firstAbove(at, this.#every)
  }

  fires({ watermark, complete }: Moment): boolean {
    const isDue = this.nextWatermark() <= watermark
    // Once due, the next is the first multiple above W, whether or not a pane comes.
    if (isDue) this.due = firstAbove(watermark, this.#every)
    return complete || isDue
  }

  nextClock(): number {
    return Number.POSITIVE_INFINITY
  }

  nextWatermark(): number {
    return this.due ?? Number.POSITIVE_INFINITY
  }
}

/** Every `every` ms of the clock, at whole multiples, and at completion, whether or not something came. */
export function completeModeWhens(every: number): Whens {
  return {
    repeats: true,
    fresh: () => new CompleteModeWhen(every),
    joined: (parts, { complete }) => {
      const when = new CompleteModeWhen(every)
      when.due = Math.min(...parts.map((part) => (part as CompleteModeWhen).due))
      when.passed = complete && parts.every((part) => (part as CompleteModeWhen).passed)
      return when
    },
  }
}

class CompleteModeWhen implements When {
  readonly #every: number
  due: number = Number.POSITIVE_INFINITY
  /** What is done at completion has been done. */
  passed = false

  constructor(every: number) {
    this.#every = every
  }

  record(_: Arrival, { now }: Moment): void {
    if (this.due === Number.POSITIVE_INFINITY) this.due = firstAbove(now, this.#every)
  }

  fires({ now, complete }: Moment): boolean {
    const fires = now >= this.due || (complete && !this.passed)
    if (fires) this.due = firstAbove(now, this.#every)
    if (complete) this.passed = true
    return fires
  }

  nextClock({ now }: Moment): number {
    return this.due > now ? this.due : Number.POSITIVE_INFINITY
  }

  nextWatermark(): number {
    return Number.POSITIVE_INFINITY
  }
}

/** Updates wait until the watermark is `limit` past the record of the first of them; where windows merge, the earliest. */
export function suppressWhens(limit: number): Whens {
  const when: When = {
    record: () => {},
    // At the end of input the watermark is +∞, and so is the time of nothing.
    fires: (at) => at.pending.length > 0 && when.nextWatermark(at) <= at.watermark,
    nextClock: () => Number.POSITIVE_INFINITY,
    nextWatermark: ({ pending }) => Math.min(Number.POSITIVE_INFINITY, ...pending.map(({ since }) => since + limit)),
  }
  return { fresh: () => when, joined: () => when }
}
