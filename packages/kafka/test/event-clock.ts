// A clock that goes from one wake-up to the next, in order of time, whenever nothing else is left to do: what takes
// seconds takes none, and the order is always the same.
import type { Clock } from '@tidemark/core'

export function eventClock(): Clock {
  let now = 0
  let turn: NodeJS.Immediate | undefined
  const wakes = new Set<{ readonly at: number; readonly wake: () => void }>()
  const next = (): void => {
    turn = undefined
    const [first] = [...wakes].sort((a, b) => a.at - b.at)
    if (first === undefined) return
    wakes.delete(first)
    now = Math.max(now, first.at)
    first.wake()
    plan()
  }
  const plan = (): void => {
    if (wakes.size > 0) turn ??= setImmediate(next)
  }
  return {
    now: () => now,
    wakeAt: (at, wake) => {
      const entry = { at, wake }
      wakes.add(entry)
      plan()
      return () => void wakes.delete(entry)
    },
  }
}
