/**
 * Owns the time of the demo: three months in seconds, an hour at a time. It goes on when everybody who has something to
 * do at an hour has done it and waits for the next one, so a slow store makes the demo slow and nothing else.
 */
import type { Clock, Source } from '@tidemark/core'

export interface TimeLapse extends Clock {
  /** Sets the time, once, before anybody waits. */
  readonly begin: (at: number) => void
  /** Lets the hours up to `at` go by. */
  readonly passTo: (at: number) => Promise<void>
}

export const STEP_MS = 3_600_000
/** So long an hour waits for who does not come: one that failed and begins again. */
const PATIENCE_MS = 5_000

export interface TimeLapseOptions {
  /** How many wait at a time when nobody has anything to do. */
  readonly sleepers: number
  /** Called when an hour has gone by and everybody has done his part. */
  readonly onStep: (now: number) => Promise<void>
}

export function timeLapse({ sleepers, onStep }: TimeLapseOptions): TimeLapse {
  let now = 0
  let wakes: { readonly at: number; readonly wake: () => void }[] = []
  const set = (at: number): void => {
    now = at
    const due = wakes.filter((one) => one.at <= now).sort((a, b) => a.at - b.at)
    wakes = wakes.filter((one) => one.at > now)
    for (const { wake } of due) wake()
  }
  return {
    now: () => now,
    begin: set,
    passTo: async (at) => {
      while (now + STEP_MS <= at) {
        set(now + STEP_MS)
        await eventually(() => wakes.length >= sleepers, PATIENCE_MS)
        await onStep(now)
      }
    },
    wakeAt: (at, wake) => {
      if (at <= now) {
        // Who gives others their turn does not wait for an hour.
        const turn = setImmediate(wake)
        return () => clearImmediate(turn)
      }
      const one = { at, wake }
      wakes.push(one)
      return () => {
        wakes = wakes.filter((other) => other !== one)
      }
    },
  }
}

/** Looks whenever others have had their turn; false: it has not become true within `mostMs` of real time. */
export async function eventually(done: () => boolean | Promise<boolean>, mostMs: number): Promise<boolean> {
  const until = performance.now() + mostMs
  while (!(await done())) {
    if (performance.now() > until) return false
    await new Promise((resolve) => setImmediate(resolve))
  }
  return true
}

export interface Pace {
  /** How many records to take at most, behind so many. */
  readonly take: (records: number) => number
  /** Asked before each batch: when its first record arrives, if there is one, how many were before, and are committed. */
  readonly before: (arrivesAt: number | undefined, records: number, committed: () => number) => Promise<void>
}

/** A replay that waits before each batch. */
export function paced<T>(source: Source<T>, { take, before }: Pace): Source<T> {
  return {
    ...source,
    open: async (task, positions) => {
      const reader = await source.open(task, positions)
      let next = Number(positions?.[0]?.offset ?? 0n)
      let committed = next
      return {
        ...reader,
        poll: async (limit) => {
          const batch = await reader.poll(Math.min(limit, take(next)))
          next = Number(batch.next)
          await before(batch.arrivals?.[0], Number(batch.first), () => committed)
          return batch
        },
        committed: (at) => {
          committed = Number(at[0]?.offset ?? committed)
          return reader.committed(at)
        },
      }
    },
  }
}
