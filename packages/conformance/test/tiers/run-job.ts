// The process that runs the job, killed at any moment: what it has read, knows and has said is decided by the brokers.
import { inspect } from 'node:util'
import { type Places, pageStats } from './composed.ts'

const job = pageStats(JSON.parse(process.argv[2] ?? '') as Places).start()
// Whoever waits in vain asks what it waits for.
process.on('SIGUSR2', () => console.log(inspect({ health: job.health(), metrics: job.metrics() }, { depth: 6 })))
await job.done
