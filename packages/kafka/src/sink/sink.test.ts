import { StreamError, pipeline } from '@tidemark/core'
import { virtualClock } from '@tidemark/testing'
import { describe, expect, test } from 'vitest'
import { type KafkaRecordsOptions, type MemoryKafka, kafkaRecords, kafkaSink, memoryKafka, text } from '../index.ts'
import { Producer } from './producer.ts'
import { instantClock } from '../../test/instant-clock.ts'
import { override } from '../../test/override.ts'

const numbers = Array.from({ length: 500 }, (_, i) => `${i}`)
const task = { id: '7', signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} } }

function cluster(partitions = 3): MemoryKafka {
  const kafka = memoryKafka({ nodes: 2, clock: instantClock() })
  kafka.createTopic('t', partitions)
  return kafka
}

type More = Partial<Omit<KafkaRecordsOptions<string>, 'guarantee' | 'commit'>>

async function write(kafka: MemoryKafka, more: More = {}): Promise<readonly string[]> {
  const sink = kafkaRecords({
    kafka,
    topic: 't',
    value: text(),
    key: (n) => `k${Number(n) % 7}`,
    maxBatchBytes: 300,
    clock: instantClock(),
    ...more,
  })
  await pipeline('write').from(numbers).to(sink).start({ batchSize: 10 }).done
  return kafka.records('t').map(({ value }) => Buffer.from(value ?? []).toString())
}

const sorted = (values: readonly string[]): readonly string[] => values.toSorted((a, b) => Number(a) - Number(b))

describe('every record arrives once and in order, although', () => {
  const everyThird = (fault: () => number | 'after' | void): MemoryKafka['interrupt'] => {
    let n = 0
    return (request) => (request === 'produce' && n++ % 3 === 0 ? fault() : undefined)
  }
  test.each<[string, MemoryKafka['interrupt']]>([
    ['nothing happens', undefined],
    ['answers are lost after the write', everyThird(() => 'after')],
    [
      'requests are lost before it',
      everyThird(() => {
        throw new StreamError('KAFKA_UNREACHABLE', 'away', { retryable: true })
      }),
    ],
    ['replicas are missing for a while', everyThird(() => 19)],
    ['brokers say that they lead no more', everyThird(() => 6)],
  ])('%s', async (_, interrupt) => {
    const kafka = cluster()
    kafka.interrupt = interrupt
    expect(sorted(await write(kafka))).toEqual(numbers)
    const byKey = new Map<string, number[]>()
    for (const { key, value } of kafka.records('t')) {
      const list = byKey.get(String(key)) ?? []
      byKey.set(String(key), [...list, Number(Buffer.from(value ?? []).toString())])
    }
    for (const list of byKey.values()) expect(list).toEqual(list.toSorted((a, b) => a - b))
  })

  test('partitions move from node to node', async () => {
    const kafka = cluster()
    let n = 0
    kafka.interrupt = (request) => {
      if (request !== 'produce') return
      // Not with every request, or none would ever go to the right one.
      if (n++ % 4 !== 0) return
      for (const partition of [0, 1, 2]) kafka.moveLeader('t', partition, ((n >> (2 + partition)) & 1) + 1)
    }
    expect(sorted(await write(kafka))).toEqual(numbers)
    expect(n).toBeGreaterThan(5)
  })
})

interface Gate {
  readonly open: () => void
  readonly passed: Promise<void>
}

