/** Owns processing time in tests: it stands still until it is told to move. */
import { type Clock, type Duration, durationMs } from '@tidemark/core'

export interface VirtualClock extends Clock {
  readonly now: () => number
  /** Moves on by a duration (or a number of ms) and wakes what is due, in order of time. */
  readonly advance: (by: Duration | number) => void
  /** Moves to a time; an earlier one is ignored: clocks do not go back. */
  readonly set: (at: number) => void
  /** How many wake-ups wait. */
  readonly waiting: () => number
}

/** A clock that starts at a time (0) and moves only by `advance` and `set`. */
export function virtualClock(start: number = 0): VirtualClock {
  let now = start
  let wakes: { readonly at: number; readonly wake: () => void }[] = []
  const set = (at: number): void => {
    if (at <= now) return
    now = at
    const due = wakes.filter((entry) => entry.at <= now).sort((a, b) => a.at - b.at)
    wakes = wakes.filter((entry) => entry.at > now)
    for (const { wake } of due) wake()
  }
  return {
    now: () => now,
    set,
    advance: (by) => set(now + (typeof by === 'number' ? by : durationMs(by))),
    waiting: () => wakes.length,
    wakeAt: (at, wake) => {
      const entry = { at, wake }
      wakes.push(entry)
      return () => {
        wakes = wakes.filter((other) => other !== entry)
      }
    },
  }
}
