/** Owns the classes behind the stages: each call makes one plan node and the next stage. Mistakes are thrown here. */
import type { AnyAggregator } from '../aggregate/aggregator.ts'
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { aggregators } from '../aggregate/aggregators.ts'
import { configError } from '../errors/stream-error.ts'
import { toSource } from '../io/inputs.ts'
import type { Sink, ToOptions } from '../io/sink.ts'
import type { Accumulation, LateRecord } from '../pane/pane.ts'
import { toMs } from '../time/duration.ts'
import { watermarkThenUpdates } from '../trigger/watermark-then-updates.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import { type Fn, checkFn, checkPolicy, checkSink, checkTrigger, oneOf, optional } from './checks.ts'
import { type Launch, PipelineBuilder } from './pipeline.ts'
import type {
  KeyNode,
  MergeNode,
  OnError,
  RecordInput,
  RecordNode,
  ResultInput,
  SinkNode,
  TimeNode,
  WindowNode,
} from './plan.ts'
import type {
  EventTimeOptions,
  Input,
  Pipeline,
  Records,
  StageOptions,
  Start,
  TimedRecords,
  WindowOptions,
} from './stages.ts'

/** More entries than this need a decision of the user's. */
const DEFAULT_MAX_KEYS = 10_000_000
const DEFAULT_STALLED_MS = 60_000

/** Begins a pipeline that starts through a launcher; the runtime hands in its own. */
export function begin(launch: Launch, name: string, options: StageOptions = {}): Start {
  if (typeof name !== 'string' || name === '') {
    throw configError('BAD_NAME', 'The name of a pipeline', {
      found: name,
      expected: 'a text that is not empty',
      remedy: 'Checkpoints and metrics are kept under it.',
    })
  }
  const context: Context = { pipeline: name, onError: checkPolicy(options.onError ?? 'fail'), launch }
  return Object.freeze({
    name,
    from: <T>(input: Input<T>): Records<T, T> => {
      const source = toSource(input)
      return new RecordStage(
        context,
        Object.freeze({ op: 'source', pipeline: name, source, onError: context.onError }),
      ) as never
    },
  })
}

// What a stream carries is inferred from the arguments: any here, exact in the answer.
// oxlint-disable-next-line no-explicit-any
type AnyTimed = TimedRecords<any, any>
type ValueOf<S> = S extends TimedRecords<infer T, infer _> ? T : never
type InOf<S> = S extends TimedRecords<infer _, infer In> ? In : never

/** Unites streams with event time (from one pipeline or several) into one; the watermark is the slowest's. */
export function merge<S extends readonly [AnyTimed, ...AnyTimed[]]>(
  ...streams: S
): TimedRecords<ValueOf<S[number]>, InOf<S[number]>> {
  const stages = streams as readonly unknown[]
  for (const stage of stages) {
    if (stage instanceof RecordStage && stage.timed) continue
    throw configError('BAD_MERGE', 'merge', {
      found: stage,
      expected: 'streams that have been through eventTime',
      remedy: 'Call eventTime on each stream first.',
    })
  }
  const [first] = stages as readonly [RecordStage]
  const node: MergeNode = Object.freeze({
    op: 'merge',
    from: Object.freeze(stages.map((stage) => (stage as RecordStage).node)),
  })
  return new RecordStage(first.context, node, true) as never
}

interface Context {
  readonly pipeline: string
  readonly onError: OnError
  readonly launch: Launch
}

/** Records and TimedRecords: the same stage, before and after eventTime. */
class RecordStage {
  readonly context: Context
  readonly node: RecordInput
  readonly timed: boolean

  constructor(context: Context, node: RecordInput, timed = false) {
    this.context = context
    this.node = node
    this.timed = timed
    Object.freeze(this)
  }

  filter(fn: Fn, options?: StageOptions): RecordStage {
    return this.#then('filter', fn, options)
  }

  map(fn: Fn, options?: StageOptions): RecordStage {
    return this.#then('map', fn, options)
  }

  flatMap(fn: Fn, options?: StageOptions): RecordStage {
    return this.#then('flatMap', fn, options)
  }

  tap(fn: Fn, options?: StageOptions): RecordStage {
    return this.#then('tap', fn, options)
  }

