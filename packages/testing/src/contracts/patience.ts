/** Owns how long a kit waits for something that has to come: a check fails in the end, and never hangs. */
import { type Clock, type Duration, durationMs, systemClock } from '@tidemark/core'

/** How long checks wait. */
export interface PatienceOptions {
  /** For each thing that has to happen, '10s' if not given. */
  readonly patience?: Duration
  /** What patience goes by; the clock of the machine if not given. */
  readonly clock?: Clock
}

export interface Patience {
  /** Waits for what has to come. @throws Error that says what did not */
  readonly within: <R>(what: string, promise: R | Promise<R>) => Promise<R>
  /** Looks again and again until something is so; false: it is not. */
  readonly until: (test: () => boolean | Promise<boolean>) => Promise<boolean>
}

/** Between two looks. */
const LOOK_MS = 5

export function patienceOf({ patience = '10s', clock = systemClock }: PatienceOptions): Patience {
  const ms = durationMs(patience, "'patience'")
  const after = (delay: number, wake: () => void): (() => void) => {
    const { wakeAt = systemClock.wakeAt } = clock
    return wakeAt?.(clock.now() + delay, wake) ?? (() => {})
  }
  return {
    within: async (what, promise) => {
      let cancel = (): void => {}
      const late = new Promise<never>((_, reject) => {
        cancel = after(ms, () => reject(new Error(`${what}: found nothing within ${patience}`)))
      })
      try {
        return await Promise.race([promise, late])
      } finally {
        cancel()
      }
    },
    until: async (test) => {
      for (let waited = 0; !(await test()); waited += LOOK_MS) {
        if (waited >= ms) return false
        await new Promise<void>((resolve) => after(LOOK_MS, resolve))
      }
      return true
    },
  }
}
