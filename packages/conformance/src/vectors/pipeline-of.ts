/** Owns which pipeline a vector describes, made with the public functions as a user would make it. */
import {
  type Aggregators,
  type AnyAggregator,
  type Pipeline,
  type Trigger,
  type WindowAssigner,
  type WatermarkStrategy,
  boundedOutOfOrderness,
  collected,
  hopping,
  ms,
  oneWindow,
  pipeline,
  punctuated,
  session,
  slidingByRecord,
  tumbling,
} from '@tidemark/core'
import { triggerOf } from '../trigger-of.ts'
import type { VectorRecord, WindowVector } from './vector.ts'

/** A pane as far as vectors look at it. */
export interface FoundPane {
  readonly kind: 'value' | 'delta' | 'retraction' | 'correction'
  readonly key: unknown
  readonly window: { readonly start?: number; readonly end?: number } | undefined
  readonly value: unknown
  readonly [field: string]: unknown
}

/**
 * The pipeline of a vector. 'step' takes the trigger's fast path away, so that its step alone decides.
 * @throws Error where the vector describes something that the library refuses
 */
export function pipelineOf(vector: WindowVector, by: 'fastPath' | 'step'): Pipeline<FoundPane, VectorRecord> {
  const made = pipeline('vector')
    .from<VectorRecord>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: strategyOf(vector) })
    .keyBy(({ key }) => key)
    .window(windowOf(vector.window), {
      allowedLateness: ms(vector.allowedLateness),
      // Vectors combine triggers and windows that the types tell apart (oneWindow() with a trigger of event time).
      trigger: withoutFastPath(triggerOf(vector.trigger), by),
      accumulation: vector.accumulation as 'accumulating',
      onTime: vector.onTime,
      closing: vector.closing,
      // A trigger that may finish is refused otherwise; what the engines do then is what some vectors are about.
      allowDataLoss: true,
    })
    .aggregate((a) => aggregatorOf(vector, a))
    .to(collected())
  return made as unknown as Pipeline<FoundPane, VectorRecord>
}

function withoutFastPath(trigger: Trigger<never>, by: 'fastPath' | 'step'): Trigger<unknown> {
  const { fastPath, ...rest } = trigger as Trigger<unknown>
  return by === 'step' || fastPath === undefined ? rest : { ...rest, fastPath }
}

function strategyOf({ watermark }: WindowVector): WatermarkStrategy<unknown> {
  return watermark === 'explicit'
    ? punctuated(() => undefined)
    : boundedOutOfOrderness(ms(watermark.boundedOutOfOrderness))
}

function windowOf(window: WindowVector['window']): WindowAssigner<unknown, unknown> {
  switch (window.kind) {
    case 'tumbling':
      return tumbling(ms(window.size), { offset: ms(onGrid(window.offset, window.size)) })
    case 'hopping':
      return hopping(ms(window.size), { every: ms(window.every), offset: ms(onGrid(window.offset, window.every)) })
    case 'session':
      return session(ms(window.gap))
    case 'slidingByRecord':
      return slidingByRecord(ms(window.size))
    case 'global':
      return oneWindow()
  }
}

/** Our offsets are durations: a negative one is the same grid moved on. */
function onGrid(offset: number, period: number): number {
  return ((offset % period) + period) % period
}

function aggregatorOf({ aggregate, steps }: WindowVector, a: Aggregators<VectorRecord>): AnyAggregator<VectorRecord> {
  switch (aggregate) {
    case 'sum':
      return a.sum(({ value }) => value as number)
    case 'count':
      return a.count()
    case 'min':
      return a.min(({ value }) => value as number)
    case 'max':
      return a.max(({ value }) => value as number)
    case 'collect':
      return a.collect({ max: Math.max(1, steps.length), of: ({ value }) => value })
  }
}