  eventTime(options: EventTimeOptions<never>): RecordStage {
    if (this.timed)
      throw configError('TIME_TWICE', 'eventTime', {
        saw: 'a stream that has event time',
        expected: 'one eventTime per stream',
        remedy: 'Remove the second call.',
      })
    const { watermark } = options
    if (typeof watermark?.observe !== 'function') {
      throw configError('NO_WATERMARK', "'watermark' of eventTime", {
        found: watermark,
        expected: 'a watermark strategy',
        remedy: "Say what lateness to expect: boundedOutOfOrderness('5s'), monotonous() or punctuated(fn).",
      })
    }
    const idleAfterMs = optional(options.idleAfter, "'idleAfter' of eventTime")
    const whenAllIdle = options.whenAllIdle ?? 'hold'
    if (whenAllIdle === 'advance' && idleAfterMs === undefined) {
      throw configError('NO_IDLE_AFTER', "whenAllIdle: 'advance'", {
        saw: 'no idleAfter',
        expected: 'an idleAfter',
        remedy: "Say after which silence a split is idle, as in idleAfter: '1m'.",
      })
    }
    const node: TimeNode = {
      op: 'eventTime',
      from: this.node,
      onError: this.#policy(options),
      timestamp: checkFn(options.timestamp, "'timestamp' of eventTime"),
      watermark: watermark as never,
      idleAfterMs,
      whenAllIdle,
      stalledAfterMs: optional(options.stalledAfter, "'stalledAfter' of eventTime") ?? DEFAULT_STALLED_MS,
      maxAheadMs: optional(options.maxAhead, "'maxAhead' of eventTime"),
      maxDriftMs: optional(options.maxDrift, "'maxDrift' of eventTime"),
    }
    return new RecordStage(this.context, Object.freeze(node), true)
  }

