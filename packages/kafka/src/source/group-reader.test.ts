import type { Batch } from '@tidemark/core'
import { expect, test } from 'vitest'
import { eventClock } from '../../test/event-clock.ts'
import { CODE } from '../client/error-codes.ts'
import { pause } from '../client/retry.ts'
import type { GroupSettings } from '../group/group-member.ts'
import { type KafkaSourceOptions, type MemoryKafka, memoryKafka, text } from '../index.ts'
import { GroupReader } from './group-reader.ts'
import { sourceSettings } from './options.ts'
import { placesOf } from './start-positions.ts'

class World {
  readonly clock = eventClock()
  readonly kafka: MemoryKafka = memoryKafka({ clock: this.clock, nodes: 2 })

  constructor(partitions: number, perPartition: number) {
    this.kafka.createTopic('t', partitions)
    for (let partition = 0; partition < partitions; partition++) this.write(partition, 0, perPartition)
  }

  write(partition: number, from: number, to: number): void {
    for (let i = from; i < to; i++) this.kafka.append('t', partition, [{ value: `${partition}:${i}` }])
  }

  async join(
    name: string,
    options: Partial<KafkaSourceOptions<string>> = {},
    group: Partial<GroupSettings> = {},
  ): Promise<Reading> {
    const settings = sourceSettings({
      kafka: this.kafka,
      topics: ['t'],
      value: text(),
      group: 'g',
      clock: this.clock,
      metadataEvery: '1s',
      ...options,
    })
    const reading = new Reading(name, this.kafka)
    reading.reader = await GroupReader.open(
      await this.kafka.connect(),
      settings,
      {
        group: 'g',
        instance: undefined,
        topics: settings.topics,
        sessionTimeoutMs: 3_000,
        rebalanceTimeoutMs: 10_000,
        heartbeatMs: 500,
        patienceMs: 60_000,
        clock: this.clock,
        ...group,
      },
      {
        began: (task, splits) =>
          reading.events.push(`+${task}`, ...splits.map((at) => `${at.split} ${at.offset} ${at.metadata}`.trim())),
        revoking: async (tasks) => {
          reading.events.push(`-${tasks.join()}`)
          await reading.commit()
        },
        lost: (tasks) => reading.events.push(`!${tasks.join()}`),
      },
    )
    void reading.read()
    return reading
  }

  wait(ms: number): Promise<void> {
    return pause(this.clock, ms).over
  }

  async until(done: () => boolean): Promise<void> {
    for (let left = 500; left > 0 && !done(); left--) await this.wait(100)
    expect(done()).toBe(true)
  }
}

/** Reads all it gets, and commits it when it is asked to. */
class Reading {
  readonly name: string
  readonly events: string[] = []
  readonly values: string[] = []
  readonly positions = new Map<string, bigint>()
  failure: unknown
  reader!: GroupReader<string>
  readonly #kafka: MemoryKafka

  constructor(name: string, kafka: MemoryKafka) {
    this.name = name
    this.#kafka = kafka
  }

  async read(): Promise<void> {
    try {
      for (;;) this.#take(await this.reader.poll(3))
    } catch (error) {
      this.failure = error
    }
  }

  #take({ split, records, next }: Batch<string>): void {
    expect(this.reader.splits).toContain(split)
    this.values.push(...records)
    this.positions.set(split, next)
  }

  async commit(): Promise<void> {
    const positions = [...this.positions].map(([split, offset]) => ({ split, offset }))
    this.positions.clear()
    const cluster = await this.#kafka.connect()
    await this.reader.commit(async (who) => {
      const answers = await cluster.commitOffsets(who, placesOf(positions))
      expect(answers.every(({ error }) => error === CODE.none)).toBe(true)
    })
  }
}

test('tasks go on in another reader where the last one has committed: each record once', async () => {
  const world = new World(4, 100)
  const one = await world.join('one')
  await world.until(() => one.values.length >= 50)
  const two = await world.join('two')
  await world.until(() => two.reader.splits.length === 2)
  for (let partition = 0; partition < 4; partition++) world.write(partition, 100, 150)
  await world.until(() => one.values.length + two.values.length >= 600)
  await world.wait(1_000)
  const all = [...one.values, ...two.values]
  expect([all.length, new Set(all).size]).toEqual([600, 600])
  expect(two.values.length).toBeGreaterThanOrEqual(100)
  expect(one.events.filter((event) => event.startsWith('-'))).toEqual(['-2,3'])
  for (const { reader } of [one, two]) await reader.close()
})

