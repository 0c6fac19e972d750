// What an exactly-once job does where something comes in between that no test of kills or faults meets by itself.
import { type Duration, type Job, type Sink, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { expect, test } from 'vitest'
import { LATEST } from '../src/client/cluster.ts'
import { CODE } from '../src/client/error-codes.ts'
import {
  type CommitOptions,
  type Kafka,
  type KafkaSinkOptions,
  type KafkaSourceOptions,
  type MemoryKafka,
  json,
  kafkaRecords,
  kafkaSink,
  kafkaSource,
  memoryKafka,
  partitionOf,
} from '../src/index.ts'
import { eventClock } from './event-clock.ts'
import { override } from './override.ts'
import { finals } from './finals.ts'

interface View {
  readonly at: number
}

interface Options {
  readonly source?: Partial<KafkaSourceOptions<View>>
  readonly sink?: Partial<Omit<KafkaSinkOptions<string, number>, 'guarantee' | 'commit'>>
  readonly commit?: CommitOptions
  readonly idleAfter?: Duration
}

class World {
  readonly clock = eventClock()
  readonly kafka: MemoryKafka = memoryKafka({ nodes: 2, clock: this.clock })

  constructor() {
    this.kafka.createTopic('views', 2)
    this.kafka.createTopic('results', 1)
  }

  /** A record of the one page of the partition at each of the times. */
  write(partition: 0 | 1, ...times: readonly number[]): void {
    const records = times.map((at) => ({ key: PAGES[partition] ?? null, value: JSON.stringify({ at }) }))
    this.kafka.append('views', partition, records)
  }

  /** Counts views by second and page. */
  start({ source = {}, sink = {}, commit = {}, ...time }: Options = {}): Job<unknown> {
    const { kafka, clock } = this
    const member = { sessionTimeout: '6s', heartbeat: '300ms', rebalanceTimeout: '10s' } as const
    const value = json<View>()
    const job = pipeline('counts')
      .from(
        kafkaSource({
          kafka,
          topics: ['views'],
          group: 'counts',
          metadataEvery: '1s',
          value,
          member,
          clock,
          ...source,
        }),
      )
      .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('0ms'), ...time })
      .keyByRecordKey<string>()
      .window(tumbling('1s'))
      .count()
      .to(
        kafkaSink({
          kafka,
          topic: 'results',
          guarantee: 'exactly-once',
          commit: { every: '50ms', ...commit },
          clock,
          ...sink,
        }),
      )
      .start({ clock, batchSize: 20 })
    job.done.catch(() => {})
    return job
  }

  results(): Promise<readonly string[]> {
    return finals(this.kafka, 'results')
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.wakeAt?.(this.clock.now() + ms, resolve))
  }
}

const PAGES = [0, 1].map(
  (partition) => ['home', 'about', 'news'].find((page) => partitionOf(Buffer.from(page), 2) === partition) as string,
)
const [ZERO, ONE] = PAGES

test('a task that was not committed in time is lost: its next owner alone makes its results', async () => {
  const world = new World()
  let gate = Promise.resolve()
  let open = (): void => {}
  const slow: Kafka = override(world.kafka, (inner) => ({
    produce: async (...request) => {
      await gate
      return inner.produce(...request)
    },
  }))
  const first = world.start({ sink: { kafka: slow, maxPendingBytes: 1 }, commit: { timeout: '60s' } })
  world.write(0, 1)
  world.write(1, 1)
  await world.wait(1_000)
  gate = new Promise<void>((resolve) => {
    open = resolve
  })
  world.write(1, 5_000)
  await world.wait(500)
  const second = world.start()
  // Longer than the group waits for a task that is to go.
  await world.wait(40_000)
  expect(await world.results()).toEqual([`${ONE}@0=1`])
  open()
  world.write(0, 9_000)
  world.write(1, 9_000)
  await world.wait(10_000)
  await Promise.all([first.drain(), second.drain()])
  expect(await world.results()).toEqual([`${ONE}@0=1`, `${ONE}@5000=1`, `${ZERO}@0=1`].toSorted())
})

test('a member that was put out asks at once, and does not give up before it knows', async () => {
  const world = new World()
  world.write(0, 1)
  const member = { sessionTimeout: '45s', heartbeat: '20s' } as const
  const job = world.start({ source: { member }, commit: { every: '10ms' } })
  await world.wait(1_000)
  let out = true
  world.kafka.interrupt = (kind) => {
    if (!out) return undefined
    if (kind === 'heartbeat') out = false
    return kind === 'heartbeat' || kind === 'commitOffsetsIn' ? CODE.unknownMember : undefined
  }
  world.write(0, 5_000)
  // In the twin it is a member under its old name as well, until that one's session is over.
  await world.wait(100_000)
  await job.drain()
  expect(await world.results()).toEqual([`${ZERO}@0=1`])
})

