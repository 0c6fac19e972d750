// A process that copies a topic, each record once: what it has read is committed in the transaction that writes it.
// It is killed by its test at any moment. Arguments: brokers, input, output, transactional id (and group).
import { systemClock } from '@tidemark/core'
import type { CommittedPlace } from '../src/client/cluster.ts'
import { kafka, kafkaSource, partitionOf, text } from '../src/index.ts'
import { TransactionalProducer } from '../src/transaction/transactional-producer.ts'

const [brokers = '', input = '', output = '', id = ''] = process.argv.slice(2)
const cluster = kafka({ brokers: brokers.split(',') })
const settings = {
  clock: systemClock,
  patienceMs: 60_000,
  compression: 'none',
  maxBatchBytes: 2_000,
  maxPendingBytes: 1 << 20,
  transactionalId: id,
  timeoutMs: 60_000,
} as const
// First the producer: what the last run left open is decided before the offsets are asked for.
const producer = await TransactionalProducer.open(await cluster.connect(), [output], settings)
const signal = new AbortController().signal
const reader = await kafkaSource({ kafka: cluster, topics: [input], value: text(), group: id }).open({
  id: '0',
  signal,
})
const out = producer.outlet(output)
const member = { group: id, generation: -1, member: '', instance: null }
let read = 0
let positions = new Map<string, CommittedPlace>()
for (;;) {
  const batch = await reader.poll(50)
  for (const value of batch.records) {
    const key = Buffer.from(value)
    out.append(partitionOf(key, out.partitions), Date.now(), key, key)
  }
  const [topic = '', partition] = batch.split.split('/')
  positions.set(batch.split, { topic, partition: Number(partition), offset: batch.next, metadata: '' })
  read += batch.records.length
  await producer.send()
  if (read < 200 && batch.caughtUp !== true) continue
  await producer.commit({ member, places: [...positions.values()] })
  console.log(read)
  read = 0
  positions = new Map()
}
