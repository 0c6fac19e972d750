/**
 * Owns watermark strategies: how far a record proves that event time has come. A watermark W is a frontier: no later
 * record of the split has a timestamp below W. Strategies hold no state: the engine keeps the greatest answer of each
 * split, which is part of snapshots and committed positions.
 */
import { described } from './described.ts'
import type { TimedMeta } from '../io/meta.ts'
import { type Duration, showMs, toMs } from './duration.ts'

/**
 * Says after each record which watermark it proves; undefined: none. `boundMs`, where present, states that the answer
 * is always the timestamp minus that number, which lets the engine skip the call.
 */
export interface WatermarkStrategy<in T> {
  readonly kind: string
  readonly boundMs?: number
  readonly observe: (value: T, meta: TimedMeta) => number | undefined
}

/**
 * Records are at most `bound` late against the greatest timestamp of their split: W = greatest timestamp − bound.
 * (Flink's forBoundedOutOfOrderness; its number is ours minus one.)
 */
export function boundedOutOfOrderness(bound: Duration): WatermarkStrategy<unknown> {
  const boundMs = toMs(bound, 'The bound of boundedOutOfOrderness')
  return described({
    kind: `boundedOutOfOrderness(${showMs(boundMs)})`,
    boundMs,
    observe: (_: unknown, meta: TimedMeta) => meta.eventTime - boundMs,
  })
}

/** Each split delivers in order of event time: W = greatest timestamp. (Kafka Streams' stream time.) */
export function monotonous(): WatermarkStrategy<unknown> {
  return described({ kind: 'monotonous()', boundMs: 0, observe: (_: unknown, meta: TimedMeta) => meta.eventTime })
}

/** The data itself says how far time has come: `fn` returns a watermark, or undefined for a record that says nothing. */
export function punctuated<T>(fn: (value: T, meta: TimedMeta) => number | undefined): WatermarkStrategy<T> {
  return described({ kind: 'punctuated', observe: fn })
}
