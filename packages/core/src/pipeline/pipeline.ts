/** Owns the finished description: sinks on a plan. It starts through the launcher it was built with. */
import { configError } from '../errors/stream-error.ts'
import type { Sink, ToOptions } from '../io/sink.ts'
import { type CompileOptions, type Compiled, compile } from './compile.ts'
import { type PlanJson, describePlan, planJson, planMermaid } from './describe.ts'
import { explainPlan } from './explain.ts'
import type { Job, StartOptions } from './job.ts'
import type { SinkNode } from './plan.ts'
import { type ServedResults, servedResults } from './served-results.ts'
import type { Pipeline } from './stages.ts'

/** Starts a job: the runtime's part, handed in so that descriptions do not depend on what runs them. */
export type Launch = (name: string, sinks: readonly SinkNode[], options: StartOptions) => Job<unknown>
type AddSink = (sink: Sink<never>, options?: ToOptions) => Pipeline<unknown>

export class PipelineBuilder implements Pipeline<unknown> {
  readonly name: string
  readonly sinks: readonly SinkNode[]
  readonly launch: Launch
  readonly #addSink: AddSink

  constructor(name: string, sinks: readonly SinkNode[], launch: Launch, addSink: AddSink) {
    this.name = name
    this.sinks = sinks
    this.launch = launch
    this.#addSink = addSink
    Object.freeze(this)
  }

  to(sink: Sink<never>, options?: ToOptions): Pipeline<unknown> {
    return this.#addSink(sink, options)
  }

  start(options: StartOptions = {}): Job<unknown> {
    return this.launch(this.name, this.sinks, options)
  }

  describe(): string {
    return describePlan(this.name, this.sinks)
  }

  explain(): string {
    return explainPlan(this.name, this.sinks)
  }

  toMermaid(): string {
    return planMermaid(this.sinks)
  }

  toJSON(): PlanJson {
    return planJson(this.name, this.sinks)
  }
}

/**
 * Several pipelines as one job: what they share (a source, a keyed stream) runs once, and they have one watermark.
 * @throws StreamError BAD_TOGETHER for none, or for something that is no pipeline
 */
export function together<P, In>(...pipelines: readonly Pipeline<P, In>[]): Pipeline<P, In> {
  const parts = pipelines.map(builderOf)
  const [first] = parts
  if (first === undefined)
    throw configError('BAD_TOGETHER', 'together', {
      saw: 'nothing',
      expected: 'at least one pipeline',
      remedy: 'Pass the pipelines that are to run as one job.',
    })
  const build = (sinks: readonly SinkNode[]): Pipeline<unknown> =>
    new PipelineBuilder(first.name, Object.freeze(sinks), first.launch, (sink, options) => {
      const last = sinks.at(-1) as SinkNode
      return build([
        ...sinks,
        Object.freeze({ op: 'sink', from: last.from, sink, role: options?.role, name: options?.name }),
      ])
    })
  return build([...new Set(parts.flatMap((part) => part.sinks))]) as Pipeline<P, In>
}

/**
 * The synchronous engine under a pipeline, for tests and for hosts that bring a driver of their own: batches and ticks
 * go in at `task`, items for sinks come out at its endpoints. Nothing in it awaits or reads a clock.
 */
export function engineOf(pipeline: Pipeline<unknown>, options?: CompileOptions): Compiled {
  const { name, sinks } = builderOf(pipeline)
  return compile(name, sinks, options)
}

/**
 * What a reader of the pipeline's stored results has to know; the pipeline need not run in this process.
 * @throws StreamError NOT_SERVED where its results cannot be kept in two tiers, with what to change
 */
export function servedBy(pipeline: Pipeline<unknown>): ServedResults {
  const { name, sinks } = builderOf(pipeline)
  return servedResults(name, sinks)
}

function builderOf(pipeline: unknown): PipelineBuilder {
  if (pipeline instanceof PipelineBuilder) return pipeline
  throw configError('NOT_A_PIPELINE', 'A pipeline', {
    found: pipeline,
    expected: 'what to(sink) returns',
    remedy: 'End the pipeline with to(sink).',
  })
}
