import { type Batch, type Source, type SourceReader, StreamError, collected, pipeline } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import type { RequestKind } from '../memory/memory-kafka.ts'
import { type KafkaSourceOptions, type MemoryKafka, kafkaSource, memoryKafka, text } from '../index.ts'
import { instantClock } from '../../test/instant-clock.ts'
import { override } from '../../test/override.ts'

const never = { id: '0', signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} } }

async function drain(source: Source<string>): Promise<readonly string[]> {
  const sink = collected<string>()
  await pipeline('read').from(source).to(sink).start().done
  return sink.items
}

function bounded(kafka: MemoryKafka, more: Partial<KafkaSourceOptions<string>> = {}): Source<string> {
  return kafkaSource({ kafka, topics: ['t'], value: text(), until: 'end', clock: instantClock(), ...more })
}

function withRecords(partitions: number, perPartition: number, nodes = 2): MemoryKafka {
  const kafka = memoryKafka({ nodes, clock: instantClock() })
  kafka.createTopic('t', partitions)
  for (let partition = 0; partition < partitions; partition++)
    for (let i = 0; i < perPartition; i++) kafka.append('t', partition, [{ value: `${partition}:${i}` }])
  return kafka
}

async function until<T>(reader: SourceReader<T>, enough: () => boolean): Promise<Batch<T>[]> {
  const batches: Batch<T>[] = []
  while (!enough()) batches.push(await reader.poll(10))
  return batches
}

describe('what passes is tried again', () => {
  const unreachable = (): never => {
    throw new StreamError('KAFKA_UNREACHABLE', 'away', { retryable: true })
  }
  test.each<[string, RequestKind, () => number | void]>([
    ['metadata is not answered', 'metadata', unreachable],
    ['a fetch is not answered', 'fetch', unreachable],
    ['offsets are not answered', 'offsets', unreachable],
    ['a broker does not lead any more', 'fetch', () => 6],
    ['a broker is still starting', 'offsets', () => 5],
    ['the coordinator is loading', 'committedOffsets', () => 14],
    ['a commit is refused for now', 'commitOffsets', () => 16],
  ])('%s', async (_, request, fault) => {
    const kafka = withRecords(3, 4)
    let left = 3
    kafka.interrupt = (kind) => (kind === request && left-- > 0 ? fault() : undefined)
    expect((await drain(bounded(kafka, { group: 'g' }))).length).toBe(12)
    expect(left).toBeLessThanOrEqual(0)
    expect(kafka.offsetsOf('g')).toEqual(
      new Map([
        ['t/0', 4n],
        ['t/1', 4n],
        ['t/2', 4n],
      ]),
    )
  })

  test('a partition that moves to another node is followed', async () => {
    const kafka = withRecords(2, 3)
    let moved = false
    kafka.interrupt = (kind) => {
      if (kind === 'fetch' && !moved) {
        moved = true
        kafka.moveLeader('t', 0, 2)
        kafka.moveLeader('t', 1, 1)
      }
    }
    expect((await drain(bounded(kafka))).length).toBe(6)
    expect(moved).toBe(true)
  })

  test('until patience is over: the error says what failed and for how long', async () => {
    const kafka = withRecords(1, 1)
    kafka.interrupt = (kind) => (kind === 'fetch' ? unreachable() : undefined)
    await expect(drain(bounded(kafka, { patience: '50ms' }))).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: expect.stringMatching(/^away\nTried again for 50 ms\.$/),
    })
  })
})

