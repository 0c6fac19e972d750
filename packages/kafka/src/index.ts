/**
 * Kafka for Tidemark: topics as sources, results as topics that say how final they are, and an in-memory twin of a
 * cluster for tests.
 */
export { kafka } from './client/kafka.ts'
export type { Credential, KafkaOptions, SaslOptions, TlsOptions } from './client/options.ts'
export type { Cluster, Kafka } from './client/cluster.ts'

export { kafkaSource } from './source/kafka-source.ts'
export type { KafkaSourceOptions, MemberOptions, StartFrom } from './source/options.ts'
export type { BadRecord } from './fetch/decode.ts'

export { type KafkaSinkOptions, kafkaSink } from './sink/kafka-sink.ts'
export { type KafkaRecordsOptions, kafkaRecords } from './sink/kafka-records.ts'
export type { CommitOptions, Committing, WriteOptions } from './sink/options.ts'
export type { Compression } from './wire/compression.ts'
export type { HeaderValue } from './wire/headers.ts'

export {
  type Decoder,
  type Encoder,
  type RecordView,
  type Serde,
  bytes,
  keyText,
  nullable,
  text,
} from './serde/serde.ts'
export { type Json, json } from './serde/json.ts'
export type { FieldType, Picked } from './serde/json-pick.ts'

export { type ResultRecord, HEADER as resultHeaders, resultRecords } from './records/pane-record.ts'
export { type Progress, ResultFrontier } from './records/progress.ts'
export { type KafkaResultsOptions, kafkaResults } from './results/kafka-results.ts'
export type { ResultWindow } from './records/result-key.ts'
export { type Replay, type ReplayDone, type ReplayOptions, type ReplaySink, replay } from './replay/replay.ts'
export { type ReplayProgress, progressLine } from './replay/replay-progress.ts'
export { murmur2, partitionOf } from './records/murmur2.ts'

export {
  type MemoryKafka,
  type RequestKind,
  type StoredRecord,
  type TestRecord,
  type TestTransaction,
  memoryKafka,
} from './memory/memory-kafka.ts'
