/**
 * `npm run bench:kafka -- [--records N] [--keys N,…] [--runs N] [--jobs loop,parse,pick,pick-once-1s,loop-updates,pick-updates]`:
 * jobs in turn on one broker of this machine, every result checked; or `--latency SECONDS`: how long a final result takes.
 * Of other engines, as jobs: flink, streams, memorystreams; with -once-1s or -updates behind the name (Java and Maven are
 * needed). CPU is that of the process that runs the job, from its start to its end, or to its last result.
 */
import { spawnSync } from 'node:child_process'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Admin, FetchIsolationLevels } from '@platformatic/kafka'
import { pipeline } from '@tidemark/core'
import { type Kafka, kafka as cluster, kafkaRecords } from '@tidemark/kafka'
import { startKafka } from '@tidemark/services'
import { spread } from '../spread.ts'
import { check } from './check.ts'
import type { Cost } from './cost.ts'
import { builtEngines, isEngine, runEngine } from './engines.ts'
import { latency } from './latency.ts'
import { PARTITIONS, type Event, Expected, type Work, events } from './work.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '5000000' },
    keys: { type: 'string', default: '1000,100000' },
    runs: { type: 'string', default: '3' },
    latency: { type: 'string' },
    jobs: { type: 'string', default: 'loop,parse,pick,parse-once-1s,pick-once-1s,pick-once-100ms' },
  },
})

async function produce(kafka: Kafka, topic: string, work: Work): Promise<void> {
  await pipeline('events')
    .from(events(work))
    .to(kafkaRecords<Event>({ kafka, topic, key: (event) => event.id, timestamp: (event) => event.at }))
    .start().done
}

function run(name: string, broker: string, from: string, to: string, work: Work): Cost {
  const child = fileURLToPath(new URL('child.ts', import.meta.url))
  const args = ['--conditions=@tidemark/source', child, name, broker, from, to, String(work.records)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 600_000 })
  if (status !== 0) throw new Error(`'${name}' ended with ${status}: ${stderr}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Cost
}

const jobs = values.jobs.split(',')
await using broker = await startKafka({ heap: '1g' })
const [address = ''] = broker.bootstrap
const kafka = cluster({ brokers: [address] })
const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [address], retries: 20, retryDelay: 200 })
const createTopic = (name: string): Promise<unknown> =>
  admin.createTopics({
    topics: [name],
    partitions: PARTITIONS,
    replicas: 1,
    configs: [{ name: 'retention.ms', value: '-1' }],
  })

const built = jobs.some(isEngine) ? await builtEngines() : ''
/** The sum of the last stable offsets of a topic's partitions. */
async function stable(name: string): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
  const isolationLevel = FetchIsolationLevels.READ_COMMITTED
  const found = await admin.listOffsets({ topics: [{ name, partitions }], isolationLevel })
  return found.flatMap((topic) => topic.partitions).reduce((sum, { offset }) => sum + Number(offset), 0)
}

if (values.latency !== undefined) await latency(address, Number(values.latency), createTopic)
else
  for (const keys of values.keys.split(',').map(Number)) {
    const work: Work = { keys, records: Number(values.records) }
    const least = jobs.some(isEngine) ? new Expected(work).finals : 0
    const input = `events-${keys}`
    await createTopic(input)
    await produce(kafka, input, work)
    const costs = new Map<string, Cost[]>(jobs.map((name) => [name, []]))
    for (let i = 0; i < Number(values.runs); i++) {
      for (const name of jobs) {
        const output = `results-${keys}-${name}-${i}`
        await createTopic(output)
        const compared = (): Promise<number> => check(kafka, output, name, work)
        const where = { job: name, broker: address, from: input, to: output }
        const results = name.includes('updates') ? work.records : least
        const [cost, finals] = isEngine(name)
          ? await runEngine({ ...where, built, stable: () => stable(output), results, check: compared })
          : [run(name, address, input, output, work), await compared()]
        costs.get(name)?.push(cost)
        console.log(
          `${keys} keys, ${name}: ${((1_000 * cost.cpuMs) / work.records).toFixed(2)} CPU s per M, ${Math.round(work.records / cost.wallMs)} k records/s, ${Math.round(cost.peakMb)} MB, ${finals} finals equal, load ${loadavg()[0]?.toFixed(1)}`,
        )
      }
    }
    console.log(`\n${keys} keys, ${work.records} records`)
    console.log(
      '| job | CPU s per M records | k records/s | peak MB | CPU beside the loop |\n| --- | --- | --- | --- | --- |',
    )
    const loop = (costs.get('loop') ?? costs.get('loop-updates'))?.map(({ cpuMs }) => cpuMs) ?? []
    for (const [name, of] of costs) {
      const cpu = spread(
        of.map(({ cpuMs }) => (1_000 * cpuMs) / work.records),
        2,
      )
      const rate = spread(
        of.map(({ wallMs }) => work.records / wallMs),
        0,
      )
      const peak = spread(
        of.map(({ peakMb }) => peakMb),
        0,
      )
      const beside = spread(
        of.map(({ cpuMs }, i) => cpuMs / (loop[i] ?? Number.NaN)),
        2,
      )
      console.log(`| ${name} | ${cpu} | ${rate} | ${peak} | ${beside} |`)
    }
    console.log('')
  }
await admin.close()