describe('what does not pass fails the job', () => {
  test.each<[string, RequestKind, number, string]>([
    [
      'no permission to read',
      'fetch',
      29,
      'Reading t/0: found the answer TOPIC_AUTHORIZATION_FAILED, expected success. Give the user the permission',
    ],
    [
      'no permission for the group',
      'committedOffsets',
      30,
      "Asking for the offsets of group 'g': found the answer GROUP_AUTHORIZATION_FAILED",
    ],
    [
      'the group has members',
      'commitOffsets',
      25,
      "Committing offsets of group 'g': found the answer UNKNOWN_MEMBER_ID, expected success. Stop the consumers of the group",
    ],
  ])('%s', async (_, request, code, message) => {
    const kafka = withRecords(1, 1)
    kafka.interrupt = (kind) => (kind === request ? code : undefined)
    await expect(drain(bounded(kafka, { group: 'g' }))).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      message: expect.stringContaining(message),
    })
  })

  test('a damaged batch, with its place', async () => {
    const kafka = withRecords(1, 2)
    const cluster = override(kafka, (inner) => ({
      fetch: async (...args) =>
        (await inner.fetch(...args)).map((answer) => {
          const records = Uint8Array.from(answer.records)
          if (records.length > 0) records[records.length - 1] = 0xff
          return { ...answer, records }
        }),
    }))
    await expect(drain(bounded(kafka, { kafka: cluster }))).rejects.toMatchObject({
      code: 'KAFKA_BAD_BATCH',
      message: expect.stringMatching(/^Behind offset 1 of t\/0: A record batch: found the checksum/),
      at: { split: 't/0', offset: 1n },
    })
  })

  test('a partition of the checkpoint that is gone', async () => {
    const kafka = withRecords(1, 1)
    const opening = bounded(kafka).open(never, [
      { split: 't/0', offset: 0n },
      { split: 't/1', offset: 5n },
    ])
    await expect(opening).rejects.toMatchObject({ code: 'KAFKA_PARTITION_GONE' })
  })

  test('a topic made anew with fewer partitions while the job runs', async () => {
    const kafka = withRecords(2, 1)
    const reader = await kafkaSource({
      kafka,
      topics: ['t'],
      value: text(),
      metadataEvery: '1ms',
      clock: instantClock(),
    }).open(never)
    kafka.deleteTopic('t')
    kafka.createTopic('t', 1)
    await expect(until(reader, () => false)).rejects.toThrow(
      /KAFKA_PARTITION_GONE|The partition t\/1: found none|outside of the log/,
    )
    await reader.close()
  })
})

describe('positions', () => {
  test('gaps are no trouble: a bounded run ends, offsets are true, a restart in a gap goes on', async () => {
    const kafka = memoryKafka({ clock: instantClock() })
    kafka.createTopic('t', 1)
    kafka.append('t', 0, [{ value: 'a' }, { value: 'b', skip: 3 }, { value: 'c', skip: 2 }])
    const reader = await bounded(kafka).open(never)
    const batches = await until(reader, () => reader.caughtUp?.('t/0') === true)
    const [batch] = batches.filter(({ records }) => records.length > 0)
    expect([0, 1, 2].map((i) => batch?.offsetOf?.(i))).toEqual([0n, 4n, 7n])
    expect(batches.at(-1)).toMatchObject({ next: 8n, finished: true })
    await reader.close()
    for (const [offset, rest] of [
      [0n, ['a', 'b', 'c']],
      [1n, ['b', 'c']],
      [4n, ['b', 'c']],
      [5n, ['c']],
      [8n, []],
    ] as const) {
      const resumed = await bounded(kafka).open(never, [{ split: 't/0', offset }])
      let finished = false
      const seen: string[] = []
      while (!finished) {
        const next = await resumed.poll(1)
        seen.push(...next.records)
        finished = next.finished === true
      }
      expect(seen).toEqual(rest)
      await resumed.close()
    }
  })

  test('a batch never has more than the limit, and every position in between is true', async () => {
    const kafka = memoryKafka({ clock: instantClock() })
    kafka.createTopic('t', 1)
    kafka.append(
      't',
      0,
      Array.from({ length: 25 }, (_, i) => ({ value: `${i}` })),
    )
    for (const limit of [1, 7, 24, 25, 26]) {
      const reader = await bounded(kafka).open(never)
      let next = 0
      for (let finished = false; !finished;) {
        const batch = await reader.poll(limit)
        expect(batch.records.length).toBeLessThanOrEqual(limit)
        expect(Number(batch.first)).toBe(next)
        batch.records.forEach((value, i) => expect(value).toBe(`${Number(batch.offsetOf?.(i))}`))
        next += batch.records.length
        expect(Number(batch.next)).toBe(next)
        finished = batch.finished === true
      }
      expect(next).toBe(25)
      await reader.close()
    }
  })

  test('a position that retention has passed is an error, or gone on from as asked', async () => {
    const kafka = withRecords(1, 10)
    kafka.truncate('t', 0, 5n)
    const at = (whenLost: 'fail' | 'earliest' | 'latest'): Promise<SourceReader<string>> =>
      kafkaSource({ kafka, topics: ['t'], value: text(), whenLost, clock: instantClock() }).open(never, [
        { split: 't/0', offset: 2n },
      ])
    const failing = await at('fail')
    await expect(failing.poll(10)).rejects.toMatchObject({
      code: 'KAFKA_OFFSET_LOST',
      message: expect.stringMatching(/found offset 2 outside of the log, expected one from 5 to 10/),
    })
    expect(() => failing.poll(10)).toThrow(/outside of the log/)
    for (const [whenLost, first] of [
      ['earliest', 5],
      ['latest', 10],
    ] as const) {
      const reader = await at(whenLost)
      await until(reader, () => reader.caughtUp?.('t/0') === true).then((batches) =>
        expect(batches.flatMap(({ records }) => records)).toEqual(
          Array.from({ length: 10 - first }, (_, i) => `0:${first + i}`),
        ),
      )
      await reader.close()
    }
  })

  test('a partition with batches larger than a response does not starve the others', async () => {
    const kafka = memoryKafka({ clock: instantClock() })
    kafka.createTopic('t', 4)
    for (let partition = 0; partition < 4; partition++)
      for (let i = 0; i < 3; i++) kafka.append('t', partition, [{ value: `${partition}${'x'.repeat(5_000)}` }])
    expect((await drain(bounded(kafka, { maxPartitionBytes: 100 }))).length).toBe(12)
  })
})

