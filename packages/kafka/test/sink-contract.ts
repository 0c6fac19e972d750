// What the Kafka sinks promise, on any cluster.
import { type DeltaPane, type Pane, boundedOutOfOrderness, collected, pipeline, tumbling } from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ResultRecord,
  ResultFrontier,
  json,
  kafkaRecords,
  kafkaSink,
  kafkaSource,
  partitionOf,
  resultRecords,
  text,
} from '../src/index.ts'
import type { Stage } from './stage.ts'

interface View {
  readonly page: string
  readonly at: number
}

const views: readonly View[] = Array.from({ length: 3_000 }, (_, i) => ({ page: `page-${(i * 7) % 50}`, at: i * 100 }))

const textOf = (bytes: Uint8Array | null | undefined): string | null => (bytes ? Buffer.from(bytes).toString() : null)

export function sinkContract(name: string, open: () => Promise<Stage>): void {
  describe(`Kafka sinks on ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    test('results come back as the panes they were, each in the partition of its key, with the progress behind them', async () => {
      const topic = await stage.topic(4)
      const panes = collected<Pane<string, number> | DeltaPane<string, number>>()
      await pipeline('counts')
        .from(views)
        .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s') })
        .keyBy((view) => view.page)
        .window(tumbling('1m'), { allowedLateness: '10s' })
        .count()
        .to(kafkaSink({ kafka: stage.kafka, topic }))
        .to(panes)
        .start().done
      const read = collected<ResultRecord<string, number>>()
      const frontier = new ResultFrontier([0, 1, 2, 3].map((partition) => `${topic}/${partition}`))
      await pipeline('read')
        .from(
          kafkaSource({
            kafka: stage.kafka,
            topics: [topic],
            value: resultRecords<string, number>(json<number>()),
            until: 'end',
          }),
        )
        .tap((record, meta) => {
          if (record.kind === 'progress') frontier.observe(meta.split, record)
          else expect(meta.split).toBe(`${topic}/${partitionOf(Buffer.from(record.key), 4)}`)
        })
        .to(read)
        .start().done
      const order = (a: { key: string; window: { start: number } }, b: typeof a): number =>
        a.key.localeCompare(b.key) || a.window.start - b.window.start
      const back = read.items.filter((record) => record.kind !== 'progress') as typeof panes.items
      expect(back.length).toBe(250)
      expect(back.toSorted(order)).toEqual(panes.items.toSorted(order))
      expect(frontier.watermark).toBe(Number.POSITIVE_INFINITY)
      // The last record of each partition is the progress of its task.
      const stored = await stage.records(topic)
      for (const partition of [0, 1, 2, 3]) {
        const last = stored.filter((record) => record.partition === partition).at(-1)
        expect(textOf(last?.headers.get('tm-kind'))).toBe('progress')
        expect(JSON.parse(textOf(last?.value) ?? '')).toEqual({ task: '0', watermark: 'inf', tasks: 1, idle: false })
      }
    })

    test('records keep their order by key; key, headers and timestamp are as asked, and null is a tombstone', async () => {
      const topic = await stage.topic(3)
      const numbers = Array.from({ length: 2_000 }, (_, i) => i)
      await pipeline('numbers')
        .from(numbers)
        .to(
          kafkaRecords({
            kafka: stage.kafka,
            topic,
            key: (n) => `k${n % 10}`,
            value: { encode: (n) => (n % 100 === 99 ? null : Buffer.from(String(n))) },
            headers: (n) => (n % 2 === 0 ? [['even', 'yes']] : []),
            timestamp: (n) => 1_000_000 + n,
          }),
        )
        .start().done
      const stored = await stage.records(topic)
      expect(stored.length).toBe(2_000)
      for (let k = 0; k < 10; k++) {
        const mine = stored.filter(({ key }) => textOf(key) === `k${k}`)
        expect(new Set(mine.map(({ partition }) => partition))).toEqual(new Set([partitionOf(Buffer.from(`k${k}`), 3)]))
        expect(mine.map(({ timestamp }) => timestamp - 1_000_000)).toEqual(numbers.filter((n) => n % 10 === k))
      }
      for (const { value, headers, timestamp } of stored) {
        const n = timestamp - 1_000_000
        expect(textOf(value)).toBe(n % 100 === 99 ? null : String(n))
        expect(textOf(headers.get('even'))).toBe(n % 2 === 0 ? 'yes' : null)
      }
    })

    test.each(['gzip', 'zstd'] as const)(
      'packed by %s, in many small batches, and records without a key in all partitions',
      async (compression) => {
        const topic = await stage.topic(2)
        const lines = Array.from({ length: 5_000 }, (_, i) => `${i} ${'x'.repeat(100)}`)
        await pipeline('lines')
          .from(lines)
          .to(
            kafkaRecords({
              kafka: stage.kafka,
              topic,
              value: text(),
              compression,
              maxBatchBytes: 5_000,
              maxPendingBytes: 50_000,
            }),
          )
          .start({ batchSize: 64 }).done
        const stored = await stage.records(topic)
        expect(new Set(stored.map(({ partition }) => partition))).toEqual(new Set([0, 1]))
        expect(stored.map(({ value }) => textOf(value) ?? '').sort()).toEqual(lines.toSorted())
      },
    )

    test('a topic that is not there is an error in bounded time', async () => {
      const job = pipeline('nowhere')
        .from(['a'])
        .to(kafkaRecords({ kafka: stage.kafka, topic: 'no-such-topic', patience: '100ms' }))
        .start()
      await expect(job.done).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' })
    })
  })
}
