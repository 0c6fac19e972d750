import { sinkContract } from './sink-contract.ts'
import { sourceContract } from './source-contract.ts'
import { transactionContract } from './transaction-contract.ts'
import { memoryStage } from './stage.ts'

sourceContract('the twin', async () => memoryStage())
sinkContract('the twin', async () => memoryStage())
transactionContract('the twin', async () => memoryStage())
