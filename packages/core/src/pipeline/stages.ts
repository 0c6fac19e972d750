/**
 * Owns the stages that users see, as types: a wrong order of calls is a missing method. Parameters: K key, V value,
 * W window, M accumulation, In what the sources deliver (types only, for simulate).
 */
import type { AnyAggregator } from '../aggregate/aggregator.ts'
import type { Aggregators, Outcome } from '../aggregate/aggregators.ts'
import type { Key, Meta, TimedMeta } from '../io/meta.ts'
import type { Sink, ToOptions } from '../io/sink.ts'
import type { Source } from '../io/source.ts'
import type { Accumulation, Correction, LateRecord, PaneMeta, PaneOf } from '../pane/pane.ts'
import type { PaneGate } from '../trigger/gate.ts'
import type { Job, StartOptions } from './job.ts'
import type { Duration } from '../time/duration.ts'
import type { WatermarkStrategy } from '../time/watermark.ts'
import type { Trigger } from '../trigger/trigger.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import type { TimeWindow } from '../window/window.ts'
import type { PlanJson } from './describe.ts'
import type { OnError } from './plan.ts'

/** What tells a Web ReadableStream from other inputs, by a method whose type names T once (getReader is overloaded). */
export interface WebStream<T> {
  pipeTo(destination: { getWriter(): { write(chunk?: T): Promise<void> } }): Promise<void>
}
/** What `from` accepts. */
export type Input<T> = Source<T> | Iterable<T> | AsyncIterable<T> | WebStream<T>
/** A user function is synchronous: a promise is not a value. What awaits stands at the edge, in sources and sinks. */
export type Sync<U> = U extends PromiseLike<unknown> ? { readonly 'user functions are synchronous': never } : unknown

/** What a stage does with a record that its function refuses; the default is the pipeline's, and that is 'fail'. */
export interface StageOptions {
  readonly onError?: OnError
}

export interface EventTimeOptions<in T> extends StageOptions {
  /** When it happened, ms since the epoch. */
  readonly timestamp: (value: T, meta: Meta) => number
  /** How late data may be expected: your knowledge, so there is no default. `monotonous()` is Kafka Streams' stream time. */
  readonly watermark: WatermarkStrategy<T>
  /** A split that has nothing more to read for this long (processing time) no longer holds the watermark. */
  readonly idleAfter?: Duration
  /** 'advance': when all splits are idle the watermark follows processing time; needs idleAfter. */
  readonly whenAllIdle?: 'hold' | 'advance'
  /** A watermark that stands still this long while something waits is announced as `stalled`. Default 1m. */
  readonly stalledAfter?: Duration
  /** A record stamped further ahead of its arrival than this does not move the watermark; it is counted. */
  readonly maxAhead?: Duration
  /** A split further ahead of the slowest than this is paused, so that a replay does not grow state without bound. */
  readonly maxDrift?: Duration
}

export interface WindowOptions<in W, out M extends Accumulation = 'accumulating'> extends StageOptions {
  /** How long after its completion a window is still updated. Default 0: what comes later goes to the late output. */
  readonly allowedLateness?: Duration
  /** When panes come out. Default watermarkThenUpdates(). */
  readonly trigger?: Trigger<W>
  /**
   * How panes relate. Default accumulating: each pane is the whole value. retracting: the same, each after a retraction
   * of the one before. discarding: the difference since the last pane.
   */
  readonly accumulation?: M
  /** Whether the pane at completion comes even if nothing arrived since the last one. Default: what the trigger says. */
  readonly onTime?: 'always' | 'nonEmpty'
  /** Whether a last pane comes when the window is freed even if nothing arrived since the last one. Default 'nonEmpty'. */
  readonly closing?: 'always' | 'nonEmpty'
  /** Stands behind the trigger and may delay or swallow what it fires, but never loses: onChange(), atMostEvery('10s'). */
  readonly gate?: PaneGate
  /**
   * Accepts a trigger that may finish while the window still takes records. What comes after is kept, but not shown
   * before the window is freed; `oneWindow()` is freed at the end of input only.
   */
  readonly allowDataLoss?: boolean
  /** At most this many entries of (key, window) are kept. Default 10 million. */
  readonly maxKeys?: number
  /** When maxKeys is reached: fail the job (default), or send what would need a new entry to the late output, counted. */
  readonly whenFull?: 'fail' | 'shed'
}

