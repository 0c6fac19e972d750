// What the contract tests need of a cluster, whichever it is: the twin or real brokers.
import { type Clock, systemClock } from '@tidemark/core'
import type { Kafka, StoredRecord, TestRecord } from '../src/index.ts'
import { memoryKafka } from '../src/index.ts'

export interface StageTransaction {
  append(topic: string, partition: number, records: readonly TestRecord[]): Promise<void>
  commit(): Promise<void>
  abort(): Promise<void>
}

export interface Stage {
  readonly kafka: Kafka
  /** What the cluster's own timeouts go by. */
  readonly clock: Clock
  /** A topic of its own for each test; returns its name. */
  topic(partitions: number): Promise<string>
  addPartitions(topic: string, partitions: number): Promise<void>
  /** Deletes a topic, and makes an empty one of the same name. */
  remake(topic: string, partitions: number): Promise<void>
  append(
    topic: string,
    partition: number,
    records: readonly TestRecord[],
    compression?: 'gzip' | 'zstd',
  ): Promise<bigint>
  transaction(): Promise<StageTransaction>
  /** Everything committed, partition by partition. */
  records(topic: string): Promise<readonly StoredRecord[]>
  committed(group: string, topic: string): Promise<ReadonlyMap<string, bigint>>
  close(): Promise<void>
}

export function memoryStage(clock: Clock = systemClock): Stage {
  const kafka = memoryKafka({ nodes: 2, clock })
  let topics = 0
  return {
    kafka,
    clock,
    topic: async (partitions) => {
      const name = `topic-${topics++}`
      kafka.createTopic(name, partitions)
      return name
    },
    addPartitions: async (topic, partitions) => kafka.createTopic(topic, partitions),
    remake: async (topic, partitions) => {
      kafka.deleteTopic(topic)
      kafka.createTopic(topic, partitions)
    },
    append: async (topic, partition, records, compression) => kafka.append(topic, partition, records, compression),
    transaction: async () => {
      const transaction = kafka.transaction()
      return {
        append: async (...args) => transaction.append(...args),
        commit: async () => transaction.commit(),
        abort: async () => transaction.abort(),
      }
    },
    records: async (topic) => kafka.records(topic),
    committed: async (group) => kafka.offsetsOf(group),
    close: async () => {},
  }
}