  keyBy(fn: Fn, options?: StageOptions): KeyedStage {
    if (!this.timed)
      throw configError('NO_EVENT_TIME', 'keyBy', {
        saw: 'a stream without event time',
        expected: 'eventTime before keyBy',
        remedy: 'Call eventTime({ timestamp, watermark }) first.',
      })
    return new KeyedStage(
      this.context,
      Object.freeze({ op: 'keyBy', from: this.node, fn: checkFn(fn, 'keyBy'), onError: this.#policy(options) }),
      undefined,
    )
  }

  to(sink: Sink<never>, options?: ToOptions): Pipeline<unknown> {
    return output(this.context, this.node, [], sink, options)
  }

  #then(op: RecordNode['op'], fn: Fn, options: StageOptions | undefined): RecordStage {
    return new RecordStage(
      this.context,
      Object.freeze({ op, from: this.node, fn: checkFn(fn, op), onError: this.#policy(options) }),
      this.timed,
    )
  }

  #policy(options: StageOptions | undefined): OnError {
    return options?.onError === undefined ? this.context.onError : checkPolicy(options.onError)
  }
}

class KeyedStage {
  readonly #context: Context
  readonly #node: KeyNode
  readonly #name: string | undefined

  constructor(context: Context, node: KeyNode, name: string | undefined) {
    this.#context = context
    this.#node = node
    this.#name = name
    Object.freeze(this)
  }

  name(name: string): KeyedStage {
    return new KeyedStage(this.#context, this.#node, name)
  }

  window(assigner: WindowAssigner<never, unknown>, options: WindowOptions<never, Accumulation> = {}): WindowedStage {
    if (typeof assigner?.assign !== 'function' || assigner.shape === undefined) {
      throw configError('BAD_WINDOWS', 'window', {
        found: assigner,
        expected: 'a window assigner',
        remedy:
          "Write tumbling('1m'), hopping, session, calendar, slidingByRecord, oneWindow() or assignWindows({ assign }).",
      })
    }
    const {
      accumulation = 'accumulating',
      trigger = watermarkThenUpdates(),
      closing = 'nonEmpty',
      maxKeys = DEFAULT_MAX_KEYS,
      whenFull = 'fail',
    } = options
    oneOf('accumulation', accumulation, ['accumulating', 'retracting', 'discarding'])
    oneOf('onTime', options.onTime ?? 'nonEmpty', ['always', 'nonEmpty'])
    oneOf('closing', closing, ['always', 'nonEmpty'])
    oneOf('whenFull', whenFull, ['fail', 'shed'])
    const latenessMs = optional(options.allowedLateness, "'allowedLateness' of window", toMs) ?? 0
    checkTrigger(trigger, latenessMs, options)
    if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
      throw configError('BAD_MAX_KEYS', "'maxKeys' of window", {
        found: maxKeys,
        expected: 'a whole number of at least 1',
        remedy: 'It bounds the entries of (key, window) that are kept.',
      })
    }
    return new WindowedStage(
      this.#context,
      Object.freeze({
        op: 'window',
        from: this.#node,
        name: this.#name,
        assigner,
        trigger,
        accumulation,
        closing,
        maxKeys,
        whenFull,
        gate: options.gate,
        latenessMs,
        allowDataLoss: options.allowDataLoss ?? false,
        onTime: options.onTime ?? trigger.onTime ?? 'nonEmpty',
        onError: options.onError === undefined ? this.#context.onError : checkPolicy(options.onError),
        late: Object.freeze([]),
      }),
    )
  }
}

class WindowedStage {
  readonly #context: Context
  readonly #node: Omit<WindowNode, 'aggregate'>

  constructor(context: Context, node: Omit<WindowNode, 'aggregate'>) {
    this.#context = context
    this.#node = node
    Object.freeze(this)
  }

  lateTo(sink: Sink<LateRecord<unknown, unknown>>): WindowedStage {
    return new WindowedStage(
      this.#context,
      Object.freeze({
        ...this.#node,
        late: Object.freeze([...this.#node.late, checkSink(sink as Sink<never>) as typeof sink]),
      }),
    )
  }

  aggregate(what: (a: typeof aggregators) => WindowNode['aggregate']): ResultStage {
    const aggregate = checkFn(what, 'aggregate')(aggregators as never, undefined as never) as WindowNode['aggregate']
    // Made here only to be checked: a mistake is thrown while the pipeline is built.
    new AggregateSpec(aggregate)
    return new ResultStage(this.#context, Object.freeze({ ...this.#node, aggregate }))
  }

  count(): ResultStage {
    return this.aggregate((a) => a.count() as AnyAggregator<never>)
  }

  sum(of: (value: unknown) => number): ResultStage {
    return this.aggregate((a) => a.sum(of) as AnyAggregator<never>)
  }

  reduce(combine: (a: unknown, b: unknown) => unknown): ResultStage {
    return this.aggregate((a) => a.reduce(combine) as AnyAggregator<never>)
  }

  collect(options: { readonly max: number }): ResultStage {
    return this.aggregate((a) => a.collect(options) as AnyAggregator<never>)
  }
}

class ResultStage {
  readonly #context: Context
  readonly #node: ResultInput

  constructor(context: Context, node: ResultInput) {
    this.#context = context
    this.#node = node
    Object.freeze(this)
  }

  map(fn: Fn, options?: StageOptions): ResultStage {
    return this.#then('mapResults', fn, options)
  }

  filter(fn: Fn, options?: StageOptions): ResultStage {
    return this.#then('filterResults', fn, options)
  }

  to(sink: Sink<never>, options?: ToOptions): Pipeline<unknown> {
    return output(this.#context, this.#node, [], sink, options)
  }

  #then(op: 'mapResults' | 'filterResults', fn: Fn, options: StageOptions | undefined): ResultStage {
    const onError = options?.onError === undefined ? this.#context.onError : checkPolicy(options.onError)
    return new ResultStage(this.#context, Object.freeze({ op, from: this.#node, fn: checkFn(fn, op), onError }))
  }
}

/** One more sink on a stream, with the checks that need to know both. */
function output(
  context: Context,
  from: SinkNode['from'],
  others: readonly SinkNode[],
  sink: Sink<never>,
  options: ToOptions = {},
): Pipeline<unknown> {
  oneOf('role', options.role ?? 'primary', ['primary', 'required', 'bestEffort'])
  checkSink(sink)
  let window: SinkNode['from'] = from
  while (window.op === 'mapResults' || window.op === 'filterResults') window = window.from
  if (sink.latestValuesOnly === true && window.op === 'window' && window.accumulation === 'discarding') {
    throw configError('DELTAS_LOSE_DATA', `The sink '${sink.kind ?? 'of latest values'}'`, {
      saw: "a pipeline with accumulation: 'discarding', whose panes are differences",
      expected: 'panes with whole values: a store of latest values would keep only the last difference',
      remedy: "Use accumulation: 'accumulating', or a sink that adds deltas up.",
    })
  }
  const node: SinkNode = Object.freeze({ op: 'sink', from, sink, role: options.role, name: options.name })
  const sinks = Object.freeze([...others, node])
  return new PipelineBuilder(context.pipeline, sinks, context.launch, (next, how) =>
    output(context, from, sinks, next, how),
  ) as Pipeline<unknown>
}
