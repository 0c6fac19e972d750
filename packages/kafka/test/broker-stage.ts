// Real brokers as a stage: topics through the client's admin, records and transactions through the port.
import { Admin } from '@platformatic/kafka'
import { systemClock } from '@tidemark/core'
import type { Cluster, ProduceBatch } from '../src/client/cluster.ts'
import { CODE, refused } from '../src/client/error-codes.ts'
import { persist } from '../src/client/retry.ts'
import { CommittedFilter } from '../src/fetch/committed-filter.ts'
import { copyOf } from '../src/fetch/decode.ts'
import { type KafkaOptions, type StoredRecord, type TestRecord, kafka } from '../src/index.ts'
import { openPatience, topicsOf } from '../src/source/start-positions.ts'
import { BatchWalk } from '../src/wire/batch-walk.ts'
import { BatchWriter, type FinishOptions } from '../src/wire/batch-writer.ts'
import { encodeHeaders, headersAt } from '../src/wire/headers.ts'
import { RecordWalk } from '../src/wire/record-walk.ts'
import type { Stage } from './stage.ts'

const opening = { clock: systemClock, patienceMs: 30_000 }
const patience = openPatience(opening)

export async function brokerStage(options: KafkaOptions, replicas = 1): Promise<Stage> {
  const cluster = await kafka(options).connect()
  const admin = new Admin({ clientId: 'stage', bootstrapBrokers: [...options.brokers], retries: 20, retryDelay: 200 })
  let topics = 0
  const leaderOf = async (topic: string, partition: number): Promise<number> => {
    const [found] = await topicsOf(cluster, [topic], opening)
    return found?.partitions[partition]?.leader ?? -1
  }
  const produce = async (batch: ProduceBatch, id?: string): Promise<bigint> =>
    persist(patience, async () => {
      const [answer] = await cluster.produce(await leaderOf(batch.topic, batch.partition), [batch], id)
      if (answer?.error !== CODE.none) throw refused('writing', answer?.error ?? -1)
      return answer.baseOffset
    })
  const make = async (topic: string, partitions: number): Promise<void> => {
    // Tests write old timestamps, which retention would delete.
    const configs = [{ name: 'retention.ms', value: '-1' }]
    await admin.createTopics({ topics: [topic], partitions, replicas, configs })
    await topicsOf(cluster, [topic], opening)
  }
  return {
    kafka: kafka(options),
    clock: systemClock,
    topic: async (partitions) => {
      const topic = `stage-${process.pid}-${Date.now()}-${topics++}`
      await make(topic, partitions)
      return topic
    },
    addPartitions: async (topic, count) => {
      await admin.createPartitions({ topics: [{ name: topic, count, assignments: null as never }] })
    },
    remake: async (topic, partitions) => {
      await admin.deleteTopics({ topics: [topic] })
      await make(topic, partitions)
    },
    append: async (topic, partition, records, compression) =>
      produce({ topic, partition, records: encode(records, compression === undefined ? {} : { compression }) }),
    transaction: async () => {
      const id = `stage-${process.pid}-${Date.now()}-${topics++}`
      const identity = await persist(patience, () => cluster.initTransactions(id, 60_000))
      const sequences = new Map<string, number>()
      const end = (commit: boolean): Promise<void> =>
        persist(patience, async () => {
          const code = await cluster.endTransaction(id, identity, commit)
          if (code !== CODE.none) throw refused('ending a transaction', code)
        })
      return {
        append: async (topic, partition, records) => {
          const place = { topic, partition }
          await persist(patience, async () => {
            const [answer] = await cluster.addPartitions(id, identity, [place])
            if (answer?.error !== CODE.none) throw refused('adding a partition', answer?.error ?? -1)
          })
          const split = `${topic}/${partition}`
          const baseSequence = sequences.get(split) ?? 0
          const origin = { ...identity, baseSequence, transactional: true }
          await produce({ ...place, records: encode(records, { origin }) }, id)
          sequences.set(split, baseSequence + records.length)
        },
        commit: () => end(true),
        abort: () => end(false),
      }
    },
    records: (topic) => readTopic(cluster, topic),
    committed: async (group, topic) => {
      const [found] = await topicsOf(cluster, [topic], opening)
      const answers = await persist(patience, async () => {
        const all = await cluster.committedOffsets(group, found?.partitions ?? [])
        for (const { error } of all) if (error !== CODE.none) throw refused('asking for offsets', error)
        return all
      })
      return new Map(answers.filter(({ offset }) => offset >= 0n).map((a) => [`${a.topic}/${a.partition}`, a.offset]))
    },
    close: async () => {
      await admin.close()
      await cluster.close()
    },
  }
}

function encode(records: readonly TestRecord[], options: FinishOptions): Uint8Array {
  const writer = new BatchWriter()
  const bytes = (value: string | Uint8Array | null | undefined): Uint8Array | null =>
    typeof value === 'string' ? Buffer.from(value) : (value ?? null)
  for (const { key, value, headers = [], timestamp = Date.now() } of records)
    writer.append(timestamp, bytes(key), bytes(value), encodeHeaders(headers))
  return writer.finish(options)
}

async function readTopic(cluster: Cluster, topic: string): Promise<readonly StoredRecord[]> {
  const [found] = await topicsOf(cluster, [topic], opening)
  const out: StoredRecord[] = []
  for (const { partition, leader } of found?.partitions ?? []) {
    for (let offset = 0n; ;) {
      const request = {
        committed: true,
        maxWaitMs: 0,
        maxBytes: 1 << 24,
        maxPartitionBytes: 1 << 24,
        places: [{ topic, partition, offset }],
      }
      const answer = await persist(patience, async () => {
        const [found] = await cluster.fetch(leader, request)
        if (found?.error !== CODE.none) throw refused('reading', found?.error ?? -1)
        return found
      })
      const filter = new CommittedFilter()
      filter.begin(answer.aborted)
      const batches = new BatchWalk(answer.records, { maxDecompressedBytes: 1 << 30, checksums: true })
      const records = new RecordWalk()
      const before = offset
      while (batches.next()) {
        offset = batches.nextOffset
        if (!filter.admits(batches)) continue
        batches.records(records)
        while (records.next()) {
          const at = batches.baseOffset + BigInt(records.offsetDelta)
          const key = copyOf(records.bytes, records.keyStart, records.keyEnd)
          const value = copyOf(records.bytes, records.valueStart, records.valueEnd)
          const headers = headersAt(records.bytes, records.headersAt)
          out.push({ partition, offset: at, timestamp: records.timestamp, key, value, headers })
        }
      }
      if (offset === before) break
    }
  }
  return out
}
