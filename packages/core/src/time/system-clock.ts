/** Owns the one place that reads the machine's clock and sets its timers. */
import type { Cancel, Clock } from './clock.ts'

declare const setTimeout: (fn: () => void, delayMs: number) => unknown
declare const clearTimeout: (timer: unknown) => void

/** Timers further away than this overflow to zero in every JavaScript runtime. */
const LONGEST_TIMER_MS = 2_147_483_647

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wakeAt: (at, wake) => {
    const timer = setTimeout(wake, Math.min(Math.max(0, at - Date.now()), LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
}

/** Node, Bun and Deno have it; browsers do not. */
declare const setImmediate: ((fn: () => void) => unknown) | undefined

/** Lets the host do what waits (timers, input, signals) before the job goes on. */
export function yieldToHost(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'undefined') setTimeout(resolve, 0)
    else setImmediate(resolve)
  })
}

/** A clock that wakes nobody is followed with the timer of the machine's. */
export function wakeAt(clock: Clock, at: number, wake: () => void): Cancel | undefined {
  if (at === Number.POSITIVE_INFINITY) return undefined
  return clock.wakeAt === undefined
    ? systemClock.wakeAt?.(systemClock.now() + (at - clock.now()), wake)
    : clock.wakeAt(at, wake)
}
