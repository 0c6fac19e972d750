// What a Kafka source promises, on any cluster.
import {
  type Batch,
  type Meta,
  type Source,
  type SourceReader,
  boundedOutOfOrderness,
  collected,
  forEach,
  latestValues,
  memoryCheckpoints,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BadRecord, bytes, json, kafkaSource, nullable, text } from '../src/index.ts'
import type { Stage } from './stage.ts'

const never = { id: '0', signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} } }

/** Everything a bounded source delivers, with its meta. */
async function readAll<T>(source: Source<T>): Promise<readonly (readonly [T, Meta])[]> {
  const seen: [T, Meta][] = []
  await pipeline('read')
    .from(source)
    .tap((value: T, meta: Meta) => void seen.push([value, meta]))
    .to(collected())
    .start().done
  return seen
}

const valuesOf = async (source: Source<string>): Promise<readonly string[]> =>
  (await readAll(source)).map(([value]) => value).sort()

/** Polls until something is so, without a limit on time but the test's own. */
async function pollUntil<T>(
  reader: SourceReader<T>,
  enough: (batches: readonly Batch<T>[]) => boolean,
): Promise<readonly Batch<T>[]> {
  const batches: Batch<T>[] = []
  while (!enough(batches)) batches.push(await reader.poll(100))
  return batches
}
const recordsIn = (batches: readonly Batch<unknown>[]): number =>
  batches.reduce((sum, { records }) => sum + records.length, 0)

