import { sourceContract } from './source-contract.ts'
import { memoryStage } from './stage.ts'

sourceContract('the twin', async () => memoryStage())
