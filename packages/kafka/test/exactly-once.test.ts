import { exactlyOnceContract } from './exactly-once-contract.ts'
import { garbageContract } from './garbage-contract.ts'
import { replayContract } from './replay-contract.ts'
import { memoryStage } from './stage.ts'

exactlyOnceContract('the twin', async () => memoryStage())
garbageContract('the twin', async () => memoryStage())
replayContract('the twin', async () => memoryStage())
