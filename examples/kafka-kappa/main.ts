/**
 * `npm run kappa`: a week of real earthquakes through a real broker. A job runs while they arrive, exactly once; then the
 * same pipeline makes history anew into a second topic, and the answers are compared with each other and with plain loops.
 * Brokers of your own: `KAFKA_BROKERS=localhost:9092 npm run kappa`; else one is started for the time.
 */
import { setTimeout } from 'node:timers/promises'
import { Admin } from '@platformatic/kafka'
import { kafka as cluster, replay } from '@tidemark/kafka'
import { ServiceUnavailable, startKafka } from '@tidemark/services'
import { type Final, differences, recompute } from '../earthquakes/batch.ts'
import { loadQuakes } from '../earthquakes/data.ts'
import { liveJob, produce, quakesByDay, value } from './job.ts'
import { readResults } from './read.ts'

const PARTITIONS = 4

/** Answers the exit code. */
export async function kappa(brokers: readonly string[], line: (text: string) => void): Promise<number> {
  const kafka = cluster({ brokers: [...brokers] })
  const run = Date.now().toString(36)
  const [quakesTopic, live, anew] = [`quakes-${run}`, `quakes-by-day-${run}`, `quakes-by-day-v2-${run}`]
  await createTopics(brokers, [quakesTopic, live, anew])
  const quakes = loadQuakes()

  const half = Math.floor(quakes.length / 2)
  await produce(kafka, quakesTopic, quakes.slice(0, half))
  const job = liveJob(kafka, quakesTopic, live).start()
  await produce(kafka, quakesTopic, quakes.slice(half))
  // A partition without earthquakes holds the watermark until it counts as idle.
  const isThrough = (): boolean =>
    job.metrics().get('window.records') === quakes.length && Number.isFinite(job.health().watermark)
  while (!isThrough() && job.health().state !== 'failed') await setTimeout(20)
  await job.stop()
  const first = await readResults(kafka, live, PARTITIONS)
  line(`live:   ${quakes.length} records in, ${first.panes} panes out, ${first.results.size} results so far`)

  const again = await replay({
    kafka,
    pipeline: quakesByDay,
    source: { topics: [quakesTopic], value },
    to: anew,
    group: anew,
    until: 'end',
  })
  const { of, howToSwitch } = await again.done
  const second = await readResults(kafka, anew, PARTITIONS)
  line(`replay: ${of} records again, ${second.panes} panes out, all ${second.results.size} results final`)
  line(`switch: ${howToSwitch}`)

  const batch = recompute(quakes, new Set())
  const wrong = [
    ...differences([...second.results.values()], batch).map((text) => `replay: ${text}`),
    ...unequal(first.results, second.results),
    ...(second.watermark === Number.POSITIVE_INFINITY ? [] : [`replay: final up to ${second.watermark} only`]),
  ]
  for (const text of wrong) line(text)
  const all = second.results.size
  line(`${all} results compared, ${wrong.length === 0 ? 'equal to the batch recomputation' : `${wrong.length} differ`}`)
  return wrong.length === 0 ? 0 : 1
}

/** What the live job has said last must be what the replay says. */
function unequal(live: ReadonlyMap<string, Final>, anew: ReadonlyMap<string, Final>): readonly string[] {
  return [...live].flatMap(([name, { count, max }]) => {
    const other = anew.get(name)
    if (other?.count === count && other.max === max) return []
    return [`${name}: live says ${count} up to ${max}, the replay ${other?.count} up to ${other?.max}`]
  })
}

async function createTopics(brokers: readonly string[], topics: string[]): Promise<void> {
  const admin = new Admin({ clientId: 'kappa', bootstrapBrokers: [...brokers], retries: 20, retryDelay: 200 })
  // The earthquakes are of 2018: retention would delete them at once.
  const configs = [{ name: 'retention.ms', value: '-1' }]
  await admin.createTopics({ topics, partitions: PARTITIONS, replicas: 1, configs })
  await admin.close()
}

async function main(): Promise<number> {
  const line = (text: string): void => console.log(text)
  const own = process.env['KAFKA_BROKERS']
  if (own !== undefined) return kappa(own.split(','), line)
  try {
    await using broker = await startKafka()
    return await kappa(broker.bootstrap, line)
  } catch (error) {
    if (!(error instanceof ServiceUnavailable)) throw error
    console.error(`${error.message}\nOr name brokers of your own: KAFKA_BROKERS=localhost:9092 npm run kappa`)
    return 1
  }
}

if (import.meta.main) process.exitCode = await main()
