import { eventClock } from './event-clock.ts'
import { groupContract } from './group-contract.ts'
import { kitContract } from './kit-contract.ts'
import { memberContract } from './member-contract.ts'
import { sinkContract } from './sink-contract.ts'
import { sourceContract } from './source-contract.ts'
import { transactionContract } from './transaction-contract.ts'
import { memoryStage } from './stage.ts'

sourceContract('the twin', async () => memoryStage())
sinkContract('the twin', async () => memoryStage())
transactionContract('the twin', async () => memoryStage())
groupContract('the twin', async () => memoryStage(eventClock()))
memberContract('the twin', async () => memoryStage(eventClock()))
kitContract('the twin', async () => memoryStage(), 50)
