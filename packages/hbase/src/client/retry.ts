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

/** Counts failures in a row, and the time since the first. */
export class Trouble {
  readonly #patience: Patience
  #since: number | undefined
  #pauseMs = FIRST_PAUSE_MS
  #attempts = 1

  constructor(patience: Patience) {
    this.#patience = patience
  }

  /** Waits before the next attempt. @throws the error, once patience is over or it cannot be mended */
  async over(error: unknown): Promise<void> {
    if (!(error instanceof StreamError) || !error.retryable) throw error
    const { clock, patienceMs } = this.#patience
    const now = clock.now()
    this.#since ??= now
    const passed = now - this.#since
    if (passed >= patienceMs) throw outOfPatience(error, passed, this.#attempts)
    const pauseMs = Math.max(1, Math.min(this.#pauseMs, patienceMs - passed))
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    this.#attempts++
    await new Promise<void>((resolve) => wakeAfter(clock, pauseMs, resolve))
  }
}

function outOfPatience(error: StreamError, passedMs: number, attempts: number): StreamError {
  return new StreamError(error.code, `${error.message}\nTried ${attempts} times in ${Math.round(passedMs)} ms.`, {
    retryable: true,
    cause: error,
    at: error.at,
  })
}
