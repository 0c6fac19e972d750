// Exactly once, whatever goes wrong: requests that fail, answers that get lost, processes that come, go and are abandoned,
// as a seed draws them, in time that nobody waits for. `TIDEMARK_SEEDS=5000 TIDEMARK_SEED=1` for more, from another one.
import { type Job, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { expect, test } from 'vitest'
import { CODE } from '../src/client/error-codes.ts'
import {
  type MemoryKafka,
  type RequestKind,
  json,
  kafkaSink,
  kafkaSource,
  memoryKafka,
  partitionOf,
} from '../src/index.ts'
import { eventClock } from './event-clock.ts'
import { finals } from './finals.ts'

const seeds = Number(process.env['TIDEMARK_SEEDS'] ?? 60)
const firstSeed = Number(process.env['TIDEMARK_SEED'] ?? 1)
const PARTITIONS = 3
const PAGES = 12
const RECORDS = 1_200
const STEPS = 60
const END = 30_000

/** Codes that a request of a kind may be answered with, as brokers in trouble do. */
const TROUBLE: Partial<Record<RequestKind, readonly number[]>> = {
  produce: [CODE.notLeader, 7, 19],
  addPartitions: [CODE.notCoordinator, 51],
  addOffsets: [CODE.coordinatorLoading, 51],
  commitOffsetsIn: [CODE.notCoordinator, CODE.illegalGeneration, CODE.unknownMember],
  endTransaction: [CODE.notCoordinator, 51],
  initTransactions: [CODE.coordinatorNotAvailable, 51],
  committedOffsets: [CODE.unstableOffset, CODE.notCoordinator],
  fetch: [CODE.notLeader, 56],
  heartbeat: [CODE.coordinatorNotAvailable, CODE.rebalanceInProgress, CODE.unknownMember, CODE.illegalGeneration],
}

function random(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

function start(kafka: MemoryKafka, clock: ReturnType<typeof eventClock>, instance: string | undefined): Job<unknown> {
  const member = { sessionTimeout: '6s', heartbeat: '300ms', rebalanceTimeout: '10s' } as const
  const job = pipeline('counts')
    .from(
      kafkaSource({
        kafka,
        topics: ['views'],
        group: 'counts',
        value: json<{ readonly at: number }>(),
        member: instance === undefined ? member : { ...member, instance },
        clock,
      }),
    )
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('100ms') })
    .keyByRecordKey<string>()
    .window(tumbling('1s'))
    .count()
    .to(kafkaSink({ kafka, topic: 'results', guarantee: 'exactly-once', commit: { every: '50ms' }, clock }))
    .start({ clock, batchSize: 20 })
  job.done.catch(() => {})
  return job
}

const results = (kafka: MemoryKafka): Promise<readonly string[]> => finals(kafka, 'results')

async function run(seed: number): Promise<void> {
  const draw = random(seed)
  const clock = eventClock()
  const kafka = memoryKafka({ nodes: 2, clock })
  kafka.createTopic('views', PARTITIONS)
  kafka.createTopic('results', 2)
  const expected = new Map<string, number>()
  let written = 0
  const write = (count: number): void => {
    for (const to = written + count; written < to; written++) {
      const [page, at] = [`page ${draw(PAGES)}`, written * 10 + draw(90)]
      const id = `${page}@${at - (at % 1_000)}`
      expected.set(id, (expected.get(id) ?? 0) + 1)
      kafka.append('views', partitionOf(Buffer.from(page), PARTITIONS), [{ key: page, value: JSON.stringify({ at }) }])
    }
  }

  let calm = false
  const rate = [0, 100, 30, 10][draw(4)] as number
  kafka.interrupt = (kind) => {
    if (calm || rate === 0 || draw(rate) > 0) return undefined
    if (draw(3) === 0) return kind === 'metadata' || kind === 'offsets' ? undefined : 'after'
    const codes = TROUBLE[kind]
    return codes?.[draw(codes.length)]
  }
  const jobs: (Job<unknown> | undefined)[] = [start(kafka, clock, 'a'), undefined, undefined]
  const turn = async (ms: number): Promise<void> => new Promise((resolve) => clock.wakeAt?.(clock.now() + ms, resolve))
  for (let step = 0; step < STEPS; step++) {
    write(RECORDS / STEPS)
    await turn(draw(400))
    if (draw(4) > 0) continue
    const at = draw(jobs.length)
    const job = jobs[at]
    if (job === undefined || job.health().state === 'failed') jobs[at] = start(kafka, clock, at === 0 ? 'a' : undefined)
    else {
      jobs[at] = undefined
      if (draw(2) === 0) await job.drain().catch(() => {})
      else await job.stop({ deadline: '0ms' }).catch(() => {})
    }
  }
  for (let p = 0; p < PARTITIONS; p++) {
    const page = Array.from({ length: 50 }, (_, i) => `page ${i}`).find(
      (name) => partitionOf(Buffer.from(name), PARTITIONS) === p,
    )
    kafka.append('views', p, [{ key: page ?? '', value: JSON.stringify({ at: END }) }])
  }
  const all = [...expected].map(([id, count]) => `${id}=${count}`).sort()
  calm = true
  let found: readonly string[] = []
  for (let round = 0; round < 600 && found.length < all.length; round++) {
    for (const [i, job] of jobs.entries())
      if (i === 0 && (job === undefined || job.health().state === 'failed')) jobs[i] = start(kafka, clock, 'a')
    await turn(1_000)
    found = await results(kafka)
  }
  // What the processes say last tells why, if something is missing.
  const said = jobs.map((job) => [job?.health().state, job?.health().reasons, job?.explain()])
  for (const job of jobs) await job?.drain().catch(() => {})
  found = await results(kafka)
  expect({ found, said: found.length === all.length ? [] : said }).toEqual({ found: all, said: [] })
}

test(
  `each result is there once, for ${seeds} seeds from ${firstSeed}`,
  { timeout: 60_000 + seeds * 2_000 },
  async () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      try {
        await run(seed)
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    }
  },
)
