/**
 * Owns how long a final result takes: records as they would come live, 20,000 a second over all partitions with the wall
 * clock as event time, and for each result the time from when its window could be complete to when a reader of committed
 * records has it. The job runs in a process of its own; producer and reader share this one.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import {
  type Kafka,
  json,
  kafka as cluster,
  kafkaRecords,
  kafkaSink,
  kafkaSource,
  resultRecords,
} from '@tidemark/kafka'

const RATE = 20_000
const KEYS = 1_000
const EVERY_MS = 5
const SIZE = '1s'

interface Event {
  readonly id: string
  readonly at: number
}

/** The job: `latency.ts BROKER FROM TO`, until it is told to end. */
export async function counting(kafka: Kafka, from: string, to: string): Promise<void> {
  const job = pipeline(to)
    .from(kafkaSource({ kafka, topics: [from], value: json.pick({ id: 'string', at: 'number' }) }))
    .eventTime({ timestamp: (event) => event.at, watermark: boundedOutOfOrderness('0ms') })
    .keyBy((event) => event.id)
    .window(tumbling(SIZE))
    .count()
    .to(kafkaSink({ kafka, topic: to, guarantee: 'exactly-once', commit: { every: '100ms' } }))
    .start()
  process.on('SIGTERM', () => void job.drain())
  await job.done
}

/** Runs for so many seconds, of which the first ten do not count; prints quantiles. */
export async function latency(
  address: string,
  seconds: number,
  createTopic: (name: string) => Promise<unknown>,
): Promise<void> {
  const kafka = cluster({ brokers: [address] })
  const [from, to] = ['live', 'live-results']
  await createTopic(from)
  await createTopic(to)
  const script = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, ['--conditions=@tidemark/source', script, address, from, to], {
    stdio: 'inherit',
  })
  const began = Date.now()
  const took: number[] = []
  const reading = pipeline('latency')
    .from(kafkaSource({ kafka, topics: [to], value: resultRecords<string, number>(json<number>()) }))
    .tap((record) => {
      if (record.kind === 'value' && record.window.start > began + 10_000) took.push(Date.now() - record.window.end)
    })
    .to({
      open: () =>
        Promise.resolve({ write() {}, progress() {}, flush: () => Promise.resolve(), close: () => Promise.resolve() }),
    })
    .start()
  await pipeline('live')
    .from(live(began, seconds))
    .to(kafkaRecords<Event>({ kafka, topic: from, key: ({ id }) => id, timestamp: ({ at }) => at }))
    .start({ batchSize: (RATE * EVERY_MS) / 1_000 }).done
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  await reading.drain()
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  took.sort((a, b) => a - b)
  const at = (q: number): number => took[Math.floor(q * (took.length - 1))] ?? Number.NaN
  console.log(
    `${took.length} results at ${RATE} records/s, exactly once every 100 ms: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
  )
}

/** Records with the wall clock as their time, as many as are due; the last of each second are in it for all keys. */
async function* live(began: number, seconds: number): AsyncGenerator<Event> {
  let made = 0
  for (;;) {
    const now = Date.now()
    if (now - began >= seconds * 1_000) return
    const due = Math.floor(((now - began) * RATE) / 1_000)
    for (; made < due; made++) yield { id: `key ${made % KEYS}`, at: now }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address = '', from = '', to = ''] = process.argv.slice(2)
  await counting(cluster({ brokers: [address] }), from, to)
  process.exit(0)
}
