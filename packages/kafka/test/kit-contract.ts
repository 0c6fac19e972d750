// What every source and sink promises, by the kits that anybody may use for their own, on any cluster.
import { latestValues, pipeline } from '@tidemark/core'
import {
  type ResultsLogBench,
  type SinkBench,
  type SourceBench,
  resultsLogChecks,
  sinkChecks,
  sourceChecks,
} from '@tidemark/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { ResultFrontier, json, kafkaResults, kafkaSink, kafkaSource, resultRecords, text } from '../src/index.ts'
import { decidedOnly } from './override.ts'
import type { Stage } from './stage.ts'

/** `runs`: how many random histories of each, of which each needs a topic. */
/** Progress as often as can be. */
function often(guarantee: 'at-least-once' | 'exactly-once') {
  return guarantee === 'exactly-once' ? ({ guarantee } as const) : ({ guarantee, progressEvery: '1ms' } as const)
}

export function kitContract(name: string, open: () => Promise<Stage>, runs: number): void {
  describe(`the contracts of core on ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    const benchOf = async (until?: 'end'): Promise<SourceBench<string>> => {
      const topic = await stage.topic(2)
      const group = `${topic}-group`
      const partitionOf = (split: string): number => Number(split.slice(split.lastIndexOf('/') + 1))
      let partitions = 2
      return {
        source: kafkaSource({
          kafka: stage.kafka,
          topics: [topic],
          value: text(),
          group,
          from: 'earliest',
          metadataEvery: '100ms',
          ...(until === undefined ? {} : { until }),
        }),
        splits: [`${topic}/0`, `${topic}/1`],
        add: async (split, numbers) => {
          const records = numbers.map((n) => ({ key: `k${n}`, value: `${n}`, timestamp: 1_000 + n }))
          await stage.append(topic, partitionOf(split), records)
        },
        numberOf: Number,
        infoOf: (n) => ({ key: `k${n}`, timestamp: 1_000 + n }),
        committed: () => stage.committed(group, topic),
        ...(until === undefined
          ? {
              addSplit: async () => {
                await stage.addPartitions(topic, ++partitions)
                return `${topic}/${partitions - 1}`
              },
            }
          : { bounded: true }),
      }
    }

    /** A topic is read as a reader of results would. */
    const sinkBench = async (guarantee: 'at-least-once' | 'exactly-once'): Promise<SinkBench> => {
      const topic = await stage.topic(2)
      const read = async () => {
        const frontier = new ResultFrontier([`${topic}/0`, `${topic}/1`])
        const value = resultRecords<string, number>(json<number>())
        const table = latestValues<string, number>()
        await pipeline('read')
          .from(kafkaSource({ kafka: decidedOnly(stage.kafka), topics: [topic], value, until: 'end' }))
          .tap((record, { split }) => {
            if (record.kind === 'progress') frontier.observe(split, record)
          })
          .flatMap((record) => (record.kind === 'progress' || record.kind === 'delta' ? [] : [record]))
          .to(table)
          .start().done
        return { frontier, table }
      }
      return {
        sink: kafkaSink<string, number>({ kafka: stage.kafka, topic, ...often(guarantee) }),
        standing: async () =>
          [...(await read()).table.entries()].map(([key, window, value]) => ({ key, window, value })),
        progress: async () => (await read()).frontier.watermark,
      }
    }

    describe.each(['at-least-once', 'exactly-once'] as const)('a sink, %s', (guarantee) => {
      test.each(sinkChecks(() => sinkBench(guarantee), { runs }))('$name', ({ run }) => run(), 60_000)
    })
    const logBench = async (guarantee: 'at-least-once' | 'exactly-once'): Promise<ResultsLogBench> => {
      const topic = await stage.topic(2)
      return {
        log: kafkaResults({ kafka: stage.kafka, topic }),
        sink: kafkaSink<string, number>({
          kafka: stage.kafka,
          topic,
          ...often(guarantee),
          accumulators: true,
        }),
      }
    }

    describe.each(['at-least-once', 'exactly-once'] as const)('a results log, %s', (guarantee) => {
      test.each(resultsLogChecks(() => logBench(guarantee)))('$name', ({ run }) => run(), 60_000)
    })

    describe('a source without end', () => {
      test.each(sourceChecks(() => benchOf(), { runs }))('$name', ({ run }) => run(), 60_000)
    })
    describe('a source that ends', () => {
      test.each(sourceChecks(() => benchOf('end'), { runs }))('$name', ({ run }) => run(), 60_000)
    })
  })
}
