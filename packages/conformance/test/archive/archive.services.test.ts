// An archive in a real HBase and the topic behind it on real Kafka; the new version goes into that HBase, too.
import { Admin } from '@platformatic/kafka'
import { memoryCheckpoints } from '@tidemark/core'
import { hbaseSink, hbaseSource, hbaseStore } from '@tidemark/hbase'
import { type Kafka, kafka } from '@tidemark/kafka'
import { type HBase, type Kafka as Broker, canTest, startHBase, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe } from 'vitest'
import { archiveContract } from './archive-contract.ts'

describe.skipIf(!((await canTest('kafka')) && (await canTest('hbase'))))('on Kafka and HBase', () => {
  let broker: Broker
  let hbase: HBase
  let cluster: Kafka
  let admin: Admin
  beforeAll(async () => {
    ;[broker, hbase] = await Promise.all([startKafka(), startHBase()])
    cluster = kafka({ brokers: [...broker.bootstrap] })
    admin = new Admin({ clientId: 'archive', bootstrapBrokers: [...broker.bootstrap], retries: 20, retryDelay: 200 })
  })
  afterAll(async () => {
    await admin?.close()
    await Promise.all([broker?.stop(), hbase?.stop()])
  })
  let topics = 0
  const at = (): { readonly thrift: string; readonly warn: () => void } => ({
    thrift: `tcp://${hbase.framed}`,
    warn: () => {},
  })
  archiveContract(() => ({
    kafka: cluster,
    cold: hbaseStore({ ...at(), table: 'versions' }),
    topic: async (partitions) => {
      const name = `archive-${Date.now()}-${topics++}`
      await admin.createTopics({ topics: [name], partitions, replicas: 1 })
      return name
    },
    keep: async (counts) => {
      const sink = hbaseSink<string, number>({ ...at(), table: 'minutes', windowSize: '1m' })
      await counts.to(sink).start({ checkpoint: memoryCheckpoints() }).done
    },
    scan: (to) => hbaseSource<string, number>({ ...at(), table: 'minutes', to }),
  }))
})