test('what is written is stamped by the clock, whatever event time says: retention goes by it', async () => {
  const world = new World()
  world.write(0, -9_000_000, -8_000_000)
  const job = world.start()
  await world.wait(1_000)
  await job.drain()
  expect(await world.results()).toEqual([`${ZERO}@-9000000=1`])
  const stored = ['results', 'counts-changelog'].flatMap((topic) => world.kafka.records(topic))
  expect(stored.length).toBeGreaterThan(3)
  for (const { timestamp } of stored) expect(timestamp).toBeGreaterThanOrEqual(0)
})

test('a changelog is as safe as the results, or as it is told to be', async () => {
  const made = async (commit: CommitOptions): Promise<unknown> => {
    const world = new World()
    let replicas: unknown
    const kafka = override(world.kafka, (inner) => ({
      metadata: async (topics) => (await inner.metadata(topics)).map((found) => ({ ...found, replicas: 3 })),
      createTopic: (topic, wanted) => {
        ;({ replicas } = wanted)
        return inner.createTopic(topic, wanted)
      },
    }))
    const job = world.start({ sink: { kafka }, commit })
    await world.wait(100)
    await job.drain()
    return replicas
  }
  expect(await made({})).toBe(3)
  expect(await made({ replication: 2 })).toBe(2)
})

test('a key that may leave its partition is refused in a group, with the reason', async () => {
  const { kafka, clock } = new World()
  const refused = pipeline('counts')
    .from(kafkaSource({ kafka, topics: ['views'], group: 'counts', value: json<View>(), clock }))
    .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('0ms') })
    .keyBy(({ at }) => at % 7)
    .window(tumbling('1s'))
    .count()
    .to(kafkaSink({ kafka, topic: 'results', guarantee: 'exactly-once', clock }))
  expect(() => refused.start({ clock })).toThrow(/a key of its own.*write the records to a topic by the new key first/)
})

test('counters never go down: neither when tasks go, nor when work is done again', async () => {
  const world = new World()
  const before = new Map<string, number>()
  const check = (job: Job<unknown>): ReadonlyMap<string, number> => {
    const now = job.metrics()
    for (const [name, count] of before)
      if (!['watermark', 'window.entries'].includes(name)) expect([name, now.get(name)! >= count]).toEqual([name, true])
    for (const [name, count] of now) before.set(name, count)
    return now
  }
  for (const partition of [0, 1] as const) world.write(partition, 1, 5_000, 2)
  const first = world.start()
  await world.wait(1_000)
  expect(Object.fromEntries(check(first))).toMatchObject({
    'window.records': 6,
    'window.tooLate': 2,
    'window.entries': 2,
  })
  const second = world.start()
  while (second.health().splits.size === 0) await world.wait(100)
  await world.wait(1_000)
  expect(Object.fromEntries(check(first))).toMatchObject({
    'window.records': 6,
    'window.tooLate': 2,
    'window.entries': 1,
  })
  expect(first.lateness().get('window')).toMatchObject({ total: 2, suggestedMs: 4_001 })
  await second.drain()
  let aborts = 0
  world.kafka.interrupt = (kind) => (kind === 'commitOffsetsIn' && aborts++ === 0 ? 45 : undefined)
  world.write(0, 9_000)
  world.write(1, 9_000)
  await world.wait(10_000)
  expect(check(first).get('window.records')).toBeGreaterThan(8)
  await first.drain()
  expect((await world.results()).filter((text) => text.endsWith('@5000=1'))).toHaveLength(2)
})

test('input that was made anew with fewer partitions while the job runs is not read', async () => {
  const world = new World()
  world.write(1, 1)
  const job = world.start()
  await world.wait(1_000)
  world.kafka.deleteTopic('views')
  world.kafka.createTopic('views', 1)
  await expect(job.done).rejects.toMatchObject({ code: 'KAFKA_PARTITION_GONE' })
})

test('input that is given more partitions while the job runs does not fit its state', async () => {
  const world = new World()
  world.write(0, 1)
  const job = world.start()
  await world.wait(1_000)
  world.kafka.createTopic('views', 3)
  await expect(job.done).rejects.toMatchObject({ code: 'KAFKA_CHANGELOG' })
})

test('state without the offsets that it belongs to is refused, not left out', async () => {
  const world = new World()
  world.write(0, 1, 5_000)
  const job = world.start()
  await world.wait(1_000)
  await job.drain()
  const other = world.start({ source: { group: 'others' } })
  await expect(other.done).rejects.toThrow('state, but no offset that the group has committed with it')
  expect(await world.results()).toEqual([`${ZERO}@0=1`])
  const again = world.start()
  world.write(0, 5_500, 9_000)
  await world.wait(1_000)
  await again.drain()
  expect(await world.results()).toEqual([`${ZERO}@0=1`, `${ZERO}@5000=2`])
})

test('state that one process wrote without sharing the input is not taken for that of another group', async () => {
  const world = new World()
  world.write(0, 1, 5_000)
  await world.start({ source: { until: 'end', member: undefined as never } }).done
  world.kafka.deleteTopic('views')
  world.kafka.createTopic('views', 1)
  await expect(world.start().done).rejects.toThrow(/One process wrote it without sharing the input .*until: 'end'/)
})

