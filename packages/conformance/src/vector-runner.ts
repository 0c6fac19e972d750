/** Runs a conformance vector against the engine and says where it differs. The format is in vectors/README.md. */
import {
  type AnyAggregator,
  type Pane,
  type Trigger,
  type WindowAssigner,
  boundedOutOfOrderness,
  collected,
  engineOf,
  hopping,
  memorySource,
  ms,
  oneWindow,
  pipeline,
  punctuated,
  session,
  slidingByRecord,
  tumbling,
} from '@tidemark/core'
import { type TriggerSpec, triggerOf } from './trigger-of.ts'

export interface ExpectedPane {
  readonly key: string
  readonly window: readonly [number, number] | null
  readonly value: unknown
  readonly retract?: boolean
  readonly [field: string]: unknown
}
export interface Vector {
  readonly name: string
  readonly source: string
  readonly window: {
    readonly kind: string
    readonly size?: number
    readonly every?: number
    readonly offset?: number
    readonly gap?: number
  }
  readonly watermark: 'explicit' | { readonly boundedOutOfOrderness: number }
  readonly allowedLateness: number
  readonly aggregate: 'sum' | 'count' | 'min' | 'max' | 'collect'
  readonly trigger: TriggerSpec
  readonly accumulation: 'accumulating' | 'discarding' | 'retracting'
  readonly onTime: 'nonEmpty' | 'always'
  readonly closing: 'nonEmpty' | 'always'
  readonly steps: readonly {
    readonly record?: Record
    readonly watermark?: number
    readonly clock?: number
    readonly end?: boolean
  }[]
  readonly compare: readonly string[]
  readonly compareTooLate?: boolean
  readonly snapshotAfter?: number
  readonly expect: readonly {
    readonly step: number
    readonly panes?: readonly ExpectedPane[]
    readonly tooLate?: number
    /** The run must stop with an error here. */
    readonly fails?: boolean
  }[]
}
interface Record {
  readonly key: string
  readonly value: number
  readonly at: number
}

function windowOf({
  kind,
  size = 0,
  every = 0,
  offset: shift = 0,
  gap = 0,
}: Vector['window']): WindowAssigner<unknown, unknown> {
  const step = every === 0 ? size : every
  // Ours are durations: a negative offset is the same grid shifted on.
  const offset = step === 0 ? 0 : ((shift % step) + step) % step
  switch (kind) {
    case 'tumbling':
      return tumbling(ms(size), { offset: ms(offset) })
    case 'hopping':
      return hopping(ms(size), { every: ms(every), offset: ms(offset) })
    case 'session':
      return session(ms(gap))
    case 'slidingByRecord':
      return slidingByRecord(ms(size))
    case 'global':
      return oneWindow()
    default:
      throw new TypeError(`no window of kind ${kind}`)
  }
}

/**
 * What differs, in words; undefined when the vector holds. 'step' takes the trigger's fast path away, so that its step
 * must give the same.
 */
export function runVector(vector: Vector, by: 'fastPath' | 'step' = 'fastPath'): string | undefined {
  const late = { count: 0 }
  const how = (spec: TriggerSpec): Trigger<never> => {
    const { fastPath, ...stepOnly } = triggerOf(spec) as Trigger<never>
    return by === 'step' || fastPath === undefined ? stepOnly : { ...stepOnly, fastPath }
  }
  const make = () => {
    const keyed = pipeline(vector.name)
      .from(memorySource<Record>())
      .eventTime({
        timestamp: (r) => r.at,
        watermark:
          vector.watermark === 'explicit'
            ? punctuated(() => undefined)
            : boundedOutOfOrderness(ms(vector.watermark.boundedOutOfOrderness)),
      })
      .keyBy((r) => r.key)
    const engine = engineOf(
      keyed
        .window(windowOf(vector.window), {
          allowedLateness: ms(vector.allowedLateness),
          trigger: how(vector.trigger) as never,
          accumulation: vector.accumulation as 'accumulating',
          onTime: vector.onTime,
          closing: vector.closing,
        })
        .aggregate((a) => {
          const by: { readonly [name in Vector['aggregate']]: AnyAggregator<Record> } = {
            sum: a.sum((r) => r.value),
            count: a.count(),
            min: a.min((r) => r.value),
            max: a.max((r) => r.value),
            collect: a.collect({ max: 1_000, of: (r) => r.value }),
          }
          return by[vector.aggregate]
        })
        .to(collected<never>() as never) as never,
    )
    return engine
  }
  const open = (engine: ReturnType<typeof make>, now: number): typeof engine => {
    engine.task.tick(now)
    for (const { port } of engine.sources) engine.task.join(port, '0', undefined)
    return engine
  }
  let engine = open(make(), 0)
  let now = 0
  let offset = 0n
  for (const [i, step] of vector.steps.entries()) {
    const {
      task,
      sources: [source],
    } = engine
    if (source === undefined) throw new TypeError('no source')
    const before = engine.windows[0]?.operator.stage.counters.tooLate ?? 0
    if (vector.expect.find((entry) => entry.step === i)?.fails === true) {
      try {
        task.run(source.port, { split: '0', records: [step.record], first: offset, next: ++offset })
      } catch {
        return undefined
      }
      return `step ${i}: did not fail`
    }
    if (step.record !== undefined)
      task.run(source.port, { split: '0', records: [step.record], first: offset, next: ++offset })
    if (step.watermark !== undefined) task.raise(step.watermark)
    if (step.clock !== undefined) task.tick((now = step.clock))
    if (step.end === true)
      task.run(source.port, { split: '0', records: [], first: offset, next: offset, finished: true })
    while (!task.drain(1_000));
    const got = (task.endpoints[0]?.take() ?? []) as readonly Pane<string, unknown, { start?: number; end?: number }>[]
    late.count = (engine.windows[0]?.operator.stage.counters.tooLate ?? 0) - before
    const expected = vector.expect.find((entry) => entry.step === i)
    const wanted = sorted((expected?.panes ?? []).map((pane) => fields(pane, vector)))
    const found = sorted(
      got.map((pane) =>
        fields(
          {
            ...pane,
            window: pane.window.start === undefined ? null : [pane.window.start, pane.window.end as number],
            retract: pane.kind === 'retraction',
          } as never,
          vector,
        ),
      ),
    )
    if (JSON.stringify(wanted) !== JSON.stringify(found))
      return `step ${i} ${JSON.stringify(step)}\n    expected ${wanted.join(' ')}\n    got      ${found.join(' ')}`
    if (vector.compareTooLate === true && late.count !== (expected?.tooLate ?? 0))
      return `step ${i}: expected ${expected?.tooLate ?? 0} too late, got ${late.count}`
    if (vector.snapshotAfter === i) {
      const saved = structuredClone(task.save())
      engine = make()
      engine.task.load(saved)
      open(engine, now)
    }
  }
  return undefined
}

function fields(pane: ExpectedPane, vector: Vector): string {
  const value = Array.isArray(pane.value) ? (pane.value as number[]).toSorted((a, b) => a - b) : pane.value
  const compared = Object.fromEntries(
    vector.compare.filter((name) => name !== 'value').map((name) => [name, pane[name]]),
  )
  return JSON.stringify({
    key: pane.key,
    window: pane.window,
    retract: pane.retract ?? false,
    value,
    ...(pane.retract === true ? {} : compared),
  })
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted()
}