/** How a stream of bare updates becomes one of finals and late updates. */
export interface FinalizeOptions<in T> extends StageOptions {
  /** The window that an update is about: the update's own statement, half-open. */
  readonly window: (update: T) => TimeWindow
  /** How long after the end of its window (event time) an update is waited for before the newest is released. */
  readonly lag: Duration
  /** Whether an update says that there is no result any more (a tombstone). What was released is withdrawn then. */
  readonly deleted?: (update: T) => boolean
  /** How long after the release an update is still passed on, as a late one. Default 0. */
  readonly allowedLateness?: Duration
  /** Where updates go that come later still. */
  readonly lateTo?: Sink<LateRecord<T>>
  /** Whether a last pane comes when nothing can change the result any more. Default 'nonEmpty'. */
  readonly closing?: 'always' | 'nonEmpty'
  /** As of windows: at most this many keys and windows are kept. Default 10 million. */
  readonly maxKeys?: number
  readonly whenFull?: 'fail' | 'shed'
}

/** What of the results goes into windows over them. */
export interface ResultKeyOptions extends StageOptions {
  /**
   * 'completion' leaves early panes out: fewer updates, each of a complete window. It needs whole values and a pane at
   * completion that comes whatever was shown before, and is refused elsewhere. Default 'all'.
   */
  readonly from?: 'all' | 'completion'
  /**
   * What a record that is too late for these results does to the windows over them, which only you know. 'add': what it
   * alone makes of a result is one more value there. Exact where parts of a result add up to it, as counts, sums and what
   * `map` takes from them in proportion do under `sum`, or highest values under `max`. 'none': nothing, it is late and no
   * more. Corrections and serving tiers ask for one of them.
   */
  readonly corrections?: 'add' | 'none'
}

/** The beginning of a pipeline: sources come in here; several can be merged. */
export interface Start {
  readonly name: string
  from<T>(input: Input<T>): Records<T, T>
}

/** Records as the source delivers them, without event time. */
export interface Records<T, In = unknown> {
  filter<S extends T>(keep: (value: T, meta: Meta) => value is S, options?: StageOptions): Records<S, In>
  filter(keep: (value: T, meta: Meta) => boolean, options?: StageOptions): Records<T, In>
  map<U>(fn: (value: T, meta: Meta) => U & Sync<U>, options?: StageOptions): Records<U, In>
  flatMap<U>(fn: (value: T, meta: Meta) => Iterable<U>, options?: StageOptions): Records<U, In>
  /** Looks at each record and passes it on. */
  tap(fn: (value: T, meta: Meta) => void, options?: StageOptions): Records<T, In>
  /** The one place for time: what a record's timestamp is and how far each record proves that time has come. */
  eventTime(options: EventTimeOptions<T>): TimedRecords<T, In>
  to(sink: Sink<T>, options?: ToOptions): Pipeline<T, In>
}

/** Records with event time. */
export interface TimedRecords<T, In = unknown> {
  filter<S extends T>(keep: (value: T, meta: TimedMeta) => value is S, options?: StageOptions): TimedRecords<S, In>
  filter(keep: (value: T, meta: TimedMeta) => boolean, options?: StageOptions): TimedRecords<T, In>
  map<U>(fn: (value: T, meta: TimedMeta) => U & Sync<U>, options?: StageOptions): TimedRecords<U, In>
  flatMap<U>(fn: (value: T, meta: TimedMeta) => Iterable<U>, options?: StageOptions): TimedRecords<U, In>
  tap(fn: (value: T, meta: TimedMeta) => void, options?: StageOptions): TimedRecords<T, In>
  keyBy<const K extends Key>(key: (value: T, meta: TimedMeta) => K, options?: KeyOptions): KeyedRecords<K, T, In>
  /**
   * By the key that each record has at its source (`meta.key`): the record key of Kafka. K is what the source's key
   * decoder gives; a record without a key is an error of the record (NO_RECORD_KEY).
   */
  keyByRecordKey<K extends Key = Key>(options?: StageOptions): KeyedRecords<K, T, In>
  to(sink: Sink<T>, options?: ToOptions): Pipeline<T, In>
}

export interface KeyOptions extends StageOptions {
  /**
   * Records of one key are in one split of the source, as when the key is made of the record key alone. Where several
   * processes share the splits, any other key would be counted in several places.
   */
  readonly keepsPartition?: boolean
}

