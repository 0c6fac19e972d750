// The process that is killed: runs the job of a seed on what earlier ones left, and says when it reads and when it is done.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { folder } from '@tidemark/core/folder'
import { visitJob, visitSource, visits } from './job.ts'
import { lineSink } from './line-sink.ts'

const [path, seed, count, batch, paceMs] = process.argv.slice(2) as [string, ...string[]]
mkdirSync(path, { recursive: true })
const source = visitSource(visits(Number(seed), Number(count)), {
  batch: Number(batch),
  beforeBatch: (polls) => {
    if (polls === 0) process.stdout.write('reading\n')
    return paceMs === '0'
      ? undefined
      : new Promise((resolve) => {
          setTimeout(resolve, Number(paceMs))
        })
  },
})
const job = visitJob(source, (stage) => lineSink(join(path, stage)), lineSink(join(path, 'late'))).start({
  checkpoint: folder(join(path, 'state'), { every: '20ms' }),
})
await job.done
process.stdout.write('done\n')
