/** The streaming job over topics: the same code runs on live data and makes history anew. */
import { type Pipeline, type Source, boundedOutOfOrderness, calendar, pipeline } from '@tidemark/core'
import { type Decoder, type Kafka, type ReplaySink, json, kafkaRecords, kafkaSink, kafkaSource } from '@tidemark/kafka'
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

type Picked = Pick<Quake, 'at' | 'magnitude' | 'kind'>
export const value: Decoder<Picked> = json.pick({ at: 'number', magnitude: 'number', kind: 'string' })

/** Per day and magnitude class, with its ends left open: live and over history it is the same. */
export function quakesByDay(name: string, from: Source<Picked>, to: ReplaySink<string, Summary>): Pipeline<unknown> {
  return (
    pipeline(name)
      .from(from)
      .filter((quake) => quake.kind === 'earthquake')
      .eventTime({ timestamp: (quake) => quake.at, watermark: boundedOutOfOrderness('6h'), idleAfter: '500ms' })
      // Records lie in the partition of their class, so several processes may share the topic.
      .keyBy(classOf, { keepsPartition: true })
      .window(calendar('day', { timeZone: 'UTC' }), { allowedLateness: '7d' })
      .aggregate((a) => ({
        count: a.count(),
        max: a.max((quake) => quake.magnitude),
        mean: a.mean((quake) => quake.magnitude),
      }))
      .to(to)
  )
}

/** The job on live data, exactly once. */
export function liveJob(kafka: Kafka, topic: string, to: string): Pipeline<unknown> {
  const source = kafkaSource({ kafka, topics: [topic], group: to, value })
  return quakesByDay(to, source, kafkaSink({ kafka, topic: to, guarantee: 'exactly-once' }))
}
