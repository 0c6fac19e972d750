// A process that copies a topic as a member of a group, each record once: what it has read is committed, by the member
// that it is then, in the transaction that writes it. It may be killed, stopped and sent away at any moment.
// Arguments: brokers, input, output, group, session in ms, name; a name that begins with `static` outlives restarts.
import { systemClock } from '@tidemark/core'
import type { CommittedPlace } from '../src/client/cluster.ts'
import { kafka, partitionOf, text } from '../src/index.ts'
import { GroupReader } from '../src/source/group-reader.ts'
import { sourceSettings } from '../src/source/options.ts'
import { TransactionalProducer } from '../src/transaction/transactional-producer.ts'

const [brokers = '', input = '', output = '', group = '', session = '', name = ''] = process.argv.slice(2)
const cluster = kafka({ brokers: brokers.split(',') })
const patience = { clock: systemClock, patienceMs: 60_000 }
const producer = await TransactionalProducer.open(await cluster.connect(), [output], {
  ...patience,
  compression: 'none',
  maxBatchBytes: 2_000,
  maxPendingBytes: 1 << 20,
  transactionalId: `${group}-${name}`,
  timeoutMs: 5_000,
})
const out = producer.outlet(output)
let positions = new Map<string, CommittedPlace>()

/** One at a time: what is read and what is committed must be the same. */
let tail: Promise<unknown> = Promise.resolve()
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = tail.then(work)
  tail = done.catch(() => {})
  return done
}

const commit = (): Promise<void> =>
  inTurn(async () => {
    await reader.commit((member) => producer.commit({ member, places: [...positions.values()] }))
    positions = new Map()
  })

/** Whatever was not committed is forgotten with the process. */
function giveUp(reason: unknown): never {
  console.log(`gave up: ${reason instanceof Error ? reason.message : String(reason)}`)
  process.exit(3)
}

const settings = sourceSettings({ kafka: cluster, topics: [input], value: text(), group })
const reader: GroupReader<string> = await GroupReader.open(
  await cluster.connect(),
  settings,
  {
    ...patience,
    group,
    instance: name.startsWith('static') ? name : undefined,
    topics: [input],
    sessionTimeoutMs: Number(session),
    rebalanceTimeoutMs: 10_000,
    heartbeatMs: 200,
  },
  {
    began: (task) => console.log(`+${task}`),
    revoking: async (tasks) => {
      await commit()
      console.log(`-${tasks.join()}`)
    },
    lost: (tasks) => giveUp(`lost ${tasks.join()}`),
  },
)
let ending = false
process.on('SIGTERM', () => {
  ending = true
  commit()
    .then(() => reader.close())
    .then(() => process.exit(0), giveUp)
})

let read = 0
try {
  while (!ending) {
    const batch = await reader.poll(50)
    await inTurn(async () => {
      // Its task may have gone while the batch waited for its turn.
      if (ending || !reader.splits.includes(batch.split)) return
      for (const value of batch.records) {
        const key = Buffer.from(value)
        out.append(partitionOf(key, out.partitions), Date.now(), key, key)
      }
      const [topic = '', partition] = batch.split.split('/')
      positions.set(batch.split, { topic, partition: Number(partition), offset: batch.next, metadata: '' })
      read += batch.records.length
      await producer.send()
    })
    if (read < 200 && batch.caughtUp !== true) continue
    await commit()
    if (read > 0) console.log(`committed ${read}`)
    read = 0
  }
} catch (error) {
  if (!ending) giveUp(error)
}