test('what is said to a member in a job without any, or to a sink that joins another, is refused', async () => {
  const world = new World()
  const { kafka } = world
  const source = kafkaSource({ kafka, topics: ['views'], group: 'g', value: json<View>(), member: { instance: 'a' } })
  const alone = pipeline('alone')
    .from(source)
    .to(kafkaRecords({ kafka, topic: 'results' }))
  await expect(alone.start().done).rejects.toMatchObject({ code: 'IGNORED_OPTION' })
  const sink = (topic: string, more: object): Sink<View> =>
    kafkaRecords<View>({ kafka, topic, guarantee: 'exactly-once', ...more })
  const joined = (more: object): Promise<void> =>
    pipeline('joined')
      .from(kafkaSource({ kafka, topics: ['views'], value: json<View>(), until: 'end' }))
      .to(sink('results', { compression: 'gzip', commit: { every: '1s' } }))
      .to(sink('views', more))
      .start().done
  await expect(joined({ compression: 'zstd' })).rejects.toThrow(
    "'compression' of the exactly-once sink of 'views': found 'zstd', expected what the primary sink, that of 'results', says for all ('gzip')",
  )
  await expect(joined({ commit: { changelog: 'other' } })).rejects.toThrow(
    "'commit.changelog' of the exactly-once sink",
  )
  await joined({ compression: 'gzip', commit: { every: '1s' } })
})

test('a transaction that does not say where the state lies is aborted, and done again', async () => {
  const world = new World()
  let lost = 0
  const kafka: Kafka = override(world.kafka, (inner) => ({
    produce: async (...request) => {
      const answers = await inner.produce(...request)
      return answers.map((answer) => {
        if (answer.topic !== 'counts-changelog' || lost++ > 0) return answer
        return { ...answer, error: CODE.duplicateSequence, baseOffset: -1n }
      })
    },
  }))
  const job = world.start({ sink: { kafka } })
  world.write(0, 1, 2)
  await world.wait(1_000)
  await job.stop({ deadline: '0ms' }).catch(() => {})
  expect(lost).toBeGreaterThan(1)
  const again = world.start()
  await world.wait(20_000)
  world.write(0, 5_000)
  await world.wait(1_000)
  await again.drain()
  expect(await world.results()).toEqual([`${ZERO}@0=2`])
})

test.each([
  [{ every: '30s' }, {}, 40_000, /^counts-[0-9a-f-]{36}$/],
  [{ every: '30s' }, { instance: 'a' }, 90_000, /^counts-a$/],
  [{ every: '30s', timeout: '31s' }, {}, 31_000, /^counts-[0-9a-f-]{36}$/],
] as const)(
  'one producer for a process, whose transactions may be open for longer than an interval: %j %j',
  async (commit, member, timeoutMs, name) => {
    const world = new World()
    const asked: (string | number)[] = []
    const kafka: Kafka = override(world.kafka, (inner) => ({
      initTransactions: (id, ms, current) => {
        asked.push(id, ms)
        return inner.initTransactions(id, ms, current)
      },
    }))
    const job = world.start({ source: { member }, sink: { kafka }, commit })
    await world.wait(100)
    await job.drain()
    expect(asked).toEqual([expect.stringMatching(name), timeoutMs])
  },
)

test('a job that cannot begin leaves no connection open', async () => {
  const world = new World()
  let open = 0
  const kafka: Kafka = override(world.kafka, (inner) => {
    open++
    return {
      close: async () => {
        open--
        await inner.close()
      },
    }
  })
  world.kafka.interrupt = (kind) => (kind === 'initTransactions' ? 53 : undefined)
  await expect(world.start({ sink: { kafka } }).done).rejects.toThrow('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  expect(open).toBe(0)
})

test('a changelog whose name no topic may have is refused', async () => {
  const { done } = new World().start({ commit: { changelog: 'a b' } })
  await expect(done).rejects.toMatchObject({ code: 'BAD_TOPICS' })
  await expect(done).rejects.toThrow("found 'a b', expected a name")
})

test('a job that fails holds up no reader: what it has written and not committed is aborted', async () => {
  const world = new World()
  const job = world.start({ commit: { every: '1m' } })
  world.write(0, 1, 5_000)
  await world.wait(1_000)
  world.kafka.append('views', 0, [{ key: ZERO ?? null, value: 'no JSON' }])
  await expect(job.done).rejects.toMatchObject({ code: 'BAD_JSON' })
  const cluster = await world.kafka.connect()
  const places = [{ topic: 'results', partition: 0 }]
  const node = (await cluster.metadata(['results']))[0]?.partitions[0]?.leader ?? 0
  const [stable] = await cluster.offsets(node, places, LATEST, true)
  const [end] = await cluster.offsets(node, places, LATEST, false)
  expect(end?.offset).toBeGreaterThan(0n)
  expect(stable?.offset).toBe(end?.offset)
})
