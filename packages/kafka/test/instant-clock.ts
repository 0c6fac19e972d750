// A clock on which nobody waits for a pause: it is over in the next turn of the event loop, and time has passed by then.
// What would ring in a minute or so does not ring at all.
import type { Clock } from '@tidemark/core'

const LONGEST_PAUSE_MS = 5_000

export function instantClock(): Clock {
  let time = 0
  return {
    now: () => time,
    wakeAt: (at, wake) => {
      if (at - time > LONGEST_PAUSE_MS) return () => {}
      const turn = setImmediate(() => {
        time = Math.max(time, at)
        wake()
      })
      return () => clearImmediate(turn)
    },
  }
}
