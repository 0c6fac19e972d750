import {
  type LogEntry,
  type LoggedResult,
  type Pane,
  collected,
  decodeKey,
  monotonous,
  pipeline,
  servedBy,
  tumbling,
} from '@tidemark/core'
import { expect, test } from 'vitest'
import { instantClock } from '../../test/instant-clock.ts'
import { type MemoryKafka, json, kafkaSink, kafkaSource, memoryKafka, resultRecords } from '../index.ts'
import { kafkaResults } from './kafka-results.ts'

const ITEMS = [
  [1, 5],
  [2, 2],
  [12, 100],
  [3, 40],
  [31, 1],
] as const

const sums = (kafka: MemoryKafka, accumulators = true) =>
  pipeline('sums')
    .from(ITEMS)
    .eventTime({ timestamp: ([at]) => at, watermark: monotonous() })
    .keyBy(() => ['k', 1] as const)
    .window(tumbling('10ms'))
    .sum(([, v]) => v)
    .filter((sum) => sum > 5)
    .to(kafkaSink({ kafka, topic: 'sums', accumulators }))

function made(partitions = 3): MemoryKafka {
  const kafka = memoryKafka()
  kafka.createTopic('sums', partitions)
  return kafka
}

async function readAll(kafka: MemoryKafka, limit = 2): Promise<readonly LogEntry[]> {
  const session = await kafkaResults({ kafka, topic: 'sums', clock: instantClock() }).open({})
  const entries: LogEntry[] = []
  for (const partition of session.partitions) {
    const { end } = await session.bounds(partition)
    for (let from = 0n; from < end;) {
      const batch = await session.read(partition, from, limit, 0)
      expect(batch.entries.length).toBeLessThanOrEqual(limit)
      entries.push(...batch.entries)
      if (batch.next === from && batch.caughtUp) break
      from = batch.next
    }
  }
  await session.close()
  return entries
}

test('results with their accumulators, corrections and progress, also what a filter left out of the topic', async () => {
  const kafka = made()
  const job = sums(kafka)
  await job.start().done
  const entries = await readAll(kafka)
  const results = entries.filter((entry): entry is LoggedResult => entry.kind === 'result')
  const served = servedBy(job)
  const shown = results.map(({ cell, timing, isLast, records }) => [
    decodeKey(cell.key),
    cell.start,
    cell.correction,
    cell.revision,
    served.value(served.decode(cell.value as Uint8Array), {} as never)?.value,
    timing,
    isLast,
    records,
  ])
  expect(shown).toEqual([
    [['k', 1], 0, '', 0, 7, 'on-time', true, 2],
    [['k', 1], 0, '0@3', 0, 40, 'late', false, 0],
    [['k', 1], 10, '', 0, 100, 'on-time', true, 1],
    [['k', 1], 30, '', 0, undefined, 'on-time', true, 1],
  ])
  const progress = entries.filter((entry) => entry.kind === 'progress')
  expect(progress.map(({ watermark }) => watermark)).toContain(Number.POSITIVE_INFINITY)
  // A plain consumer sees no value where the filter said no.
  const left = kafka.records('sums').filter(({ headers }) => headers.has('tm-filtered'))
  expect(left.map(({ value }) => value)).toEqual([null])
})

test('panes come back with their accumulators, and marked where a filter left them out', async () => {
  const kafka = made(1)
  await sums(kafka).start().done
  const sink = collected<unknown>()
  const value = resultRecords<string, number>(json<number>())
  await pipeline('read')
    .from(kafkaSource({ kafka, topics: ['sums'], value, until: 'end' }))
    .to(sink)
    .start().done
  const panes = sink.items as readonly Pane<string, number>[]
  const values = panes.filter((pane) => pane.kind === 'value')
  expect(values.map((pane) => [pane.value, pane.filtered, pane.accumulator instanceof Uint8Array])).toEqual([
    [7, undefined, true],
    [100, undefined, true],
    [1, true, true],
  ])
})

test('nothing of an aborted transaction is in the log', async () => {
  const kafka = made(1)
  await sums(kafka).start().done
  const before = await readAll(kafka)
  const [first] = kafka.records('sums')
  if (first === undefined) throw new Error('nothing was written')
  const transaction = kafka.transaction()
  transaction.append('sums', 0, [{ key: first.key, value: first.value, headers: [...first.headers] }])
  transaction.abort()
  expect(await readAll(kafka)).toEqual(before)
})

test('a log without accumulators says how to write one', async () => {
  const kafka = made(1)
  await sums(kafka, false).start().done
  await expect(readAll(kafka)).rejects.toThrow(/accumulators: true/)
})

test('what retention has taken is an error that says what is left', async () => {
  const kafka = made(1)
  await sums(kafka).start().done
  kafka.truncate('sums', 0, 2n)
  const session = await kafkaResults({ kafka, topic: 'sums', clock: instantClock() }).open({})
  await expect(session.read('sums/0', 0n, 10, 0)).rejects.toMatchObject({
    code: 'OFFSET_LOST',
    message: expect.stringContaining('expected one from 2 to'),
  })
  expect((await session.bounds('sums/0')).first).toBe(2n)
  expect((await session.read('sums/0', 2n, 10, 0)).entries.length).toBeGreaterThan(0)
  await session.close()
})

test('a leader that moves is followed', async () => {
  const kafka = memoryKafka({ nodes: 2 })
  kafka.createTopic('sums', 1)
  await sums(kafka).start().done
  const session = await kafkaResults({ kafka, topic: 'sums', clock: instantClock() }).open({})
  const [first] = (await session.read('sums/0', 0n, 1, 0)).entries
  kafka.moveLeader('sums', 0, 1)
  expect((await session.read('sums/0', 0n, 1, 0)).entries[0]).toEqual(first)
  await session.close()
})
