// The same contracts on real brokers: TIDEMARK_KAFKA_BROKERS names one that takes plain connections.
import { describe } from 'vitest'
import { brokerStage } from './broker-stage.ts'
import { sinkContract } from './sink-contract.ts'
import { sourceContract } from './source-contract.ts'
import { transactionContract } from './transaction-contract.ts'

const brokers = process.env['TIDEMARK_KAFKA_BROKERS']?.split(',') ?? []

describe.skipIf(brokers.length === 0)('with brokers', () => {
  sourceContract('real brokers', () => brokerStage({ brokers }))
  sinkContract('real brokers', () => brokerStage({ brokers }))
  transactionContract('real brokers', () => brokerStage({ brokers }))
})
