/**
 * Owns the twin of a Kafka cluster in memory: topics with partitions and offsets, leaders, committed offsets of groups,
 * idempotent and transactional writing, and requests that fail on demand. It answers through the same port as brokers do
 * and passes the same tests. It keeps everything written to it: for tests, not for production.
 */
import { type Clock, problem, systemClock } from '@tidemark/core'
import type { Cluster, Kafka } from '../client/cluster.ts'
import type { Compression } from '../wire/compression.ts'
import { CommittedFilter } from '../fetch/committed-filter.ts'
import { copyOf } from '../fetch/decode.ts'
import { BatchWalk } from '../wire/batch-walk.ts'
import { BatchWriter } from '../wire/batch-writer.ts'
import { type HeaderValue, encodeHeaders, headersAt } from '../wire/headers.ts'
import { RecordWalk } from '../wire/record-walk.ts'
import { MemoryBrokers } from './memory-brokers.ts'
import { MemoryCluster } from './memory-cluster.ts'
import type { PartitionLog } from './partition-log.ts'

/** A record as a test writes it; text is written in UTF-8. */
export interface TestRecord {
  readonly key?: string | Uint8Array | null
  readonly value?: string | Uint8Array | null
  readonly headers?: Iterable<readonly [string, HeaderValue]>
  readonly timestamp?: number
  /** Offsets to leave out before it, as compaction does. */
  readonly skip?: number
}

/** A record as a test reads it. */
export interface StoredRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: ReadonlyMap<string, Uint8Array>
}

/** A transactional producer of somebody else. */
export interface TestTransaction {
  append(topic: string, partition: number, records: readonly TestRecord[]): void
  commit(): void
  abort(): void
}

/** What a request is, for `interrupt`. */
export type RequestKind = Exclude<keyof Cluster, 'close'>

export interface MemoryKafka extends Kafka {
  /** Makes a topic, or gives one more partitions. Settings are kept, and not acted upon. */
  readonly createTopic: (topic: string, partitions?: number, settings?: { readonly [name: string]: string }) => void
  readonly deleteTopic: (topic: string) => void
  /** Writes records in one batch; returns the offset of the first. */
  readonly append: (
    topic: string,
    partition: number,
    records: readonly TestRecord[],
    compression?: Compression,
  ) => bigint
  readonly transaction: () => TestTransaction
  /** Everything committed in a topic, partition by partition. */
  readonly records: (topic: string) => readonly StoredRecord[]
  /** Committed offsets of a group, by `topic/partition`. */
  readonly offsetsOf: (group: string) => ReadonlyMap<string, bigint>
  /** Forgets everything before an offset, as retention does. */
  readonly truncate: (topic: string, partition: number, before: bigint) => void
  readonly moveLeader: (topic: string, partition: number, node: number) => void
  /**
   * Asked before each request: throw, or return an error code for all its partitions, and the request is not done. With
   * 'after' it is done and its answer lost.
   */
  interrupt: ((request: RequestKind, node: number) => number | 'after' | undefined | void) | undefined
}

/** A cluster in memory, with `nodes` brokers (default 1). */
export function memoryKafka(options: { readonly nodes?: number; readonly clock?: Clock } = {}): MemoryKafka {
  const { nodes = 1, clock = systemClock } = options
  const brokers = new MemoryBrokers(clock, nodes)
  const logOf = (topic: string, partition: number): PartitionLog => {
    const log = brokers.log({ topic, partition })
    if (log !== undefined) return log
    throw problem('KAFKA_TOPIC_MISSING', `memoryKafka`, {
      found: `no partition ${topic}/${partition}`,
      expected: 'one that was made before',
      remedy: `Call createTopic('${topic}', …) first.`,
    })
  }
  const batch = (records: readonly TestRecord[], finish: Parameters<BatchWriter['finish']>[0]): Uint8Array => {
    const writer = new BatchWriter()
    for (const { key, value, headers = [], timestamp = clock.now(), skip = 0 } of records)
      writer.append(timestamp, bytesOf(key), bytesOf(value), encodeHeaders(headers), skip)
    return writer.finish(finish)
  }
  return {
    kind: 'memoryKafka()',
    connect: async (): Promise<Cluster> => new MemoryCluster(brokers),
    createTopic: (topic, partitions = 1, settings = {}) =>
      brokers.create(topic, partitions, new Map(Object.entries(settings))),
    deleteTopic: (topic) => void brokers.topics.delete(topic),
    append: (topic, partition, records, compression = 'none') => {
      const { baseOffset } = logOf(topic, partition).append(batch(records, { compression }))
      brokers.changed()
      return baseOffset
    },
    transaction: () => {
      const producerId = brokers.nextProducerId()
      const touched = new Map<PartitionLog, number>()
      const decide = (committed: boolean): void => {
        for (const log of touched.keys()) log.decide(producerId, 0, committed)
        brokers.changed()
      }
      const sequences = new Map<PartitionLog, number>()
      return {
        append: (topic, partition, records) => {
          const log = logOf(topic, partition)
          const baseSequence = sequences.get(log) ?? 0
          log.append(batch(records, { origin: { producerId, producerEpoch: 0, baseSequence, transactional: true } }))
          sequences.set(log, baseSequence + records.length)
          touched.set(log, 0)
          brokers.changed()
        },
        commit: () => decide(true),
        abort: () => decide(false),
      }
    },
    records: (topic) => (brokers.topics.get(topic) ?? []).flatMap((log, partition) => recordsOf(log, partition)),
    offsetsOf: (group) => new Map([...(brokers.groups.get(group) ?? [])].map(([split, { offset }]) => [split, offset])),
    truncate: (topic, partition, before) => logOf(topic, partition).truncate(before),
    moveLeader: (topic, partition, node) => void brokers.leaders.set(`${topic}/${partition}`, node),
    get interrupt() {
      return brokers.interrupt
    },
    set interrupt(hook) {
      brokers.interrupt = hook
    },
  }
}

function bytesOf(value: string | Uint8Array | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : (value ?? null)
}

function recordsOf(log: PartitionLog, partition: number): readonly StoredRecord[] {
  const { records: bytes, aborted } = log.read(log.start, Number.MAX_SAFE_INTEGER, true, true)
  const filter = new CommittedFilter()
  filter.begin(aborted)
  const batches = new BatchWalk(bytes, { maxDecompressedBytes: 1 << 30, checksums: true })
  const records = new RecordWalk()
  const out: StoredRecord[] = []
  while (batches.next()) {
    if (!filter.admits(batches)) continue
    batches.records(records)
    while (records.next()) {
      const { keyStart, keyEnd, valueStart, valueEnd, timestamp, offsetDelta } = records
      const offset = batches.baseOffset + BigInt(offsetDelta)
      if (offset < log.start) continue
      const key = copyOf(records.bytes, keyStart, keyEnd)
      const value = copyOf(records.bytes, valueStart, valueEnd)
      out.push({ partition, offset, timestamp, key, value, headers: headersAt(records.bytes, records.headersAt) })
    }
  }
  return out
}
