// The process that runs the job, killed at any moment: what it has read, knows and has said is decided by the brokers.
import { type Places, pageStats } from './composed.ts'

await pageStats(JSON.parse(process.argv[2] ?? '') as Places).start().done
