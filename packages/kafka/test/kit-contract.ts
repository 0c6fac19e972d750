// What every source and sink promises, by the kits that anybody may use for their own, on any cluster.
import { type SourceBench, sourceChecks } from '@tidemark/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { kafkaSource, text } from '../src/index.ts'
import type { Stage } from './stage.ts'

/** `runs`: how many random histories of each, of which each needs a topic. */
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

    describe('a source without end', () => {
      test.each(sourceChecks(() => benchOf(), { runs }))('$name', ({ run }) => run())
    })
    describe('a source that ends', () => {
      test.each(sourceChecks(() => benchOf('end'), { runs }))('$name', ({ run }) => run())
    })
  })
}