/** Records by key. One keyed stream may feed several windows. */
export interface KeyedRecords<K extends Key, T, In = unknown> {
  /** Names the windows made from here: for metrics, errors and checkpoints. */
  name(name: string): KeyedRecords<K, T, In>
  /**
   * Where records count, when results come and how they relate.
   * @throws StreamError TRIGGER_FINISHES for a trigger that may stop before its window does; TWO_GATES and
   * DELTAS_LOSE_DATA for a gate that does not fit; LATENESS_TOO_SMALL and RESULTS_MAY_CHANGE over results
   * @example window(tumbling('1m'), { trigger: earlyAndLate({ earlyEvery: '10s' }), allowedLateness: '10m' })
   */
  window<W, M extends Accumulation = 'accumulating'>(
    assigner: WindowAssigner<T, W>,
    options?: WindowOptions<NoInfer<W>, M>,
  ): WindowedRecords<K, T, W, M, In>
  /**
   * For updates that do not say which is the last (windowed aggregates of another system, upserts of a database):
   * releases the newest of each key and window, by arrival, when the watermark has passed the window's end by `lag`, then
   * one pane per late update, then counts what comes later still as too late. Event time is what `eventTime` says of an
   * update: best the end of its window. An update whose window is no window goes to the stage's policy (BAD_WINDOW).
   * @example finalize({ window: (row) => ({ start: row.from, end: row.to }), lag: '30s', allowedLateness: '10m' })
   */
  finalize(options: FinalizeOptions<T>): Results<K, T, TimeWindow, 'accumulating', In>
}

/** Records by key and window: what is computed from them is still to be said. */
export interface WindowedRecords<
  K extends Key,
  T,
  W = TimeWindow,
  M extends Accumulation = 'accumulating',
  In = unknown,
> {
  /** Where records go that come too late for a window (or are shed): value, window, lateness, position. */
  lateTo(sink: Sink<LateRecord<T, W>>): WindowedRecords<K, T, W, M, In>
  /** One aggregator, or several by name in one pass. */
  aggregate<A extends AnyAggregator<T> | { readonly [name: string]: AnyAggregator<T> }>(
    what: (a: Aggregators<T>) => A,
  ): Results<K, Outcome<A>, W, M, In>
  count(): Results<K, number, W, M, In>
  sum(of: (value: T) => number): Results<K, number, W, M, In>
  reduce(combine: (a: T, b: T) => T): Results<K, T, W, M, In>
  collect(options: { readonly max: number }): Results<K, readonly T[], W, M, In>
}

/** What windows yield. */
export interface Results<K extends Key, V, W = TimeWindow, M extends Accumulation = 'accumulating', In = unknown> {
  map<U>(fn: (value: V, pane: PaneMeta<K, W>) => U & Sync<U>, options?: StageOptions): Results<K, U, W, M, In>
  /** Keeps panes whose value passes; one that stops passing is withdrawn by a retraction of the last that did. */
  filter<S extends V>(
    keep: (value: V, pane: PaneMeta<K, W>) => value is S,
    options?: StageOptions,
  ): Results<K, S, W, M, In>
  filter(keep: (value: V, pane: PaneMeta<K, W>) => boolean, options?: StageOptions): Results<K, V, W, M, In>
  /**
   * Windows over results, as minutes into hours: a pane's event time is the last instant of its window, and a new pane of
   * a key and window takes the place of the one before, so that nothing counts twice. For windows with bounds only. Their
   * allowed lateness defaults to that of these windows and cannot be smaller. Their watermark is behind by as much as a
   * first result may come after its window's end, so none is late.
   * @throws StreamError RESULTS_WITHOUT_TIME for results of oneWindow(); EARLY_PANES_NEEDED where from: 'completion'
   * would miss what an early pane has shown
   * @example minutes.keyBy((_, { key }) => key).window(tumbling('1h')).sum((count) => count)
   */
  keyBy<const L extends Key>(
    key: W extends TimeWindow ? (value: V, pane: PaneMeta<K, W>) => L : never,
    options?: ResultKeyOptions,
  ): KeyedRecords<L, V, In>
  /**
   * Where records that are too late go as corrections: what each adds to its window, encoded, under an id of its own. They
   * are reported as late as well. Sinks that keep accumulators get them among the panes.
   * @throws StreamError NO_CORRECTIONS for slidingByRecord, oneWindow, finalize, and windows over results that do not add up
   */
  correctionsTo(sink: Sink<Correction<K, W>>): Results<K, V, W, M, In>
  to(sink: Sink<PaneOf<K, V, W, M>>, options?: ToOptions): Pipeline<PaneOf<K, V, W, M>, In>
}

/** A frozen description, complete with its sinks: it can be started many times. */
export interface Pipeline<P, In = unknown> {
  readonly name: string
  /** One more sink for the same output; the first is the primary one. */
  to(sink: Sink<P>, options?: ToOptions): Pipeline<P, In>
  start(options?: StartOptions): Job<P>
  /** The plan as text. */
  describe(): string
  /**
   * What each window stage writes, in words: before a window is complete, then, late and when it is final; how many panes
   * a key and window can have, which are final and how a consumer can tell; what is withdrawn. For people.
   */
  explain(): string
  toMermaid(): string
  toJSON(): PlanJson
  /** Types only, never present: what comes out, and what the sources deliver (for simulate). */
  readonly '~types'?: { readonly out: P; readonly in: In }
}
