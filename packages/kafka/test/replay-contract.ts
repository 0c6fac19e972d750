// What a replay promises, on any cluster.
import { type Duration, type Job, type Source, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ReplayProgress,
  type ReplaySink,
  json,
  kafkaSink,
  kafkaSource,
  partitionOf,
  progressLine,
  replay,
} from '../src/index.ts'
import type { Stage } from './stage.ts'
import { finals } from './finals.ts'

interface View {
  readonly page: string
  readonly at: number
}

const PARTITIONS = 3
const views: readonly View[] = Array.from({ length: 3_000 }, (_, i) => ({ page: `page ${(i * 7) % 30}`, at: i * 100 }))
/** One for each partition that completes what came before. */
const closing: readonly View[] = Array.from({ length: 30 }, (_, i) => ({ page: `page ${i}`, at: 10_000_000 }))

/** The pipeline, live and anew. */
const counts = (name: string, source: Source<View>, sink: ReplaySink<string, number>) =>
  pipeline(name)
    .from(source)
    .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s') })
    .keyByRecordKey<string>()
    .window(tumbling('1m'))
    .count()
    .to(sink)

export function replayContract(name: string, open: () => Promise<Stage>): void {
  describe(`a replay on ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    const write = async (topic: string, some: readonly View[]): Promise<void> => {
      const partition = (page: string): number => partitionOf(Buffer.from(page), PARTITIONS)
      for (let p = 0; p < PARTITIONS; p++) {
        const own = some.filter(({ page }) => partition(page) === p)
        await stage.append(
          topic,
          p,
          own.map((view) => ({ key: view.page, value: JSON.stringify(view), timestamp: view.at })),
        )
      }
    }
    const results = (topic: string): Promise<readonly string[]> =>
      finals(stage.kafka, topic, ({ key, window, value, isLast }) => `${key}@${window.start}=${value} ${isLast}`)
    const until = async (topic: string, count: number, job: Job<unknown>): Promise<void> => {
      while ((await results(topic)).length < count) {
        // The twin has no network to wait for: others want their turn.
        await new Promise(setImmediate)
        if (job.health().state === 'failed') await job.done
      }
    }

    test('gives the finals of the live run, tells how far it is and how to move over, and goes on with what comes', async () => {
      const [input, live, anew] = [await stage.topic(PARTITIONS), await stage.topic(2), await stage.topic(4)]
      const { kafka } = stage
      const value = json<View>()
      const sink = kafkaSink<string, number>({
        kafka,
        topic: live,
        guarantee: 'exactly-once',
        commit: { every: '10ms' },
      })
      const first = counts(live, kafkaSource({ kafka, topics: [input], value, group: live }), sink).start()
      await write(input, views.slice(0, 2_000))
      await write(input, views.slice(2_000))
      const complete = 30 * 4
      await until(live, complete, first)

      const told: ReplayProgress[] = []
      const { job, done } = await replay({
        kafka,
        pipeline: counts,
        source: { topics: [input], value },
        sink: { commit: { every: '10ms' } },
        to: anew,
        group: anew,
        bar: false,
        onProgress: (progress) => told.push(progress),
      })
      const end = await done
      expect(end.done).toBe(views.length)
      expect(told.at(-1)).toMatchObject({ done: views.length, of: views.length, remainingMs: 0 })
      expect(end.howToSwitch).toContain(`let readers go on with '${anew}'`)
      expect(progressLine(end)).toMatch(/^\[#{24}\] 100 %, at 1970-01-01T00:04:5\d/)
      await until(anew, complete, job)
      await write(input, closing)
      const all = 30 * 5
      await until(live, all, first)
      await until(anew, all, job)
      expect(await results(anew)).toEqual(await results(live))
      await Promise.all([first.drain(), job.drain()])
    })

    test('ends where history does, if asked to; one that was stopped goes on where it was', async () => {
      const [input, anew] = [await stage.topic(PARTITIONS), await stage.topic(1)]
      await write(input, [...views, ...closing])
      const options = {
        kafka: stage.kafka,
        pipeline: counts,
        source: { topics: [input], value: json<View>() },
        sink: { commit: { every: '1ms' } },
        to: anew,
        group: anew,
        until: 'end',
        bar: false,
        start: { batchSize: 20 },
      } as const
      const begun = await replay(options)
      await until(anew, 1, begun.job)
      await begun.job.drain()
      const again = await replay(options)
      await again.job.done
      const { done, of, howToSwitch } = await again.done
      expect([done, of]).toEqual([views.length + closing.length, views.length + closing.length])
      expect(howToSwitch).toContain('every window with it')
      // The end of the input completes the last windows, too.
      expect((await results(anew)).filter((text) => !text.includes('@9960000'))).toHaveLength(30 * 5)
    })

    test('keeps partitions that are uneven together, by `maxDrift`', async () => {
      const [input, anew] = [await stage.topic(2), await stage.topic(1)]
      const record = (at: number) => ({ key: `page ${at % 7}`, value: JSON.stringify({ page: '', at }), timestamp: at })
      const [sparse, dense] = [1_000, 100].map((step) =>
        Array.from({ length: 600_000 / step }, (_, i) => record(i * step)),
      )
      await stage.append(input, 0, sparse ?? [])
      await stage.append(input, 1, dense ?? [])
      const run = async (group: string, drift: { readonly maxDrift?: Duration }): Promise<number> => {
        const reached = new Map<string, number>()
        let ahead = 0
        const aligned = (name: string, source: Source<View>, sink: ReplaySink<string, number>) =>
          pipeline(name)
            .from(source)
            .tap(({ at }, { split }) => {
              reached.set(split, at)
              ahead = Math.max(ahead, (reached.get(`${input}/0`) ?? 0) - (reached.get(`${input}/1`) ?? 0))
            })
            .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s'), ...drift })
            .keyByRecordKey<string>()
            .window(tumbling('1m'))
            .count()
            .to(sink)
        const { done } = await replay({
          kafka: stage.kafka,
          pipeline: aligned,
          source: { topics: [input], value: json<View>() },
          to: anew,
          group,
          until: 'end',
          bar: false,
          start: { batchSize: 20 },
        })
        await done
        return ahead
      }
      // A batch may be begun just within it.
      expect(await run(`${anew}-aligned`, { maxDrift: '1m' })).toBeLessThanOrEqual(60_000 + 21_000)
      expect(await run(`${anew}-loose`, {})).toBeGreaterThan(300_000)
      const results_ = await results(anew)
      expect(results_.length).toBe(new Set(results_).size * 2)
    })

    test('does not write to what it reads', async () => {
      const input = await stage.topic(1)
      const into = { to: input, group: 'x', source: { topics: [input], value: json<View>() } }
      await expect(replay({ kafka: stage.kafka, pipeline: counts, ...into })).rejects.toMatchObject({
        code: 'BAD_REPLAY',
      })
    })
  })
}
