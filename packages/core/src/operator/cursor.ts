/**
 * Owns where the engine stands: the watermark and processing time of the task, and the record in hand. One of each per
 * task; nothing is made per record. Functions that take a second argument get a copy that they may keep.
 */
import type { Key, Position, TimedMeta } from '../io/meta.ts'
import type { Batch, RecordInfo } from '../io/source.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import { recordKey } from './record-key.ts'

/** The task's event-time frontier and processing time. */
export interface Frontier {
  watermark: number
  now: number
}

const NO_HEADERS: ReadonlyMap<string, Uint8Array> = new Map()
const NOTHING: Batch<never> = { split: '', records: [], first: 0n, next: 0n }

export class Cursor implements TimedMeta, Frontier {
  watermark: number = BEFORE_ALL
  now = 0
  batch: Batch<unknown> = NOTHING
  /** The name of the source that the batch comes from. */
  origin = ''
  index = 0
  eventTime: number = Number.NaN

  get #info(): RecordInfo | undefined {
    return this.batch.info?.(this.index)
  }

  get key(): Key | undefined {
    return this.#info?.key
  }

  get headers(): ReadonlyMap<string, Uint8Array> {
    return this.#info?.headers ?? NO_HEADERS
  }

  get timestamp(): number | undefined {
    return this.#info?.timestamp
  }

  get split(): string {
    return this.batch.split
  }

  get position(): Position {
    const { batch, index } = this
    return { split: batch.split, offset: batch.offsetOf?.(index) ?? batch.first + BigInt(index) }
  }

  get arrivedAt(): number {
    return this.batch.arrivals?.[this.index] ?? this.now
  }

  /** What the source delivered for the record in hand. */
  get original(): unknown {
    return this.batch.records[this.index]
  }

  /** A copy that stays true when the cursor moves on. */
  keep(): TimedMeta {
    const { key, headers, split, position, arrivedAt, timestamp, eventTime } = this
    return { key, headers, split, position, arrivedAt, timestamp, eventTime }
  }
}

/** A user function as the engine calls it: with the cursor as meta. */
export type Call<R> = (value: unknown, cursor: Cursor) => R

/** What a function is given beside the value: one that declares a second parameter gets meta that it may keep. */
export function metaFor(fn: (value: never, meta: never) => unknown): 'nothing' | 'cursor' | 'copy' {
  if (fn === recordKey) return 'cursor'
  return fn.length >= 2 ? 'copy' : 'nothing'
}

/** The function as the engine calls it. */
export function withMeta<R>(fn: (value: never, meta: never) => R): Call<R> {
  const call = fn as unknown as (value: unknown, meta: TimedMeta) => R
  return metaFor(fn) === 'copy' ? (value, cursor) => call(value, cursor.keep()) : call
}
