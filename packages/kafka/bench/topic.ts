// What reading and writing a topic on a real broker costs this process, in CPU seconds per million records.
// TIDEMARK_KAFKA_BROKERS=127.0.0.1:9092 node --conditions=@tidemark/source packages/kafka/bench/topic.ts [records] [keys]
import { Admin } from '@platformatic/kafka'
import { type Meta, boundedOutOfOrderness, forEach, pipeline, tumbling } from '@tidemark/core'
import { json, kafka, kafkaRecords, kafkaSink, kafkaSource } from '../src/index.ts'

const [records = 1_000_000, keys = 1_000] = process.argv.slice(2).map(Number)
const brokers = (process.env['TIDEMARK_KAFKA_BROKERS'] ?? '127.0.0.1:9092').split(',')
const cluster = kafka({ brokers })
const run = `bench-${process.pid}`
const admin = new Admin({ clientId: 'bench', bootstrapBrokers: brokers })
const configs = [{ name: 'retention.ms', value: '-1' }]
await admin.createTopics({ topics: [`${run}-in`, `${run}-out`, `${run}-all`], partitions: 4, replicas: 1, configs })

interface Event {
  readonly id: string
  readonly v: number
  readonly at: number
  readonly note: string
}

const START = 1_700_000_000_000
const SPAN = 3_600_000
const note = 'x'.repeat(48)
const late = (i: number): number => Math.imul(i, 0x9e3779b1) >>> 19
function* events(): Iterable<Event> {
  for (let i = 0; i < records; i++) {
    const at = START + 10_000 + Math.floor((i * SPAN) / records) - late(i)
    yield { id: `k${(Math.imul(i, 0x85ebca6b) >>> 8) % keys}`, v: i % 100, at, note }
  }
}

async function measure(name: string, job: () => Promise<number>): Promise<void> {
  const cpu = process.cpuUsage()
  const began = Date.now()
  const count = await job()
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (Date.now() - began) / 1_000
  const perMillion = (user + system) / 1e6 / (records / 1e6)
  const peak = process.resourceUsage().maxRSS / 1_024
  console.log(
    `${name.padEnd(34)} ${perMillion.toFixed(2).padStart(6)} CPU s/M  ${(records / seconds / 1_000).toFixed(0).padStart(6)} k/s  ${count} out  peak ${peak.toFixed(0)} MB`,
  )
}

const input = { kafka: cluster, topics: [`${run}-in`], until: 'end' } as const
const two = json.pick({ v: 'number', at: 'number' })

await measure('write', async () => {
  const sink = kafkaRecords<Event>({ kafka: cluster, topic: `${run}-in`, key: (e) => e.id, timestamp: (e) => e.at })
  await pipeline('write').from(events()).to(sink).start().done
  return records
})
await measure('read: batches only', async () => {
  let count = 0
  const nothing = { decode: () => 0, decodeRange: () => 0 }
  const reader = await kafkaSource({ ...input, value: nothing }).open({ id: '0', signal: new AbortController().signal })
  for (let left = reader.splits.length; left > 0;) {
    const batch = await reader.poll(1_024)
    count += batch.records.length
    if (batch.finished === true) left--
  }
  await reader.close()
  return count
})
for (const [name, value] of [
  ['json.pick', two],
  ['JSON.parse', json<Event>()],
] as const) {
  await measure(`count and sum, finals, ${name}`, async () => {
    let count = 0
    await pipeline('finals')
      .from(kafkaSource<Pick<Event, 'v' | 'at'>>({ ...input, value }))
      .eventTime({ timestamp: (e) => e.at, watermark: boundedOutOfOrderness('10s') })
      .keyBy((_, meta: Meta) => meta.key as string)
      .window(tumbling('1m'))
      .aggregate((a) => ({ count: a.count(), sum: a.sum((e) => e.v) }))
      .to(kafkaSink({ kafka: cluster, topic: `${run}-out` }))
      .to(forEach(() => void count++))
      .start().done
    return count
  })
}
await measure('finals by a picked key', async () => {
  await pipeline('finals-by-id')
    .from(kafkaSource({ ...input, value: json.pick({ id: 'string', v: 'number', at: 'number' }) }))
    .eventTime({ timestamp: (e) => e.at, watermark: boundedOutOfOrderness('10s') })
    .keyBy((e) => e.id)
    .window(tumbling('1m'))
    .aggregate((a) => ({ count: a.count(), sum: a.sum((e) => e.v) }))
    .to(kafkaSink({ kafka: cluster, topic: `${run}-all` }))
    .start().done
  return 0
})
await admin.deleteTopics({ topics: [`${run}-in`, `${run}-out`, `${run}-all`] })
await admin.close()
