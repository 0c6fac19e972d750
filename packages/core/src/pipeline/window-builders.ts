/** Owns the classes behind keyed, windowed and result stages, and the end of a pipeline: sinks. */
import type { AnyAggregator } from '../aggregate/aggregator.ts'
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { aggregators } from '../aggregate/aggregators.ts'
import { NOTHING } from '../aggregate/nothing.ts'
import { configError } from '../errors/stream-error.ts'
import type { Sink, ToOptions } from '../io/sink.ts'
import type { Accumulation, LateRecord } from '../pane/pane.ts'
import { toMs } from '../time/duration.ts'
import { watermarkThenUpdates } from '../trigger/watermark-then-updates.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import type { TimeWindow } from '../window/window.ts'
import {
  type Fn,
  checkFn,
  checkOverResults,
  checkPolicy,
  checkResultKey,
  checkSink,
  checkTrigger,
  oneOf,
  optional,
} from './checks.ts'
import { checkCorrections } from './keeping.ts'
import { windowBefore, windowOf } from './over-results.ts'
import { type Launch, PipelineBuilder } from './pipeline.ts'
import type { KeyNode, OnError, ResultInput, ResultKeyNode, SinkNode, WindowNode } from './plan.ts'
import type { FinalizeOptions, Pipeline, ResultKeyOptions, StageOptions, WindowOptions } from './stages.ts'

/** More entries than this need a decision of the user's. */
const DEFAULT_MAX_KEYS = 10_000_000

/** What all stages of a pipeline share. */
export interface Context {
  readonly pipeline: string
  readonly onError: OnError
  readonly launch: Launch
  /** Sinks that were named on the way. */
  readonly sides?: readonly SinkNode[]
}

/** Records or results by key. */
export class KeyedStage {
  readonly #context: Context
  readonly #node: KeyNode | ResultKeyNode
  readonly #name: string | undefined

  constructor(context: Context, node: KeyNode | ResultKeyNode, name: string | undefined) {
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
    const latenessMs =
      optional(options.allowedLateness, "'allowedLateness' of window", toMs) ?? latenessBefore(this.#node)
    checkTrigger(trigger, latenessMs, options)
    if (!Number.isSafeInteger(maxKeys) || maxKeys < 1) {
      throw configError('BAD_MAX_KEYS', "'maxKeys' of window", {
        found: maxKeys,
        expected: 'a whole number of at least 1',
        remedy: 'It bounds the entries of (key, window) that are kept.',
      })
    }
    if (this.#node.op === 'keyResults') checkOverResults(this.#node, assigner, accumulation, latenessMs)
    return new WindowedStage(
      this.#context,
      Object.freeze({
        op: 'window',
        from: this.#node,
        name: this.#name,
        lagMs: 0,
        mayDelete: false,
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

  finalize(options: FinalizeOptions<never>): ResultStage {
    const { window, deleted, lateTo } = options
    checkFn(window, "'window' of finalize")
    if (deleted !== undefined) checkFn(deleted, "'deleted' of finalize")
    const lagMs = toMs(options.lag, "'lag' of finalize")
    const { lag, window: _window, deleted: _deleted, lateTo: _lateTo, ...rest } = options
    const assigner: WindowAssigner<never, TimeWindow> = Object.freeze({
      kind: `finalize(lag ${lag})`,
      assign: (_: number, update: never) => [window(update)],
      shape: Object.freeze({ type: 'custom', merge: false, stated: true } as const),
    })
    const windowed = this.window(assigner as never, rest)
    const newest = (lateTo === undefined ? windowed : windowed.lateTo(lateTo as never)).aggregate(
      (a) =>
        a.fold<unknown, unknown>({
          create: () => undefined,
          add: (_, update) => update,
          merge: (_, update) => update,
          result: (update) => (deleted?.(update as never) === true ? NOTHING : update),
        }) as AnyAggregator<never>,
    )
    return newest.with({ lagMs, mayDelete: deleted !== undefined })
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

/** What windows yield. */
class ResultStage {
  readonly #context: Context
  readonly #node: ResultInput

  constructor(context: Context, node: ResultInput) {
    this.#context = context
    this.#node = node
    Object.freeze(this)
  }

  /** The same results of a window stage with other settings. */
  with(settings: Pick<WindowNode, 'lagMs' | 'mayDelete'>): ResultStage {
    return new ResultStage(this.#context, Object.freeze({ ...(this.#node as WindowNode), ...settings }))
  }

  keyBy(fn: Fn, options: ResultKeyOptions = {}): KeyedStage {
    const { from = 'all', corrections } = options
    checkResultKey(this.#node, from)
    if (corrections !== undefined) oneOf("'corrections' of keyBy", corrections, ['add', 'none'])
    const node: ResultKeyNode = {
      op: 'keyResults',
      from: this.#node,
      fn: checkFn(fn, 'keyBy'),
      onError: options.onError === undefined ? this.#context.onError : checkPolicy(options.onError),
      panes: from,
      corrections,
    }
    return new KeyedStage(this.#context, Object.freeze(node), undefined)
  }

  map(fn: Fn, options?: StageOptions): ResultStage {
    return this.#then('mapResults', fn, options)
  }

  filter(fn: Fn, options?: StageOptions): ResultStage {
    return this.#then('filterResults', fn, options)
  }

  correctionsTo(sink: Sink<never>): ResultStage {
    const from = checkCorrections(this.#node)
    const side: SinkNode = Object.freeze({
      op: 'sink',
      only: 'corrections',
      from,
      sink: checkSink(sink),
      role: 'required',
      name: `${sink.kind ?? 'sink'} of corrections`,
    })
    const sides = Object.freeze([...(this.#context.sides ?? []), side])
    return new ResultStage({ ...this.#context, sides }, this.#node)
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
export function output(
  context: Context,
  from: SinkNode['from'],
  others: readonly SinkNode[],
  sink: Sink<never>,
  options: ToOptions = {},
): Pipeline<unknown> {
  oneOf('role', options.role ?? 'primary', ['primary', 'required', 'bestEffort'])
  checkSink(sink)
  if (sink.latestValuesOnly === true && windowBefore(from)?.accumulation === 'discarding') {
    throw configError('DELTAS_LOSE_DATA', `The sink '${sink.kind ?? 'of latest values'}'`, {
      saw: "a pipeline with accumulation: 'discarding', whose panes are differences",
      expected: 'panes with whole values: a store of latest values would keep only the last difference',
      remedy: "Use accumulation: 'accumulating', or a sink that adds deltas up.",
    })
  }
  const node: SinkNode = Object.freeze({ op: 'sink', from, sink, role: options.role, name: options.name })
  const sinks = Object.freeze(others.length === 0 ? [node, ...(context.sides ?? [])] : [...others, node])
  return new PipelineBuilder(context.pipeline, sinks, context.launch, (next, how) =>
    output(context, from, sinks, next, how),
  ) as Pipeline<unknown>
}

/** Windows over results accept at least what those before them do. */
function latenessBefore(node: KeyNode | ResultKeyNode): number {
  return node.op === 'keyResults' ? windowOf(node.from).latenessMs : 0
}