test('a task is the partitions of one number of all topics, and each begins where the group was, or where it is told', async () => {
  const world = new World(2, 5)
  world.kafka.createTopic('u', 1)
  world.kafka.append('u', 0, [{ value: 'u0' }])
  const cluster = await world.kafka.connect()
  const nobody = { group: 'g', generation: -1, member: '', instance: null }
  await cluster.commitOffsets(nobody, [{ topic: 't', partition: 1, offset: 4n, metadata: 'W7' }])
  const one = await world.join('one', { topics: ['t', 'u'], from: 'latest' })
  await world.until(() => one.reader.splits.length === 3)
  expect(one.events).toEqual(['+0', 't/0 5', 'u/0 1', '+1', 't/1 4 W7'])
  world.write(0, 5, 6)
  await world.until(() => one.values.length === 2)
  expect(one.values.toSorted()).toEqual(['0:5', '1:4'])
  await one.reader.close()
})

test('nothing of a task that was lost is delivered, and it begins anew where the group has committed', async () => {
  const world = new World(1, 30)
  const one = await world.join('one')
  await world.until(() => one.values.length === 30)
  await one.commit()
  world.write(0, 30, 40)
  await world.until(() => one.values.length === 40)
  let left = 1
  world.kafka.interrupt = (kind) => (kind === 'heartbeat' && left-- > 0 ? CODE.unknownMember : undefined)
  await world.until(() => one.events.includes('!0'))
  expect(one.reader.splits).toEqual([])
  await world.until(() => one.values.length === 50)
  expect(one.values.slice(40)).toEqual(one.values.slice(30, 40))
  expect(one.events).toEqual(['+0', 't/0 0', '!0', '+0', 't/0 30'])
  await one.reader.close()
})

test('a task that goes before it has begun is told of to nobody', async () => {
  const world = new World(1, 5)
  // Where the group was is not answered before the task is lost.
  let asked = 0
  let left = 1
  world.kafka.interrupt = (kind) => {
    if (kind === 'committedOffsets') return asked++ < 8 ? CODE.coordinatorLoading : undefined
    return kind === 'heartbeat' && asked > 0 && left-- > 0 ? CODE.illegalGeneration : undefined
  }
  const one = await world.join('one')
  await world.until(() => one.values.length === 5)
  expect(one.events).toEqual(['+0', 't/0 0'])
  await one.reader.close()
})

test('what a transaction of the last owner is about to commit is waited for', async () => {
  const world = new World(1, 5)
  const cluster = await world.kafka.connect()
  const zombie = await cluster.initTransactions('zombie', 60_000)
  await cluster.addOffsets('zombie', zombie, 'g')
  const nobody = { group: 'g', generation: -1, member: '', instance: null }
  await cluster.commitOffsetsIn('zombie', zombie, nobody, [{ topic: 't', partition: 0, offset: 3n, metadata: '' }])
  const one = await world.join('one')
  await world.wait(5_000)
  expect(one.events).toEqual([])
  await cluster.endTransaction('zombie', zombie, true)
  await world.until(() => one.values.length === 2)
  expect(one.events).toEqual(['+0', 't/0 3'])
  await one.reader.close()
})

test('a topic that grows: the new tasks are shared out', async () => {
  const world = new World(1, 1)
  const [one, two] = [await world.join('one'), await world.join('two')]
  world.kafka.createTopic('t', 4)
  world.write(3, 0, 2)
  await world.until(() => one.reader.splits.length === 2 && two.reader.splits.length === 2)
  await world.until(() => one.values.length + two.values.length === 3)
  for (const { reader } of [one, two]) await reader.close()
})

test.each([
  ['the member ends', 'heartbeat', 82, 'KAFKA_FENCED_INSTANCE'],
  ['the group may not be read', 'committedOffsets', 30, 'KAFKA_REFUSED'],
] as const)('where %s, whoever polls gets the error', async (_, request, code, name) => {
  const world = new World(1, 1)
  world.kafka.interrupt = (kind) => (kind === request ? code : undefined)
  const one = await world.join('one', {}, { instance: 'a' })
  await world.until(() => one.failure !== undefined)
  expect(one.failure).toMatchObject({ code: name })
  await one.reader.close()
})
