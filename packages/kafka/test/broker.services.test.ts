// The same contracts on real brokers, the newest and the oldest line.
import { type Kafka, type KafkaVersion, canTest, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe } from 'vitest'
import { brokerStage } from './broker-stage.ts'
import { exactlyOnceContract } from './exactly-once-contract.ts'
import { garbageContract } from './garbage-contract.ts'
import { groupContract } from './group-contract.ts'
import { kitContract } from './kit-contract.ts'
import { memberContract } from './member-contract.ts'
import { replayContract } from './replay-contract.ts'
import { sinkContract } from './sink-contract.ts'
import { sourceContract } from './source-contract.ts'
import type { Stage } from './stage.ts'
import { transactionContract } from './transaction-contract.ts'

/** A broker for the tests around; the stage is for it. */
function withBroker(version?: KafkaVersion): () => Promise<Stage> {
  let broker: Kafka
  beforeAll(async () => {
    broker = await startKafka({ version })
  })
  afterAll(() => broker.stop())
  return () => brokerStage({ brokers: broker.bootstrap })
}

describe.skipIf(!(await canTest('kafka')))('with a broker', () => {
  const stage = withBroker()
  sourceContract('a real broker', stage)
  sinkContract('a real broker', stage)
  transactionContract('a real broker', stage)
  groupContract('a real broker', stage)
  memberContract('a real broker', stage)
  kitContract('a real broker', stage, Number(process.env['TIDEMARK_SEEDS'] ?? 50))
  exactlyOnceContract('a real broker', stage)
  garbageContract('a real broker', stage)
  replayContract('a real broker', stage)
})

describe.skipIf(!(await canTest('kafka', '3.9.2')))('with a broker of 3.9', () => {
  const stage = withBroker('3.9.2')
  transactionContract('3.9', stage)
  groupContract('3.9', stage)
  memberContract('3.9', stage)
  exactlyOnceContract('3.9', stage)
})
