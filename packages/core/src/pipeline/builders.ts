/** Owns the classes behind the stages: each call makes one plan node and the next stage. Mistakes are thrown here. */
import { configError } from '../errors/stream-error.ts'
import { toSource } from '../io/inputs.ts'
import type { Sink, ToOptions } from '../io/sink.ts'
import { recordKey } from '../operator/record-key.ts'
import { type Fn, checkFn, checkPolicy, optional } from './checks.ts'
import type { Launch } from './pipeline.ts'
import type { MergeNode, OnError, RecordInput, RecordNode, TimeNode } from './plan.ts'
import type {
  EventTimeOptions,
  Input,
  KeyOptions,
  Pipeline,
  Records,
  StageOptions,
  Start,
  TimedRecords,
} from './stages.ts'
import { type Context, KeyedStage, output } from './window-builders.ts'

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

  keyBy(fn: Fn, options?: KeyOptions): KeyedStage {
    return this.#keyed('keyBy', checkFn(fn, 'keyBy'), options?.keepsPartition === true, options)
  }

  keyByRecordKey(options?: StageOptions): KeyedStage {
    return this.#keyed('keyByRecordKey', recordKey, true, options)
  }

  #keyed(what: string, fn: Fn, keepsPartition: boolean, options: StageOptions | undefined): KeyedStage {
    if (!this.timed)
      throw configError('NO_EVENT_TIME', what, {
        saw: 'a stream without event time',
        expected: `eventTime before ${what}`,
        remedy: 'Call eventTime({ timestamp, watermark }) first.',
      })
    return new KeyedStage(
      this.context,
      Object.freeze({ op: 'keyBy', from: this.node, fn, keepsPartition, onError: this.#policy(options) }),
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
