// The same contracts on a real broker.
import { type Kafka, canTest, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe } from 'vitest'
import { brokerStage } from './broker-stage.ts'
import { groupContract } from './group-contract.ts'
import { memberContract } from './member-contract.ts'
import { sinkContract } from './sink-contract.ts'
import { sourceContract } from './source-contract.ts'
import { transactionContract } from './transaction-contract.ts'

describe.skipIf(!(await canTest('kafka')))('with a broker', () => {
  let broker: Kafka
  beforeAll(async () => {
    broker = await startKafka()
  })
  afterAll(() => broker.stop())

  const stage = (): ReturnType<typeof brokerStage> => brokerStage({ brokers: broker.bootstrap })
  sourceContract('a real broker', stage)
  sinkContract('a real broker', stage)
  transactionContract('a real broker', stage)
  groupContract('a real broker', stage)
  memberContract('a real broker', stage)
})
