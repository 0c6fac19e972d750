/** Owns the jobs that are measured, ours: the same pipeline by JSON.parse and by picked fields. */
import { type Pipeline, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { type Decoder, type Kafka, json, kafkaSink, kafkaSource } from '@tidemark/kafka'
import { BOUND_MS, SIZE_MS } from './work.ts'

type Fields = { readonly id: string; readonly v: number; readonly at: number }

export const decoders: { readonly [how: string]: Decoder<Fields> } = {
  parse: json<Fields>(),
  pick: json.pick({ id: 'string', v: 'number', at: 'number' }),
}

export function job(kafka: Kafka, how: string, from: string, to: string): Pipeline<unknown> {
  const value = decoders[how]
  if (value === undefined) throw new Error(`no decoder '${how}'`)
  return pipeline('bench')
    .from(kafkaSource({ kafka, topics: [from], value, until: 'end', group: to }))
    .eventTime({ timestamp: (event) => event.at, watermark: boundedOutOfOrderness(`${BOUND_MS / 1_000}s` as '10s') })
    .keyBy((event) => event.id)
    .window(tumbling(`${SIZE_MS / 1_000}s` as '60s'))
    .aggregate((a) => ({ count: a.count(), sum: a.sum((event) => event.v) }))
    .to(kafkaSink({ kafka, topic: to }))
}
