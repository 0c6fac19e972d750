// A changelog on a cluster whose brokers make topics with a single copy by default, as they do unless told.
import { pipeline } from '@tidemark/core'
import { type Kafka, canTest, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CommitOptions, kafka, kafkaRecords, kafkaSource, text } from '../src/index.ts'
import { brokerStage } from './broker-stage.ts'
import type { Stage } from './stage.ts'

describe.skipIf(!(await canTest('kafka')))('a changelog on three nodes', () => {
  let broker: Kafka
  let stage: Stage
  beforeAll(async () => {
    broker = await startKafka({ nodes: 3, settings: { 'default.replication.factor': '1' } })
    stage = await brokerStage({ brokers: broker.bootstrap }, 3)
  })
  afterAll(async () => {
    await stage.close()
    await broker.stop()
  })

  const replicas = async (commit: CommitOptions = {}): Promise<number | undefined> => {
    const [input, output] = [await stage.topic(2), await stage.topic(1)]
    const cluster = kafka({ brokers: broker.bootstrap })
    await pipeline(output)
      .from(kafkaSource({ kafka: cluster, topics: [input], value: text(), until: 'end' }))
      .to(kafkaRecords({ kafka: cluster, topic: output, guarantee: 'exactly-once', commit }))
      .start().done
    const connected = await cluster.connect()
    const [made] = await connected.metadata([`${output}-changelog`])
    await connected.close()
    return made?.replicas
  }

  test('has as many replicas as the results', async () => {
    expect(await replicas()).toBe(3)
  })

  test('has as many as it is told to have, if there are so many nodes', async () => {
    expect(await replicas({ replication: 2 })).toBe(2)
    await expect(replicas({ replication: 4 })).rejects.toThrow(
      /Making the changelog .*: found the answer INVALID_REPLICATION_FACTOR.*no more replicas than there are brokers/,
    )
  })
})
