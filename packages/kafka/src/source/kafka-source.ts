/** Owns `kafkaSource`: topics as a source of a pipeline, read by one process. */
import type { Source } from '@tidemark/core'
import { KafkaReader } from './kafka-reader.ts'
import { type KafkaSourceOptions, sourceSettings } from './options.ts'

/** A record stamped further ahead of its arrival does not move the watermark. */
const MAX_AHEAD_MS = 300_000

/**
 * Reads all partitions of the topics; each is a split `topic/partition`. `meta` has the record's key, headers,
 * timestamp and offset. At most two responses for each partition are held; a paused one is not fetched.
 * @throws StreamError when the job starts: KAFKA_UNREACHABLE, KAFKA_LOGIN, KAFKA_TOPIC_MISSING, KAFKA_REFUSED
 * @example kafkaSource({ kafka: kafka({ brokers: ['localhost:9092'] }), topics: ['views'], value: json<View>() })
 */
export function kafkaSource<T>(options: KafkaSourceOptions<T>): Source<T> {
  const settings = sourceSettings(options)
  return Object.freeze({
    kind: `kafka(${settings.topics.join(', ')})`,
    seekable: true,
    maxAheadMs: MAX_AHEAD_MS,
    open: async (task, positions) => {
      const cluster = await settings.kafka.connect()
      try {
        const reader = await KafkaReader.open(cluster, positions, settings)
        task.signal.addEventListener('abort', () => void reader.close().catch(() => {}))
        return reader
      } catch (error) {
        await cluster.close()
        throw error
      }
    },
  } satisfies Source<T>)
}
