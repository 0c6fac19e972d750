/** Owns second attempts: growing pauses on the given clock, and an end to patience. */
import { type Cancel, type Clock, StreamError, systemClock } from '@tidemark/core'

const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 1_000

export interface Patience {
  readonly clock: Clock
  /** How long to go on trying. */
  readonly patienceMs: number
}

/** Calls back by the clock, after a time. */
export function wakeAfter(clock: Clock, ms: number, wake: () => void): Cancel {
  const wakeAt = (clock.wakeAt ?? systemClock.wakeAt) as NonNullable<Clock['wakeAt']>
  const now = clock.wakeAt === undefined ? systemClock.now() : clock.now()
  return wakeAt(now + ms, wake)
}

/** Waits by the clock; resolves early when `wake` is called. */
export function pause(clock: Clock, ms: number): { readonly over: Promise<void>; readonly wake: () => void } {
  let resolve = (): void => {}
  const over = new Promise<void>((done) => {
    resolve = done
  })
  const cancel = wakeAfter(clock, ms, resolve)
  return {
    over,
    wake: () => {
      cancel()
      resolve()
    },
  }
}

/** Counts failures in a row and the time since the first. One for each thing that may fail; cleared by success. */
export class Trouble {
  readonly #patience: Patience
  #since: number | undefined
  #pauseMs = FIRST_PAUSE_MS

  constructor(patience: Patience) {
    this.#patience = patience
  }

  clear(): void {
    this.#since = undefined
    this.#pauseMs = FIRST_PAUSE_MS
  }

  /** How long to wait before the next attempt. @throws the error, once patience is over or it cannot be mended */
  next(error: unknown): number {
    if (!(error instanceof StreamError) || !error.retryable) throw error
    const { clock, patienceMs } = this.#patience
    const now = clock.now()
    this.#since ??= now
    const passed = now - this.#since
    if (passed >= patienceMs) throw outOfPatience(error, passed)
    const ms = Math.min(this.#pauseMs, patienceMs - passed)
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    return Math.max(1, ms)
  }
}

/** Tries until it succeeds, fails for good, or patience is over. */
export async function persist<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  const trouble = new Trouble(patience)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      await pause(patience.clock, trouble.next(error)).over
    }
  }
}

function outOfPatience(error: StreamError, passedMs: number): StreamError {
  return new StreamError(error.code, `${error.message}\nTried again for ${Math.round(passedMs)} ms.`, {
    retryable: true,
    cause: error,
    at: error.at,
  })
}
