/** One job in a process of its own: `child.ts JOB BROKER FROM TO RECORDS`. It prints what it cost. */
import { kafka } from '@tidemark/kafka'
import { handLoop } from './hand-loop.ts'
import { job } from './jobs.ts'

const [name = '', broker = '', from = '', to = '', records = ''] = process.argv.slice(2)
const began = performance.now()
if (name.startsWith('loop')) await handLoop(broker, from, to, Number(records), name.endsWith('updates'))
else await job(kafka({ brokers: [broker] }), name, from, to).start().done
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
console.log(
  JSON.stringify({
    wallMs: performance.now() - began,
    cpuMs: (userCPUTime + systemCPUTime) / 1_000,
    peakMb: maxRSS / 1_024,
  }),
)
// Timers of a client must not keep what is done alive.
process.exit(0)
