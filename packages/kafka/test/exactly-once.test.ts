import { exactlyOnceContract } from './exactly-once-contract.ts'
import { memoryStage } from './stage.ts'

exactlyOnceContract('the twin', async () => memoryStage())
