/** Owns the demo on real servers of this machine: Kafka is the log, Redis is hot, HBase is cold. */
import { Admin } from '@platformatic/kafka'
import { createClient } from '@redis/client'
import { ms } from '@tidemark/core'
import { hbaseStore } from '@tidemark/hbase'
import { kafka, kafkaResults, kafkaSink } from '@tidemark/kafka'
import { redisStore } from '@tidemark/redis'
import { startHBase, startKafka, startRedis } from '@tidemark/services'
import { SERVE_FOR_MS, type Stores } from './run.ts'

const TOPIC = 'flight-delays'

/** Starts all three, which takes some seconds; `close` stops them. */
export async function onServices(): Promise<Stores> {
  const started: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    await Promise.allSettled(started.toReversed().map((stop) => stop()))
  }
  try {
    const broker = await startKafka()
    started.push(() => broker.stop())
    const redis = await startRedis()
    started.push(() => redis.stop())
    const hbase = await startHBase()
    started.push(() => hbase.stop())
    await createTopic(broker.bootstrap)
    const cluster = kafka({ brokers: [...broker.bootstrap] })
    const client = createClient({ socket: { host: '127.0.0.1', port: redis.nodes[0]?.port as number } })
    client.on('error', () => {})
    await client.connect()
    started.push(async () => client.destroy())
    return {
      name: 'in Kafka, Redis and HBase',
      batchSize: 8,
      log: {
        ...kafkaResults({ kafka: cluster, topic: TOPIC }),
        sink: kafkaSink({
          kafka: cluster,
          topic: TOPIC,
          accumulators: true,
          guarantee: 'exactly-once',
          commit: { every: '1m' },
        }),
      },
      hot: () => redisStore({ client, serveFor: ms(SERVE_FOR_MS) }),
      cold: hbaseStore({ thrift: `tcp://${hbase.framed}`, table: 'flights', warn: () => {} }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function createTopic(brokers: readonly string[]): Promise<void> {
  const admin = new Admin({ clientId: 'flights', bootstrapBrokers: [...brokers], retries: 20, retryDelay: 200 })
  // The flights are of 2001: retention would delete them at once.
  const configs = [{ name: 'retention.ms', value: '-1' }]
  await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1, configs })
  await admin.close()
}
