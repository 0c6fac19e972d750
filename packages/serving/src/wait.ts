/** Owns waiting by an injected clock: everything that takes time in this package goes through here. */
import { type Clock, type Signal, systemClock } from '@tidemark/core'

/** Resolves when the clock has reached `until`, or sooner when the signal is aborted. */
export function sleep(clock: Clock, forMs: number, signal?: Signal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    let cancel: (() => void) | undefined = undefined
    const done = (): void => {
      cancel?.()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done)
    cancel =
      clock.wakeAt === undefined
        ? systemClock.wakeAt?.(systemClock.now() + forMs, done)
        : clock.wakeAt(clock.now() + forMs, done)
  })
}

/** How long a store may take to answer before that is told, and how often it is told from then on, ms. */
export const SILENT_MS = 30_000

/** A clock that leaps says nothing of how long an answer takes: so many looks, one after the other, make SILENT_MS. */
const LOOKS = 6

/** Waits for what a store was asked, and tells whenever it has taken that long once more. */
export async function watched<T>(work: Promise<T>, clock: Clock, onSilent: (forMs: number) => void): Promise<T> {
  const done = new Stop()
  const watch = async (): Promise<never> => {
    for (let looks = 1; ; looks++) {
      await sleep(clock, SILENT_MS / LOOKS, done)
      // Nobody hears of it any more.
      if (done.aborted) throw new Error('answered')
      if (looks % LOOKS === 0) onSilent((looks / LOOKS) * SILENT_MS)
    }
  }
  try {
    return await Promise.race([work, watch()])
  } finally {
    done.abort()
  }
}

/** Waits for so long at most. What is late goes on, and nobody hears of it. */
export async function inTime<T>(work: Promise<T>, clock: Clock, limitMs: number): Promise<T> {
  const done = new Stop()
  const late = async (): Promise<never> => {
    await sleep(clock, limitMs, done)
    throw new Error(`no answer within ${limitMs}ms`)
  }
  try {
    return await Promise.race([work, late()])
  } finally {
    done.abort()
  }
}

/** How long work that waits for nothing keeps the thread. */
const LONGEST_TURN_MS = 10

/**
 * For work that takes long and may wait for nothing real, as with stores in memory: without a pause now and then no timer
 * runs and no reply is read, and the heartbeat of the same process ends.
 */
export class Turn {
  readonly #clock: Clock
  #begunAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#begunAt = clock.now()
  }

  /** A promise where the host has its turn now. */
  pause(): Promise<void> | undefined {
    const taken = this.#clock.now() - this.#begunAt
    // A clock that was set back says nothing about the time taken.
    return taken >= 0 && taken < LONGEST_TURN_MS ? undefined : this.#yield()
  }

  async #yield(): Promise<void> {
    await sleep(this.#clock, 0)
    this.#begunAt = this.#clock.now()
  }
}

/**
 * Time that has passed by a clock that may jump: going back counts as nothing, and between two looks at most `mostMs` is
 * counted. For whoever must wait long enough, such as the evictor.
 */
export class Elapsed {
  readonly #clock: Clock
  readonly #mostMs: number
  #seen: number
  #passed = 0

  constructor(clock: Clock, mostMs: number) {
    this.#clock = clock
    this.#mostMs = mostMs
    this.#seen = clock.now()
  }

  now(): number {
    const at = this.#clock.now()
    this.#passed += Math.min(Math.max(0, at - this.#seen), this.#mostMs)
    this.#seen = at
    return this.#passed
  }
}

/** Stops what belongs together: the signal of whoever asked, or a stop of our own. */
export class Stop implements Signal {
  readonly #listeners: Set<() => void> = new Set()
  readonly #forget: () => void
  aborted: boolean

  constructor(outer?: Signal) {
    this.aborted = outer?.aborted ?? false
    const stop = (): void => this.abort()
    outer?.addEventListener('abort', stop)
    this.#forget = () => outer?.removeEventListener('abort', stop)
  }

  abort(): void {
    if (!this.aborted) {
      this.aborted = true
      for (const listener of this.#listeners) listener()
      this.#listeners.clear()
    }
    this.#forget()
  }

  addEventListener(_: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.add(listener)
  }

  removeEventListener(_: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }
}