export function sourceContract(name: string, open: () => Promise<Stage>): void {
  describe(`a Kafka source on ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    test('delivers every record of every partition in order, with key, headers, timestamp and position', async () => {
      const topic = await stage.topic(3)
      const numbers = Array.from({ length: 250 }, (_, i) => i)
      for (const partition of [0, 1, 2]) {
        for (let from = 0; from < 250; from += 50) {
          const records = numbers.slice(from, from + 50).map((i) => ({
            key: `k${i}`,
            value: `${partition}:${i}`,
            timestamp: 1_000 + i,
            headers: [['n', `${i}`]] as const,
          }))
          await stage.append(topic, partition, records)
        }
      }
      const seen = await readAll(kafkaSource({ kafka: stage.kafka, topics: [topic], value: text(), until: 'end' }))
      for (const partition of [0, 1, 2]) {
        const mine = seen.filter(([, { split }]) => split === `${topic}/${partition}`)
        expect(mine.map(([value]) => value)).toEqual(numbers.map((i) => `${partition}:${i}`))
        expect(mine.map(([, { position }]) => position.offset)).toEqual(numbers.map(BigInt))
        expect(mine.map(([, { key }]) => key)).toEqual(numbers.map((i) => `k${i}`))
        expect(mine.map(([, { timestamp }]) => timestamp)).toEqual(numbers.map((i) => 1_000 + i))
        expect(mine.map(([, { headers }]) => Buffer.from(headers.get('n') ?? []).toString())).toEqual(
          numbers.map(String),
        )
      }
      expect(seen).toHaveLength(750)
    })

    test('reads packed batches, several topics, and large records', async () => {
      const topics = [await stage.topic(1), await stage.topic(1)] as const
      const large = 'x'.repeat(900_000)
      await stage.append(topics[0], 0, [{ value: 'a' }, { value: 'b' }], 'gzip')
      await stage.append(topics[0], 0, [{ value: 'c' }], 'zstd')
      for (let i = 0; i < 3; i++) await stage.append(topics[1], 0, [{ value: `${i}${large}` }])
      const source = kafkaSource({ kafka: stage.kafka, topics, value: text(), until: 'end', maxPartitionBytes: 10_000 })
      expect(await valuesOf(source)).toEqual([...[0, 1, 2].map((i) => `${i}${large}`), 'a', 'b', 'c'])
    })

    test('begins at a timestamp, at the end, or where the group has committed', async () => {
      const topic = await stage.topic(2)
      await stage.append(topic, 0, [
        { value: 'a', timestamp: 1_000 },
        { value: 'b', timestamp: 2_000 },
      ])
      await stage.append(topic, 1, [{ value: 'c', timestamp: 1_500 }])
      const source = { kafka: stage.kafka, topics: [topic], value: text(), until: 'end' } as const
      expect(await valuesOf(kafkaSource({ ...source, from: { timestamp: 1_500 } }))).toEqual(['b', 'c'])
      expect(await valuesOf(kafkaSource({ ...source, from: { timestamp: 9_000 } }))).toEqual([])
      expect(await valuesOf(kafkaSource({ ...source, from: 'latest' }))).toEqual([])
      const group = `${topic}-group`
      expect(await valuesOf(kafkaSource({ ...source, group }))).toEqual(['a', 'b', 'c'])
      expect(await stage.committed(group, topic)).toEqual(
        new Map([
          [`${topic}/0`, 2n],
          [`${topic}/1`, 1n],
        ]),
      )
      await stage.append(topic, 1, [{ value: 'd' }])
      expect(await valuesOf(kafkaSource({ ...source, group }))).toEqual(['d'])
      expect(await valuesOf(kafkaSource({ ...source, group, from: 'earliest' }))).toEqual(['a', 'b', 'c', 'd'])
    })

    test('gives nothing of aborted transactions and waits for open ones, unless it is asked for all', async () => {
      const topic = await stage.topic(1)
      const first = await stage.transaction()
      await first.append(topic, 0, [{ value: 'aborted 1' }])
      await stage.append(topic, 0, [{ value: 'plain' }])
      await first.abort()
      const second = await stage.transaction()
      await second.append(topic, 0, [{ value: 'committed' }, { value: 'too' }])
      await second.commit()
      const third = await stage.transaction()
      await third.append(topic, 0, [{ value: 'aborted 2' }])
      await third.abort()
      const fourth = await stage.transaction()
      await fourth.append(topic, 0, [{ value: 'open' }])
      await stage.append(topic, 0, [{ value: 'behind' }])
      const source = { kafka: stage.kafka, topics: [topic], value: text(), until: 'end' } as const
      const seen: string[] = []
      let enough = (): void => {}
      const decided = new Promise<void>((resolve) => (enough = resolve))
      const job = pipeline('until the end')
        .from(kafkaSource(source))
        .tap((value) => {
          if (seen.push(value) === 3) enough()
        })
        .to(collected<string>())
        .start()
      expect(await valuesOf(kafkaSource({ ...source, isolation: 'uncommitted' }))).toEqual([
        'aborted 1',
        'aborted 2',
        'behind',
        'committed',
        'open',
        'plain',
        'too',
      ])
      await Promise.race([decided, job.done])
      expect(seen.toSorted()).toEqual(['committed', 'plain', 'too'])
      await fourth.commit()
      await job.done
      expect(seen.toSorted()).toEqual(['behind', 'committed', 'open', 'plain', 'too'])
    })

    test('tells a tombstone from an empty value', async () => {
      const topic = await stage.topic(1)
      await stage.append(topic, 0, [{ key: 'a', value: '' }, { key: 'b', value: null }, { value: 'c' }])
      const source = { kafka: stage.kafka, topics: [topic], until: 'end' } as const
      const seen = await readAll(kafkaSource({ ...source, value: nullable(bytes()) }))
      expect(seen.map(([value, { key }]) => [key, value?.length])).toEqual([
        ['a', 0],
        ['b', undefined],
        [undefined, 1],
      ])
      await expect(valuesOf(kafkaSource({ ...source, value: text() }))).rejects.toMatchObject({
        code: 'TOMBSTONE',
        at: { split: `${topic}/0`, offset: 1n },
      })
    })

    test('a record that cannot be decoded fails the job with its place, or goes to whoever takes it', async () => {
      const topic = await stage.topic(1)
      await stage.append(topic, 0, [
        { value: '{"n":1}' },
        { key: 'k', value: '{"n":', headers: [['h', 'x']] },
        { value: '{"n":2}' },
      ])
      const source = { kafka: stage.kafka, topics: [topic], value: json<{ n: number }>(), until: 'end' } as const
      await expect(readAll(kafkaSource(source))).rejects.toMatchObject({
        code: 'BAD_JSON',
        message: expect.stringMatching(/The record at offset 1 of .*\/0 cannot be decoded. A value: found no JSON/),
        at: { split: `${topic}/0`, offset: 1n },
      })
      const bad: BadRecord[] = []
      const seen = await readAll(kafkaSource({ ...source, onBadRecord: (record) => bad.push(record) }))
      expect(seen.map(([{ n }, { position }]) => [n, position.offset])).toEqual([
        [1, 0n],
        [2, 2n],
      ])
      expect(
        bad.map(({ offset, code, value, key, headers }) => [
          offset,
          code,
          Buffer.from(value ?? []).toString(),
          Buffer.from(key ?? []).toString(),
          headers.size,
        ]),
      ).toEqual([[1n, 'BAD_JSON', '{"n":', 'k', 1]])
    })

    test('a running job gets what is written later, also to new partitions, and says when it has caught up', async () => {
      const topic = await stage.topic(1)
      await stage.append(topic, 0, [{ value: 'a' }])
      const source = kafkaSource({
        kafka: stage.kafka,
        topics: [topic],
        value: text(),
        from: 'latest',
        metadataEvery: '100ms',
      })
      const reader = await source.open(never)
      try {
        expect(reader.splits).toEqual([`${topic}/0`])
        await pollUntil(reader, () => reader.caughtUp?.(`${topic}/0`) === true)
        await stage.append(topic, 0, [{ value: 'b' }])
        const batches = await pollUntil(reader, (seen) => recordsIn(seen) === 1)
        expect(batches.flatMap(({ records }) => records)).toEqual(['b'])
        await stage.addPartitions(topic, 2)
        await stage.append(topic, 1, [{ value: 'c' }])
        const added = await pollUntil(reader, (seen) => recordsIn(seen) === 1)
        expect(added.at(-1)).toMatchObject({ split: `${topic}/1`, records: ['c'], first: 0n, next: 1n })
        expect(reader.splits).toEqual([`${topic}/0`, `${topic}/1`])
      } finally {
        await reader.close()
      }
    })

    test('a paused partition delivers nothing until it is resumed', async () => {
      const topic = await stage.topic(2)
      for (const partition of [0, 1]) await stage.append(topic, partition, [{ value: `${partition}` }])
      const reader = await kafkaSource({ kafka: stage.kafka, topics: [topic], value: text() }).open(never)
      try {
        reader.pause([`${topic}/0`])
        const batches = await pollUntil(reader, () => reader.caughtUp?.(`${topic}/1`) === true)
        expect(batches.flatMap(({ records }) => records)).toEqual(['1'])
        reader.resume([`${topic}/0`])
        const rest = await pollUntil(reader, (seen) => recordsIn(seen) === 1)
        expect(rest.flatMap(({ records }) => records)).toEqual(['0'])
      } finally {
        await reader.close()
      }
    })

    test('a checkpoint goes on where the last one was, whatever `from` says', async () => {
      const topic = await stage.topic(2)
      const checkpoint = memoryCheckpoints()
      const seen: string[] = []
      const job = pipeline('resumed')
        .from(kafkaSource({ kafka: stage.kafka, topics: [topic], value: text(), until: 'end', from: 'earliest' }))
        .tap((value) => void seen.push(value))
        .to(forEach(() => {}))
      await stage.append(topic, 0, [{ value: 'a' }])
      await stage.append(topic, 1, [{ value: 'b' }])
      await job.start({ checkpoint }).done
      await stage.append(topic, 0, [{ value: 'c' }])
      await job.start({ checkpoint }).done
      expect(seen.sort()).toEqual(['a', 'b', 'c'])
    })

    test('windows over a topic', async () => {
      const topic = await stage.topic(2)
      for (const partition of [0, 1]) {
        const records = Array.from({ length: 100 }, (_, i) => ({
          key: `k${partition}`,
          value: JSON.stringify({ at: i * 1_000, v: i }),
        }))
        await stage.append(topic, partition, records)
      }
      const sums = latestValues<string, number>()
      await pipeline('sums')
        .from(
          kafkaSource({
            kafka: stage.kafka,
            topics: [topic],
            value: json.pick({ at: 'number', v: 'number' }),
            until: 'end',
          }),
        )
        .eventTime({ timestamp: (value) => value.at, watermark: boundedOutOfOrderness('10s') })
        .keyBy((_, meta: Meta) => meta.key as string)
        .window(tumbling('1m'))
        .sum((value) => value.v)
        .to(sums)
        .start().done
      const minute = (n: number): { start: number; end: number } => ({ start: n * 60_000, end: (n + 1) * 60_000 })
      for (const key of ['k0', 'k1']) expect([0, 1].map((n) => sums.get(key, minute(n)))).toEqual([1_770, 3_180])
      expect(sums.size).toBe(4)
    })

    test('a topic that was made anew with fewer partitions fails a job that runs, and one that goes on from a checkpoint', async () => {
      const topic = await stage.topic(2)
      const source = kafkaSource({ kafka: stage.kafka, topics: [topic], value: text(), metadataEvery: '100ms' })
      const checkpoint = memoryCheckpoints()
      let arrived = (): void => {}
      const came = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const job = pipeline('shrunk')
        .from(source)
        .to(forEach(() => arrived()))
      await stage.append(topic, 1, [{ value: 'a' }])
      const running = job.start({ checkpoint })
      await came
      await running.drain()
      const again = job.start({ checkpoint })
      again.done.catch(() => {})
      while (again.health().state === 'starting') await new Promise(setImmediate)
      await stage.remake(topic, 1)
      await expect(again.done).rejects.toMatchObject({ code: 'KAFKA_PARTITION_GONE' })
      await expect(job.start({ checkpoint }).done).rejects.toThrow(
        `The partition ${topic}/1: found none of that name in the cluster, expected all partitions that the job has read before`,
      )
    })

    test.each(['gzip', 'zstd'] as const)(
      'a %s bomb fails the job with its place, whatever it would become',
      async (packing) => {
        const topic = await stage.topic(1)
        await stage.append(topic, 0, [{ value: 'a' }])
        await stage.append(topic, 0, [{ value: Buffer.alloc(70 << 20) }], packing)
        const source = kafkaSource({ kafka: stage.kafka, topics: [topic], value: bytes(), until: 'end' })
        await expect(readAll(source)).rejects.toMatchObject({
          code: 'KAFKA_TOO_LARGE',
          message: expect.stringContaining(
            `Behind offset 1 of ${topic}/0: A record batch: found more than 67108864 bytes`,
          ),
          at: { split: `${topic}/0`, offset: 1n },
        })
      },
    )

    test('a topic that is not there is an error in bounded time', async () => {
      const source = kafkaSource({ kafka: stage.kafka, topics: ['no-such-topic'], value: text(), patience: '100ms' })
      await expect(readAll(source)).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISSING',
        message: expect.stringMatching(/The topic 'no-such-topic': found none of that name in the cluster/),
      })
    })
  })
}
