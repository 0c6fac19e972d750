/** Owns what every trigger of a tree has in common while it works in one window. */
import type { Moment } from './when.ts'

export abstract class Part {
  finished = false
  readonly subs: readonly Part[]

  constructor(subs: readonly Part[] = []) {
    this.subs = subs
  }

  abstract record(at: Moment): void

  /** Whether it would fire now; asked only of what has not finished. */
  abstract ready(at: Moment): boolean

  abstract fire(at: Moment): void

  /** Takes over, being new, from the same trigger of the windows that became one. */
  abstract join(from: readonly Part[], at: Moment): void

  /** Forgets what it has seen of the pane, not what has finished. */
  clear(): void {
    for (const sub of this.subs) sub.clear()
  }

  /** As new, with everything below. */
  reset(): void {
    this.finished = false
    for (const sub of this.subs) sub.reset()
  }

  /** The earliest processing time after `now` that it or anything below it waits for. */
  wanted(now: number): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.subs.map((sub) => sub.wanted(now)))
  }

  protected joinSub(i: number, from: readonly Part[], at: Moment): void {
    this.subs[i]?.join(
      from.map((part) => part.subs[i] as Part),
      at,
    )
  }
}
