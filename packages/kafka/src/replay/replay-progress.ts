/** Owns how far a replay is, in numbers and in a line for people. */
import type { Clock } from '@tidemark/core'

export interface ReplayProgress {
  /** Offsets of the history that are committed, and how many there were when the replay began. */
  readonly done: number
  readonly of: number
  /** The watermark: results up to here are written. −∞ while there is none. */
  readonly eventTime: number
  /** Offsets per second since the replay began. */
  readonly perSecond: number
  /** At this rate, ms; undefined while nobody can tell. */
  readonly remainingMs: number | undefined
}

const WIDTH = 24

/** `[######······] 52 %, at 2024-01-01T10:00:00.000Z, 412 k records/s, 12 s left` */
export function progressLine({ done, of, eventTime, perSecond, remainingMs }: ReplayProgress): string {
  const share = of === 0 ? 1 : Math.min(1, done / of)
  const filled = Math.round(share * WIDTH)
  const bar = `[${'#'.repeat(filled)}${'·'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %`
  const at = Number.isFinite(eventTime) ? `, at ${new Date(eventTime).toISOString()}` : ''
  const rate = perSecond >= 10_000 ? `${Math.round(perSecond / 1_000)} k` : String(Math.round(perSecond))
  const left = remainingMs === undefined ? '' : `, ${Math.ceil(remainingMs / 1_000)} s left`
  return `${bar}${at}, ${rate} records/s${left}`
}

/** Measures a replay from where it began. */
export class Pace {
  readonly #clock: Clock
  readonly #began: number
  readonly #first: number
  readonly #of: number

  constructor(clock: Clock, done: number, of: number) {
    this.#clock = clock
    this.#began = clock.now()
    this.#first = done
    this.#of = of
  }

  at(done: number, eventTime: number): ReplayProgress {
    const passedMs = this.#clock.now() - this.#began
    const fresh = done - this.#first
    const perSecond = passedMs === 0 ? 0 : (1_000 * fresh) / passedMs
    const remainingMs = perSecond === 0 ? undefined : (1_000 * Math.max(0, this.#of - done)) / perSecond
    return { done, of: this.#of, eventTime, perSecond, remainingMs }
  }
}
