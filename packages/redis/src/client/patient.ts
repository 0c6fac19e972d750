/** Owns second attempts: bounded in time, each with an end of its own, a few at a time in flight. */
import { type Cancel, type Clock, StreamError, problem, systemClock } from '@tidemark/core'
import { failure } from './failures.ts'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 1_000

export interface Patience {
  readonly clock: Clock
  /** How long to go on trying. */
  readonly patienceMs: number
  /** How long one attempt may take. */
  readonly timeoutMs: number
}

/** Tries until it succeeds, fails for good, or patience is over. */
export async function persist<T>(patience: Patience, what: string, attempt: () => Promise<T>): Promise<T> {
  const began = patience.clock.now()
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await inTime(patience, what, attempt())
    } catch (cause) {
      const error = failure(what, cause)
      const passed = patience.clock.now() - began
      if (!error.retryable || error.code === 'REDIS_FULL') throw error
      if (passed + pauseMs > patience.patienceMs) throw outOfPatience(error, passed)
      await pause(patience.clock, pauseMs)
    }
  }
}

async function inTime<T>({ clock, timeoutMs }: Patience, what: string, work: Promise<T>): Promise<T> {
  let cancel: Cancel | undefined
  const late = new Promise<never>((_, reject) => {
    cancel = wakeAfter(clock, timeoutMs, () =>
      reject(
        problem(
          'REDIS_AWAY',
          what,
          {
            found: `no answer within ${timeoutMs} ms`,
            expected: 'one',
            remedy: 'Nothing is known of what was sent; the same may be written again.',
          },
          { retryable: true },
        ),
      ),
    )
  })
  // Whoever loses the race is not waited for any more.
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    cancel?.()
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void wakeAfter(clock, ms, resolve))
}

function wakeAfter(clock: Clock, ms: number, wake: () => void): Cancel {
  if (clock.wakeAt !== undefined) return clock.wakeAt(clock.now() + ms, wake)
  return (systemClock.wakeAt as NonNullable<Clock['wakeAt']>)(systemClock.now() + ms, wake)
}

function outOfPatience(error: StreamError, passedMs: number): StreamError {
  return new StreamError(error.code, `${error.message} Tried for ${Math.round(passedMs)} ms.`, {
    cause: error,
    retryable: true,
  })
}

/** Does work on items, `most` at a time; after the first failure none begins. Ends when none is on its way any more. */
export async function fewAtATime<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  let failed: { readonly error: unknown } | undefined
  const lane = async (): Promise<void> => {
    while (failed === undefined && next < items.length) {
      try {
        await work(items[next++] as T)
      } catch (error) {
        failed ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane))
  if (failed !== undefined) throw failed.error
}
