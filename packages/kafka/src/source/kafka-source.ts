/** Owns `kafkaSource`: topics as a source of a pipeline, read by one process, or shared by those of a group. */
import type { Position, Signal, Source, Task, TaskEvents } from '@tidemark/core'
import type { Cluster } from '../client/cluster.ts'
import { registerSource } from '../transaction/parties.ts'
import { GroupReader } from './group-reader.ts'
import { KafkaReader } from './kafka-reader.ts'
import { type KafkaSourceOptions, ignored, sourceSettings } from './options.ts'

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
  const { group, topics, member } = settings
  const open = async <R extends { close(): Promise<void> }>(
    signal: Signal,
    read: (cluster: Cluster) => Promise<R>,
  ): Promise<R> => {
    const cluster = await settings.kafka.connect()
    try {
      const reader = await read(cluster)
      signal.addEventListener('abort', () => void reader.close().catch(() => {}))
      return reader
    } catch (error) {
      await cluster.close()
      throw error
    }
  }
  const source: Source<T> = {
    kind: `kafka(${topics.join(', ')})`,
    seekable: true,
    maxAheadMs: MAX_AHEAD_MS,
    open: (task, positions) => open(task.signal, (cluster) => KafkaReader.open(cluster, positions, settings)),
  }
  // A bounded run is one process's.
  if (group === undefined || settings.bounded) return Object.freeze(source)
  const shared: Source<T> = Object.freeze({
    ...source,
    open: (task: Task, positions?: readonly Position[]) => {
      if (options.member === undefined) return source.open(task, positions)
      // The group is only where offsets are committed for.
      const found = 'it in a job whose processes do not share the source'
      throw ignored(
        "'member' of kafkaSource",
        found,
        "a primary sink with guarantee: 'exactly-once', and the source by itself",
      )
    },
    openShared: (task: Task, events: TaskEvents) => {
      const { clock, patienceMs } = settings
      return open(task.signal, (cluster) =>
        GroupReader.open(cluster, settings, { ...member, clock, patienceMs, group, topics }, events),
      )
    },
  })
  registerSource(shared, { topics, instance: member.instance })
  return shared
}
