/** Owns the jobs that are measured, ours: the same pipeline by JSON.parse and by picked fields, at least and exactly once. */
import { type Pipeline, boundedOutOfOrderness, duration, pipeline, tumbling } from '@tidemark/core'
import { type Decoder, type Kafka, json, kafkaSink, kafkaSource } from '@tidemark/kafka'
import { continuousRefinement } from '@tidemark/triggers'
import { BOUND_MS, SIZE_MS } from './work.ts'

type Fields = { readonly id: string; readonly v: number; readonly at: number }

export const decoders: { readonly [how: string]: Decoder<Fields> } = {
  parse: json<Fields>(),
  pick: json.pick({ id: 'string', v: 'number', at: 'number' }),
}

/**
 * By name: how values are decoded, and for exactly-once how often it is committed, as in
 * `pick` and `pick-once-100ms`; with `-updates` behind it a result per record.
 */
export function job(kafka: Kafka, name: string, from: string, to: string): Pipeline<unknown> {
  const updates = name.endsWith('-updates')
  const [how = '', once, every = '1s'] = name.replace('-updates', '').split('-')
  const value = decoders[how]
  if (value === undefined) throw new Error(`no decoder '${how}'`)
  const exactly = once === undefined ? {} : ({ guarantee: 'exactly-once', commit: { every: duration(every) } } as const)
  return pipeline(to)
    .from(kafkaSource({ kafka, topics: [from], value, until: 'end', group: to }))
    .eventTime({ timestamp: (event) => event.at, watermark: boundedOutOfOrderness(`${BOUND_MS / 1_000}s` as '10s') })
    .keyBy((event) => event.id)
    .window(tumbling(`${SIZE_MS / 1_000}s` as '60s'), updates ? { trigger: continuousRefinement() } : {})
    .aggregate((a) => ({ count: a.count(), sum: a.sum((event) => event.v) }))
    .to(kafkaSink({ kafka, topic: to, ...exactly }))
}
