/** Owns a clock that goes on whenever somebody waits for it. */
import type { Clock } from '@tidemark/core'

export function eagerClock(): Clock {
  let now = 0
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      let cancelled = false
      setImmediate(() => {
        if (cancelled) return
        now = Math.max(now, at)
        wake()
      })
      return () => (cancelled = true)
    },
  }
}
