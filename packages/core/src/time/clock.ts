/**
 * Owns the contract of processing time. A `Clock` is the only door to it: operators read no clock and own no timers,
 * they say when they want to be woken and the driver asks the clock to do so.
 */

/** Cancels a wake-up that has not happened yet. */
export type Cancel = () => void

/**
 * Processing time in milliseconds. `now` must not go back; where it does, the engine keeps the greatest value seen.
 * `wakeAt` calls back once, at or after the time; a clock without it is followed with the timer of the system clock.
 * `follow`, where present, makes it a clock of arrivals: it stands at the greatest time it was told, so that a replay
 * runs on the clock of the past (see `arrivalClock`). It is told batch by batch; within a batch the engine goes by the
 * arrival of each record itself.
 */
export interface Clock {
  readonly now: () => number
  readonly wakeAt?: (at: number, wake: () => void) => Cancel
  readonly follow?: (arrivedAt: number) => void
}

/**
 * The clock of a replay: it stands at the greatest arrival time of the records read so far, so that early and late
 * panes come when they would have come then. Needs a source that knows arrival times.
 */
export function arrivalClock(): Clock {
  let at = Number.NEGATIVE_INFINITY
  return {
    now: () => (at === Number.NEGATIVE_INFINITY ? 0 : at),
    follow: (arrivedAt) => {
      if (arrivedAt > at) at = arrivedAt
    },
    // Nothing but a record moves this clock, so a wake-up is found when the next record comes.
    wakeAt: () => () => {},
  }
}