describe('options', () => {
  const kafka = memoryKafka()
  const ok = { kafka, topics: ['t'], value: text() }
  test.each<[object, RegExp]>([
    [{ topics: [] }, /'topics' of kafkaSource: found \[\], expected one or more names/],
    [{ topics: ['t', 't'] }, /each once/],
    [{ kafka: undefined }, /'kafka' of kafkaSource: found no cluster/],
    [{ value: undefined }, /'value' of kafkaSource: found undefined, expected a decoder/],
    [{ from: 'newest' }, /'from' of kafkaSource: found 'newest'/],
    [{ from: { timestamp: 1.5 } }, /'from' of kafkaSource/],
    [{ from: 'committed' }, /'committed' without a group/],
    [{ patience: 'soon' }, /'patience' of kafkaSource/],
    [{ maxPartitionBytes: 0 }, /'maxPartitionBytes' of kafkaSource: found 0/],
    [{ until: 'now' }, /'until' of kafkaSource: found 'now', expected 'end'/],
    [{ isolation: 'commited' }, /'isolation' of kafkaSource: found 'commited', expected 'committed' or 'uncommitted'/],
    [{ whenLost: 'newest' }, /'whenLost' of kafkaSource/],
    [{ member: {} }, /'member' of kafkaSource: found it without a group, expected a group.*no effect/],
    [{ member: {}, group: 'g', until: 'end' }, /'member' of kafkaSource: found it together with until: 'end'/],
    [{ group: 'g', member: { instance: '' } }, /'member' of kafkaSource: found '' as its instance, expected a name/],
    [{ group: 'g', member: { instance: 7 } }, /found 7 as its instance, expected a name/],
    [{ group: 'g', member: { sessionTimeout: 6_000 } }, /'member.sessionTimeout' of kafkaSource/],
    [{ group: 'g', member: { rebalanceTimeout: '-1s' } }, /'member.rebalanceTimeout' of kafkaSource/],
    [{ group: 'g', member: { heartbeat: 'often' } }, /'member.heartbeat' of kafkaSource/],
    [
      { group: 'g', member: { sessionTimeout: '6s', heartbeat: '4s' } },
      /a heartbeat every 4000 ms, expected at least two within/,
    ],
  ])('%j', (wrong, message) => {
    expect(() => kafkaSource({ ...ok, ...wrong } as never)).toThrow(message)
  })
})
