/** Owns the engine's side: the same work through the public API, from an array to an array. */
import {
  boundedOutOfOrderness,
  collected,
  hopping,
  monotonous,
  ms,
  type Pane,
  pipeline,
  session,
  tumbling,
  type TimeWindow,
  type WindowAssigner,
} from '@tidemark/core'
import type { Priced } from './hand-loops.ts'
import type { Event } from './records.ts'

export interface Totals {
  readonly count: number
  readonly sum: number
}
export type TotalsPane = Pane<string, Totals, TimeWindow>

export function tumblingPanes(
  records: readonly Event[],
  sizeMs: number,
  boundMs: number,
): Promise<readonly TotalsPane[]> {
  return windowed(records, tumbling(ms(sizeMs)), boundMs)
}

export function hoppingPanes(
  records: readonly Event[],
  sizeMs: number,
  everyMs: number,
): Promise<readonly TotalsPane[]> {
  return windowed(records, hopping(ms(sizeMs), { every: ms(everyMs) }), 0)
}

export function sessionPanes(records: readonly Event[], gapMs: number): Promise<readonly TotalsPane[]> {
  return windowed(records, session(ms(gapMs)), 0)
}

async function windowed(
  records: readonly Event[],
  windows: WindowAssigner<unknown, TimeWindow>,
  boundMs: number,
): Promise<readonly TotalsPane[]> {
  const sink = collected<TotalsPane>()
  const job = pipeline('bench')
    .from(records)
    .eventTime({
      timestamp: (event) => event.at,
      watermark: boundMs === 0 ? monotonous() : boundedOutOfOrderness(ms(boundMs)),
    })
    .keyBy((event) => event.key)
    .window(windows)
    .aggregate((a) => ({ count: a.count(), sum: a.sum((event) => event.value) }))
    .to(sink)
    .start()
  await job.done
  return sink.items
}

export async function chained(records: readonly Event[]): Promise<readonly Priced[]> {
  const sink = collected<Priced>()
  const job = pipeline('bench-chain')
    .from(records)
    .filter((event) => event.value % 10 !== 0)
    .map((event) => ({ key: event.key, cents: event.value * 100 }))
    .map((priced) => ({ key: priced.key, cents: priced.cents + (priced.cents >> 2) }))
    .filter((priced) => priced.cents > 5_000)
    .to(sink)
    .start()
  await job.done
  return sink.items
}
