// What an exactly-once job promises, on any cluster.
import {
  type DeadLetter,
  type Job,
  type Pane,
  type Sink,
  boundedOutOfOrderness,
  collected,
  latestValues,
  pipeline,
  tumbling,
} from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CommitOptions, MemberOptions, TestRecord } from '../src/index.ts'
import {
  ResultFrontier,
  bytes,
  json,
  kafkaRecords,
  kafkaSink,
  kafkaSource,
  partitionOf,
  resultRecords,
} from '../src/index.ts'
import type { Stage } from './stage.ts'
import { finals } from './finals.ts'

interface View {
  readonly page: string
  readonly at: number
}
type Counted = Pane<string, number>

const PARTITIONS = 4
const MINUTES = 10
/** In order within a page, over ten minutes; at the end of each partition one that completes what came before. */
const views: readonly View[] = Array.from({ length: 4_000 }, (_, i) => ({ page: `page ${(i * 7) % 50}`, at: i * 150 }))
const END = 3_600_000
/** A session as short as brokers allow: nobody waits long for whoever was killed. */
const soon: MemberOptions = { sessionTimeout: '6s', heartbeat: '200ms' }

export function exactlyOnceContract(name: string, open: () => Promise<Stage>): void {
  describe(`an exactly-once job on ${name}`, () => {
    let stage: Stage
    let made = 0
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    const partition = (page: string): number => partitionOf(Buffer.from(page), PARTITIONS)
    const record = ({ page, at }: View): TestRecord => ({
      key: page,
      value: JSON.stringify({ page, at }),
      timestamp: at,
    })
    const write = async (topic: string, from: number, to: number): Promise<void> => {
      for (let p = 0; p < PARTITIONS; p++) {
        const own = views.slice(from, to).filter(({ page }) => partition(page) === p)
        const last = to === views.length ? [record({ page: `page ${pageOf[p]}`, at: END })] : []
        await stage.append(topic, p, [...own.map(record), ...last])
      }
    }
    const pageOf = Array.from({ length: PARTITIONS }, (_, p) =>
      [...Array(50).keys()].find((i) => partition(`page ${i}`) === p),
    )

    interface Scene {
      readonly job: string
      readonly input: string
      readonly output: string
      readonly source: (member?: MemberOptions) => ReturnType<typeof kafkaSource<View>>
      readonly sink: (commit?: CommitOptions) => Sink<Counted>
    }
    const scene = async (): Promise<Scene> => {
      const [input, output] = [await stage.topic(PARTITIONS), await stage.topic(3)]
      const job = `counts-${process.pid}-${Date.now()}-${made++}`
      const { kafka } = stage
      return {
        job,
        input,
        output,
        source: (member) =>
          kafkaSource({ kafka, topics: [input], group: job, value: json<View>(), member: { ...soon, ...member } }),
        sink: (commit = {}) =>
          kafkaSink({ kafka, topic: output, guarantee: 'exactly-once', commit: { every: '10ms', ...commit } }),
      }
    }
    const start = ({ job, source, sink }: Scene, member?: MemberOptions, also?: Sink<Counted>): Job<unknown> => {
      const counts = pipeline(job)
        .from(source(member))
        .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s') })
        .keyByRecordKey<string>()
        .window(tumbling('1m'))
        .count()
        .to(sink())
      const running = (also === undefined ? counts : counts.to(also)).start({ batchSize: 100 })
      // Whoever waits for it is told.
      running.done.catch(() => {})
      return running
    }

    const results = ({ output }: Scene): Promise<readonly string[]> => finals(stage.kafka, output)
    const counted = (until: number): readonly string[] => {
      const counts = new Map<string, number>()
      for (const { page, at } of views) {
        const id = `${page}@${at - (at % 60_000)}`
        if (at - (at % 60_000) + 60_000 <= until) counts.set(id, (counts.get(id) ?? 0) + 1)
      }
      return [...counts].map(([id, count]) => `${id}=${count}`).sort()
    }
    /** Resolves when so many results are committed. */
    const until = async (at: Scene, count: number, jobs: readonly Job<unknown>[]): Promise<void> => {
      for (;;) {
        if ((await results(at)).length >= count) return
        // The twin has no network to wait for: others want their turn.
        await new Promise(setImmediate)
        for (const job of jobs) if (job.health().state === 'failed') await job.done
      }
    }
    const all = counted(MINUTES * 60_000)

    test('each result is there once, with the progress of all tasks, and offsets that say how far it got', async () => {
      const at = await scene()
      await write(at.input, 0, views.length)
      const job = start(at)
      await until(at, all.length, [job])
      await job.drain()
      expect(await results(at)).toEqual(all)
      const stored = await stage.records(at.output)
      const told = stored
        .map(({ value }) => Buffer.from(value ?? []).toString())
        .filter((text) => text.includes('"tasks":'))
      expect(told.length).toBeGreaterThanOrEqual(PARTITIONS * 3)
      expect(told.every((text) => text.includes(`"tasks":${PARTITIONS}`))).toBe(true)
      expect([...(await stage.committed(at.job, at.input)).values()].reduce((a, b) => a + b, 0n)).toBe(
        BigInt(views.length + PARTITIONS),
      )
    })

    test('a restart goes on with the state where it was, drained or abandoned amid a transaction', async () => {
      const at = await scene()
      for (let part = 0; part < 4; part++) {
        await write(at.input, part * 1_000, (part + 1) * 1_000)
        const job = start(at, { instance: 'a' })
        await until(at, counted(part === 3 ? END : part * 150_000).length, [job])
        if (part % 2 === 0) await job.drain()
        else await job.stop({ deadline: '0ms' }).catch(() => {})
      }
      const last = start(at, { instance: 'a' })
      await until(at, all.length, [last])
      await last.drain()
      expect(await results(at)).toEqual(all)
    })

    test('processes that come and go share the tasks, with their state', async () => {
      const at = await scene()
      await write(at.input, 0, 1_000)
      const first = start(at)
      await until(at, counted(100_000).length, [first])
      const second = start(at)
      await write(at.input, 1_000, 2_000)
      await until(at, counted(250_000).length, [first, second])
      while (first.health().splits.size === 0 || second.health().splits.size === 0) await results(at)
      const third = start(at)
      await first.drain()
      await write(at.input, 2_000, 3_000)
      await until(at, counted(400_000).length, [second, third])
      await second.drain()
      await write(at.input, 3_000, views.length)
      await until(at, all.length, [third])
      await third.drain()
      expect(await results(at)).toEqual(all)
    })

    test('other sinks get what was committed, and records that cannot be processed are part of it', async () => {
      const at = await scene()
      const letters = await stage.topic(1)
      const own = await scene()
      await stage.append(at.input, 0, [{ key: 'x', value: 'no json', timestamp: 1 }])
      await write(at.input, 0, views.length)
      const table = latestValues<string, number>()
      const { kafka } = stage
      const deadLetterTo = kafkaRecords<DeadLetter>({
        kafka,
        topic: letters,
        guarantee: 'exactly-once',
        value: { encode: ({ original, code }) => Buffer.concat([Buffer.from(`${code} `), original as Uint8Array]) },
      })
      const job = pipeline(own.job, { onError: { deadLetterTo } })
        .from(kafkaSource({ kafka, topics: [at.input], group: own.job, value: bytes(), member: soon }))
        .map((value) => JSON.parse(Buffer.from(value).toString()) as View)
        .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s') })
        .keyBy((view) => view.page, { keepsPartition: true })
        .window(tumbling('1m'))
        .count()
        .to(at.sink())
        .to(table)
        .start()
      await until(at, all.length, [job])
      await job.drain()
      expect(await results(at)).toEqual(all)
      expect(table.get('page 0', { start: 0, end: 60_000 })).toBe(8)
      expect((await stage.records(letters)).map(({ value }) => Buffer.from(value ?? []).toString())).toEqual([
        'USER_FUNCTION_THREW no json',
      ])
    })

    test('without a group one process has it all, and a second start takes its place', async () => {
      const at = await scene()
      const { kafka } = stage
      const alone: Scene = { ...at, source: () => kafkaSource({ kafka, topics: [at.input], value: json<View>() }) }
      await write(at.input, 0, 2_000)
      const first = start(alone)
      await until(at, counted(250_000).length, [first])
      const second = start(alone)
      await write(at.input, 2_000, views.length)
      await until(at, all.length, [second])
      await expect(first.done).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
      await second.drain()
      expect(await results(at)).toEqual(all)
    })

    test('readers do not wait for a partition that has never had anything, once it counts as idle', async () => {
      const at = await scene()
      const own = views.slice(0, 2_000).filter(({ page }) => partition(page) === 0)
      await stage.append(at.input, 0, own.map(record))
      const job = pipeline(at.job)
        .from(at.source())
        .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s'), idleAfter: '500ms' })
        .keyByRecordKey<string>()
        .window(tumbling('1m'))
        .count()
        .to(at.sink())
        .start()
      const partitions = [0, 1, 2].map((p) => `${at.output}/${p}`)
      let watermark = Number.NEGATIVE_INFINITY
      while (watermark < 240_000) {
        // This one goes on: while all are idle, nobody knows more than before.
        await stage.append(at.input, 0, [record(own.at(-1) as View)])
        const frontier = new ResultFrontier(partitions)
        const value = resultRecords<string, number>(json<number>())
        await pipeline('read')
          .from(kafkaSource({ kafka: stage.kafka, topics: [at.output], value, until: 'end' }))
          .tap((read, meta) => {
            if (read.kind === 'progress') watermark = frontier.observe(meta.split, read)
          })
          .to(collected())
          .start().done
        await new Promise(setImmediate)
        if (job.health().state === 'failed') await job.done
      }
      expect(watermark).toBe((own.at(-1)?.at ?? 0) - 1_000)
      expect(job.health().watermark).toBe(watermark)
      await job.drain()
    })

    test('a pipeline that has changed, or input that has other partitions now, does not fit the state', async () => {
      const at = await scene()
      await write(at.input, 0, 1_000)
      const job = start(at)
      await until(at, counted(100_000).length, [job])
      await job.drain()
      const changed = pipeline(at.job)
        .from(at.source())
        .eventTime({ timestamp: (view) => view.at, watermark: boundedOutOfOrderness('1s') })
        .keyByRecordKey<string>()
        .window(tumbling('2m'))
        .count()
        .to(at.sink())
        .start()
      await expect(changed.done).rejects.toMatchObject({ code: 'LAYOUT_CHANGED' })
      await stage.addPartitions(at.input, PARTITIONS + 1)
      const misfit = async (partitions: number): Promise<void> => {
        const { done } = start(at)
        await expect(done).rejects.toMatchObject({ code: 'KAFKA_CHANGELOG' })
        await expect(done).rejects.toThrow(
          `The changelog '${at.job}-changelog': found ${PARTITIONS} partitions, expected ${partitions}, one for each task`,
        )
      }
      await misfit(PARTITIONS + 1)
      await stage.remake(at.input, PARTITIONS - 1)
      await misfit(PARTITIONS - 1)
    })
  })
}
