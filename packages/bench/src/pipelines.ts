/** Owns the engine's side: the same work through the public API. */
import {
  type Input,
  type Job,
  type Pane,
  type Pipeline,
  type Records,
  type Sink,
  type SinkWriter,
  type StartOptions,
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  boundedOutOfOrderness,
  collected,
  forEach,
  monotonous,
  ms,
  pipeline,
  tumbling,
} from '@tidemark/core'
import type { Priced } from './hand/chain.ts'
import type { Totals } from './hand/totals.ts'
import type { Event } from './records.ts'

export type TotalsPane = Pane<string, Readonly<Totals>, TimeWindow>

export interface TotalsOptions {
  readonly windows: WindowAssigner<unknown, TimeWindow>
  /** How far behind a record may be; 0 by default. */
  readonly boundMs?: number
  readonly latenessMs?: number
  readonly trigger?: Trigger<TimeWindow>
}

export const MINUTE = 60_000
export const minutes: WindowAssigner<unknown, TimeWindow> = tumbling(ms(MINUTE))

/** Count and sum per key and window. */
export function totals(input: Input<Event>, sink: Sink<TotalsPane>, options: TotalsOptions): Pipeline<TotalsPane> {
  return totalsOf(pipeline('bench').from(input), sink, options)
}

function totalsOf(
  records: Records<Event>,
  sink: Sink<TotalsPane>,
  { windows, boundMs = 0, latenessMs, trigger }: TotalsOptions,
): Pipeline<TotalsPane> {
  return records
    .eventTime({
      timestamp: (event) => event.at,
      watermark: boundMs === 0 ? monotonous() : boundedOutOfOrderness(ms(boundMs)),
    })
    .keyBy((event) => event.key)
    .window(windows, {
      ...(latenessMs === undefined ? {} : { allowedLateness: ms(latenessMs) }),
      ...(trigger === undefined ? {} : { trigger }),
    })
    .aggregate((a) => ({ count: a.count(), sum: a.sum((event) => event.value) }))
    .to(sink)
}

/** From an array, or whatever else, to an array. */
export async function totalsPanes(
  input: Input<Event>,
  options: TotalsOptions,
  start: StartOptions = {},
): Promise<readonly TotalsPane[]> {
  const sink = collected<TotalsPane>()
  await totals(input, sink, options).start(start).done
  return sink.items
}

/** What a broker delivers. */
export interface Message {
  readonly value: Buffer
}

export async function decodedPanes(messages: readonly Message[]): Promise<readonly TotalsPane[]> {
  const sink = collected<TotalsPane>()
  const events = pipeline('bench-json')
    .from(messages)
    .map((message) => JSON.parse(message.value.toString()) as Event)
  await totalsOf(events, sink, { windows: minutes }).start().done
  return sink.items
}

/** From an AsyncIterable of batches to one of panes. `from` knows no batches: each is a record that is flattened. */
export function streamedPanes(batches: AsyncIterable<readonly Event[]>): Promise<readonly TotalsPane[]> {
  const events = pipeline('bench-stream')
    .from(batches)
    .flatMap((batch) => batch)
  return read(
    totalsOf(
      events,
      forEach<TotalsPane>(() => {}),
      { windows: minutes },
    ).start(),
  )
}

/** The same with an AsyncIterable of records. */
export function streamedRecordPanes(records: AsyncIterable<Event>): Promise<readonly TotalsPane[]> {
  return read(
    totals(
      records,
      forEach<TotalsPane>(() => {}),
      { windows: minutes },
    ).start(),
  )
}

async function read(job: Job<TotalsPane>): Promise<readonly TotalsPane[]> {
  const panes: TotalsPane[] = []
  for await (const pane of job.results()) panes.push(pane)
  return panes
}

export async function chained(records: readonly Event[]): Promise<readonly Priced[]> {
  const sink = collected<Priced>()
  await pipeline('bench-chain')
    .from(records)
    .filter((event) => event.value % 10 !== 0)
    .map((event) => ({ key: event.key, cents: event.value * 100 }))
    .map((priced) => ({ key: priced.key, cents: priced.cents + (priced.cents >> 2) }))
    .filter((priced) => priced.cents > 5_000)
    .to(sink)
    .start().done
  return sink.items
}

/** A sink of a function for batches. */
export function batchSink<P>(
  write: (batch: readonly P[]) => void,
  progress: SinkWriter<P>['progress'] = () => {},
): Sink<P> {
  return { kind: 'batch', open: async () => ({ write, progress, flush: async () => {}, close: async () => {} }) }
}
