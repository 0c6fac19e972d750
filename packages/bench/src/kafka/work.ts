/**
 * Owns the work that every job of this bench does, and its answers from the seed alone: JSON records of about 100 bytes in
 * 4 partitions by key, one hour of event time, each up to 10 s late; then one closing record for each partition, two
 * hours later. 60 s windows per key, count and sum.
 */
import { partitionOf } from '@tidemark/kafka'

export const PARTITIONS = 4
export const SIZE_MS = 60_000
export const BOUND_MS = 10_000
/** The start of the first window. */
export const BEGIN: number = Date.UTC(2024, 0, 1)
const HOUR_MS = 3_600_000
const WINDOWS = HOUR_MS / SIZE_MS + 1

export interface Event {
  readonly id: string
  readonly v: number
  readonly at: number
  readonly pad: string
}

export interface Work {
  readonly keys: number
  readonly records: number
}

/** A small generator of numbers below a bound: mulberry32. */
function random(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

function* drawn({ keys, records }: Work): Generator<{ readonly key: number; readonly v: number; readonly at: number }> {
  const next = random(42)
  for (let i = 0; i < records; i++) {
    const key = next(keys)
    const v = next(100)
    yield { key, v, at: BOUND_MS + Math.floor((i * HOUR_MS) / records) - next(BOUND_MS) }
  }
}

/** The input in batches: one closing record in each partition comes last. */
export function* events(work: Work): Generator<Event> {
  const pad = 'x'.repeat(40)
  for (const { key, v, at } of drawn(work)) yield { id: `k${key}`, v, at: BEGIN + at, pad }
  const open = new Set(Array.from({ length: PARTITIONS }, (_, partition) => partition))
  for (let i = 0; open.size > 0; i++) {
    const id = `${CLOSING}${i}`
    if (open.delete(partitionOf(Buffer.from(id), PARTITIONS))) yield { id, v: 0, at: BEGIN + 3 * HOUR_MS, pad }
  }
}

/** Keys of closing records begin with it; their results are nobody's. */
export const CLOSING = 'closing-'

/** What the results must be, and the account of what was found. */
export class Expected {
  readonly #counts: Int32Array
  readonly #sums: Float64Array
  readonly #updates: Int32Array
  readonly finals: number
  #seen = 0

  constructor(work: Work) {
    this.#counts = new Int32Array(work.keys * WINDOWS)
    this.#sums = new Float64Array(work.keys * WINDOWS)
    this.#updates = new Int32Array(work.keys * WINDOWS)
    for (const { key, v, at } of drawn(work)) {
      const slot = key * WINDOWS + Math.floor(at / SIZE_MS)
      this.#counts[slot] = (this.#counts[slot] as number) + 1
      this.#sums[slot] = (this.#sums[slot] as number) + v
    }
    this.finals = this.#counts.reduce((found, count) => found + (count > 0 ? 1 : 0), 0)
  }

  /** Takes a final; throws where it is wrong, or came before. */
  take(id: string, start: number, count: number, sum: number): void {
    if (id.startsWith(CLOSING)) return
    const slot = Number(id.slice(1)) * WINDOWS + (start - BEGIN) / SIZE_MS
    if (this.#counts[slot] !== count || this.#sums[slot] !== sum) {
      throw new Error(
        `${id} from ${start}: found count ${count} and sum ${sum}, expected ${this.#counts[slot]} and ${this.#sums[slot]}`,
      )
    }
    // A second final of a window finds nothing to be equal to.
    this.#counts[slot] = -1
    this.#seen++
  }

  /** Takes an update of a job with a result per record: its count is one more than before, at the end all are right. */
  update(id: string, start: number, count: number, sum: number): void {
    if (id.startsWith(CLOSING)) return
    const slot = Number(id.slice(1)) * WINDOWS + (start - BEGIN) / SIZE_MS
    const next = (this.#updates[slot] as number) + 1
    if (count !== next) throw new Error(`${id} from ${start}: found an update with count ${count}, expected ${next}`)
    this.#updates[slot] = next
    if (count === this.#counts[slot]) this.take(id, start, count, sum)
  }

  end(): void {
    if (this.#seen !== this.finals) throw new Error(`found ${this.#seen} finals, expected ${this.finals}`)
  }
}