test('a partition that moves while its batch is under way is not written to twice at a time', async () => {
  const clock = instantClock()
  const kafka = memoryKafka({ nodes: 2, clock })
  kafka.createTopic('t', 2)
  const gates = [0, 1].map(() => {
    let open = (): void => {}
    const passed = new Promise<void>((resolve) => {
      open = resolve
    })
    return { open, passed }
  }) as [Gate, Gate]
  let asked = 0
  const slow = override(kafka, (inner) => ({
    produce: async (node, batches) => {
      // Node 2 first says that replicas are missing, so that leaders are looked for; answers come late.
      if (node === 2 && asked++ === 0) return batches.map((batch) => ({ ...batch, error: 19, baseOffset: -1n }))
      const answers = await inner.produce(node, batches)
      if (node === 1) await gates[0].passed
      else if (asked > 2) await gates[1].passed
      return answers
    },
  }))
  const settings = {
    clock,
    patienceMs: 60_000,
    compression: 'none',
    maxBatchBytes: 100,
    maxPendingBytes: 1 << 20,
  } as const
  const producer = await Producer.open(await slow.connect(), ['t'], settings)
  const out = producer.outlet('t')
  const write = (partition: number, value: string): void => out.append(partition, 1, null, Buffer.from(value))
  write(0, 'first')
  write(1, 'other')
  void producer.send()
  for (let i = 0; i < 5; i++) await Promise.resolve()
  kafka.moveLeader('t', 0, 2)
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  for (const value of ['second', 'third', 'fourth']) write(0, value.padEnd(90, '.'))
  const flushed = producer.flush()
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  for (const { open } of gates) {
    open()
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  await flushed
  const stored = kafka.records('t').map(({ value }) =>
    Buffer.from(value ?? [])
      .toString()
      .replaceAll('.', ''),
  )
  expect(stored).toEqual(['first', 'second', 'third', 'fourth', 'other'])
  await producer.close()
})

test('brokers that have forgotten the producer get everything under a new id', async () => {
  const kafka = cluster(1)
  let n = 0
  kafka.interrupt = (request) => (request === 'produce' && n++ === 3 ? 59 : undefined)
  const stored = await write(kafka)
  expect(sorted([...new Set(stored)])).toEqual(numbers)
})

test('what cannot pass fails the job and says why', async () => {
  for (const [code, message] of [
    [10, 'Writing to t/0: found the answer MESSAGE_TOO_LARGE, expected success. Write smaller values'],
    [29, 'Writing to t/0: found the answer TOPIC_AUTHORIZATION_FAILED'],
  ] as const) {
    const kafka = cluster(1)
    kafka.interrupt = (request) => (request === 'produce' ? code : undefined)
    await expect(write(kafka)).rejects.toMatchObject({
      code: 'KAFKA_REFUSED',
      message: expect.stringContaining(message),
    })
  }
  const kafka = cluster(1)
  kafka.interrupt = (request) => (request === 'produce' ? 19 : undefined)
  await expect(write(kafka, { patience: '30ms' })).rejects.toThrow(/NOT_ENOUGH_REPLICAS.*\nTried again for 30 ms/)
  await expect(
    write(cluster(), {
      key: () => {
        throw new Error('no key')
      },
    }),
  ).rejects.toMatchObject({
    code: 'ENCODER_THREW',
    message: expect.stringContaining("A record for 't' cannot be encoded: Error: no key."),
  })
})

test('a sink that is behind makes the job wait, and flush waits for all', async () => {
  const kafka = cluster(1)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = override(kafka, (inner) => ({ produce: async (...args) => gate.then(() => inner.produce(...args)) }))
  const writer = await kafkaRecords({ kafka: slow, topic: 't', value: text(), maxPendingBytes: 1_000 }).open(task)
  expect(writer.write(['a'])).toBeUndefined()
  const waiting = writer.write(['x'.repeat(2_000)])
  expect(waiting).toBeInstanceOf(Promise)
  let flushed = false
  const flush = writer.flush().then(() => {
    flushed = true
  })
  await Promise.resolve()
  expect([flushed, kafka.records('t').length]).toEqual([false, 0])
  release()
  await waiting
  await flush
  expect(kafka.records('t').length).toBe(2)
  await writer.close()
})

describe('progress', () => {
  const pane = (index: number) =>
    ({
      kind: 'value',
      key: 'a',
      window: { start: 0, end: 60_000 },
      index,
      epoch: 0,
      watermark: index,
      emittedAt: 0,
      value: index,
      timing: 'early',
      isFirst: index === 0,
      isLast: false,
      records: index,
      lateRecords: 0,
    }) as const
  const kinds = (kafka: MemoryKafka): readonly string[] =>
    kafka.records('t').map(({ headers, value }) => {
      const kind = Buffer.from(headers.get('tm-kind') ?? []).toString()
      return kind === 'progress'
        ? `W${(JSON.parse(Buffer.from(value ?? []).toString()) as { watermark: string }).watermark}`
        : kind
    })

  test('is written behind the panes it is about, not more often than asked, and the newest at the end', async () => {
    const clock = virtualClock()
    const kafka = memoryKafka({ clock })
    kafka.createTopic('t')
    const writer = await kafkaSink<string, number>({ kafka, topic: 't', clock, progressEvery: '1s' }).open(task)
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve()
    }
    void writer.write([pane(0)])
    void writer.progress(10)
    await settle()
    expect(kinds(kafka)).toEqual(['value', 'W10'])
    void writer.progress(20)
    void writer.write([pane(1)])
    void writer.progress(30)
    await settle()
    expect(kinds(kafka)).toEqual(['value', 'W10', 'value'])
    clock.advance(1_000)
    await settle()
    expect(kinds(kafka)).toEqual(['value', 'W10', 'value', 'W30'])
    void writer.progress(40)
    await writer.flush()
    expect(kinds(kafka)).toEqual(['value', 'W10', 'value', 'W30', 'W40'])
    await writer.close()
    expect(kafka.records('t').at(-1)?.timestamp).toBe(1_000)
  })
})

test.each<[object, RegExp]>([
  [{ topic: 'a b' }, /'topic' of kafkaSink: found 'a b', expected a name/],
  [{ kafka: {} }, /'kafka' of kafkaSink: found no cluster/],
  [{ compression: 'lz4' }, /'compression' of kafkaSink: found 'lz4'.*Snappy and LZ4 are read, not written/],
  [{ maxPendingBytes: 0 }, /'maxPendingBytes' of kafkaSink: found 0/],
  [{ progressEvery: 5 }, /'progressEvery' of kafkaSink/],
  [{ guarantee: 'once' }, /'guarantee' of kafkaSink: found 'once', expected 'exactly-once' or 'at-least-once'/],
  [{ guarantee: 'exactly-once', commit: { every: 100 } }, /'commit.every'/],
  [{ guarantee: 'exactly-once', commit: { timeout: 'long' } }, /'commit.timeout'/],
  [
    { guarantee: 'exactly-once', commit: { every: '2s', timeout: '2s' } },
    /'commit.timeout' of a sink: found '2s', expected more than 'commit.every', which is 2000 ms/,
  ],
  [{ guarantee: 'exactly-once', commit: { replication: 0 } }, /'commit.replication' of a sink: found 0/],
  [{ commit: { every: '1s' } }, /'commit' of kafkaSink: found it at least once.*'exactly-once'.*no effect/],
  [{ guarantee: 'exactly-once', progressEvery: '1s' }, /'progressEvery' of kafkaSink: found .*'commit.every'/],
])('options %j', (wrong, message) => {
  expect(() => kafkaSink({ kafka: cluster(), topic: 't', ...wrong } as never)).toThrow(message)
})
