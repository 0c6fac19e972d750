/** The streaming job over topics: the same code runs on live data and makes history anew. */
import { type Pipeline, boundedOutOfOrderness, calendar, pipeline } from '@tidemark/core'
import { type Kafka, json, kafkaRecords, kafkaSink, kafkaSource } from '@tidemark/kafka'
import { type Quake, classOf } from '../earthquakes/data.ts'

export interface Summary {
  readonly count: number
  readonly max: number | undefined
  readonly mean: number | undefined
}

/** Puts entries of the catalogue into a topic as they arrived, each in the partition of its magnitude class. */
export async function produce(kafka: Kafka, topic: string, quakes: Iterable<Quake>): Promise<void> {
  const sink = kafkaRecords<Quake>({ kafka, topic, key: classOf, timestamp: (quake) => quake.updatedAt })
  await pipeline('catalogue').from(quakes).to(sink).start().done
}

/** Per day and magnitude class; with `until: 'end'` it ends where the topic ends now: a replay. */
export function quakesByDay(
  kafka: Kafka,
  topics: { readonly from: string; readonly to: string },
  reading: { readonly until?: 'end' } = {},
): Pipeline<unknown> {
  const value = json.pick({ at: 'number', magnitude: 'number', kind: 'string' })
  return pipeline(topics.to)
    .from(kafkaSource({ kafka, topics: [topics.from], value, ...reading }))
    .filter((quake) => quake.kind === 'earthquake')
    .eventTime({ timestamp: (quake) => quake.at, watermark: boundedOutOfOrderness('6h'), idleAfter: '500ms' })
    .keyBy(classOf)
    .window(calendar('day', { timeZone: 'UTC' }), { allowedLateness: '7d' })
    .aggregate((a) => ({
      count: a.count(),
      max: a.max((quake) => quake.magnitude),
      mean: a.mean((quake) => quake.magnitude),
    }))
    .to(kafkaSink({ kafka, topic: topics.to }))
}
