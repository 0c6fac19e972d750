// What an exactly-once job does with records that are not what it takes them for, on any cluster.
import { type DeadLetter, type Job, type Meta, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Kafka,
  type Serde,
  type TestRecord,
  bytes,
  kafkaRecords,
  kafkaSink,
  kafkaSource,
  nullable,
} from '../src/index.ts'
import { AT } from '../src/wire/layout.ts'
import type { Stage } from './stage.ts'
import { finals } from './finals.ts'
import { override } from './override.ts'

interface View {
  readonly page: string
  readonly at: number
}

/** A serde of a user's own, which throws at what it does not know. */
const serde: Serde<View> = {
  decode: (value) => {
    if (value[0] === 0xff) throw new RangeError('version 255 is not known')
    return JSON.parse(Buffer.from(value).toString()) as View
  },
  encode: (view) => Buffer.from(JSON.stringify(view)),
}
const view = (at: unknown, more: object = {}): TestRecord => ({
  key: 'a',
  value: JSON.stringify({ page: 'a', at, ...more }),
})
const LARGE = 'x'.repeat(900_000)
const FUTURE = Date.UTC(2200, 0)

/** By name: a record, and what is said about it. */
const garbage: readonly (readonly [name: string, record: TestRecord, code: string, reason: RegExp])[] = [
  ['no JSON', { key: 'a', value: '{"page":' }, 'USER_FUNCTION_THREW', /SyntaxError/],
  [
    'a value at which the serde throws',
    { key: 'a', value: Uint8Array.of(0xff, 1) },
    'USER_FUNCTION_THREW',
    /RangeError: version 255 is not known/,
  ],
  ['a null value', { key: 'a', value: null }, 'USER_FUNCTION_THREW', /a tombstone/],
  ['900 kB that are no JSON', { key: 'a', value: LARGE }, 'USER_FUNCTION_THREW', /SyntaxError/],
  ['a timestamp that is none', view('soon'), 'BAD_TIMESTAMP', /'soon'/],
]
/** What is as it should be, however odd: large, and far in the future, which moves no watermark. */
const good = [view(1_000), view(2_000, { text: LARGE }), view(FUTURE), view(3_000), view(90_000)]
const results = ['a@0=3']

export function garbageContract(name: string, open: () => Promise<Stage>): void {
  describe(`garbage in a topic, exactly once, on ${name}`, () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await open()
    })
    afterAll(() => stage.close())

    interface Scene {
      readonly input: string
      readonly output: string
      readonly letters: string
      readonly kafka: Kafka
    }
    const scene = async (records: readonly TestRecord[]): Promise<Scene> => {
      const [input, output, letters] = [await stage.topic(1), await stage.topic(1), await stage.topic(1)]
      for (const record of records) await stage.append(input, 0, [record])
      return { input, output, letters, kafka: stage.kafka }
    }
    type Policy = 'fail' | 'skip' | 'deadLetter'
    const start = (
      { input, output, letters, kafka }: Scene,
      policy: Policy,
      every: '10ms' | '10m' = '10ms',
    ): Job<unknown> => {
      const deadLetterTo = kafkaRecords<DeadLetter>({
        kafka: stage.kafka,
        topic: letters,
        guarantee: 'exactly-once',
        value: { encode: ({ original }) => original as Uint8Array | null },
        headers: ({ code, reason }) => [
          ['code', code],
          ['reason', reason],
        ],
      })
      const job = pipeline(`job-${input}`, { onError: policy === 'deadLetter' ? { deadLetterTo } : policy })
        .from(
          kafkaSource({ kafka, topics: [input], group: `job-${input}`, value: nullable(bytes()), checksums: false }),
        )
        .map((value, meta: Meta) => {
          if (value === null) throw new TypeError(`${String(meta.key)} is a tombstone`)
          return serde.decode(value, undefined as never)
        })
        .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('1s') })
        .keyBy(({ page }) => page, { keepsPartition: true })
        .window(tumbling('1m'))
        .count()
        .to(
          kafkaSink({
            kafka: stage.kafka,
            topic: output,
            guarantee: 'exactly-once',
            commit: { every, timeout: '15m' },
          }),
        )
        .start({ batchSize: 2 })
      job.done.catch(() => {})
      return job
    }
    const until = async (job: Job<unknown>, done: () => Promise<boolean> | boolean): Promise<void> => {
      while (!(await done())) {
        await new Promise(setImmediate)
        if (job.health().state === 'failed') await job.done
      }
    }
    const found = ({ output }: Scene): Promise<readonly string[]> => finals(stage.kafka, output)
    const mixed = good.flatMap((record, i) => [garbage[i]?.[1] ?? [], record].flat())

    test.each(garbage)('%s: fail', async (_, record, code, reason) => {
      const at = await scene([view(1_000), record, view(90_000)])
      const { done } = start(at, 'fail')
      await expect(done).rejects.toMatchObject({ code, at: { split: `${at.input}/0`, offset: 1n } })
      await expect(done).rejects.toThrow(reason)
      expect(await found(at)).toEqual([])
      expect((await stage.committed(`job-${at.input}`, at.input)).get(`${at.input}/0`) ?? 0n).toBeLessThanOrEqual(1n)
    })

    test('skip: the others count, and how many were left out is told', async () => {
      const at = await scene(mixed)
      const job = start(at, 'skip')
      await until(job, async () => (await found(at)).length > 0)
      await job.drain()
      expect(await found(at)).toEqual(results)
      expect(job.metrics().get('window.skipped')).toBe(garbage.length)
      expect(job.metrics().get('tooFarAhead')).toBe(1)
    })

    test('dead letters: in the transaction of the results, once, with the original bytes and the reason', async () => {
      const at = await scene(mixed)
      const letters = () => stage.records(at.letters)
      const abandoned = start(at, 'deadLetter', '10m')
      await until(abandoned, () => abandoned.metrics().get('window.deadLettered') === garbage.length)
      expect([(await letters()).length, (await stage.records(at.output)).length]).toEqual([0, 0])
      // Whether or not it still commits.
      await abandoned.stop({ deadline: '0ms' }).catch(() => {})
      const job = start(at, 'deadLetter')
      await until(job, async () => (await found(at)).length > 0)
      await job.drain()
      expect(await found(at)).toEqual(results)
      const said = await letters()
      expect(said.map(({ value }) => value && Buffer.from(value))).toEqual(
        garbage.map(([, { value }]) => (typeof value === 'string' ? Buffer.from(value) : value && Buffer.from(value))),
      )
      for (const [i, { headers }] of said.entries()) {
        const [, , code, reason] = garbage[i] as (typeof garbage)[number]
        expect(Buffer.from(headers.get('code') ?? []).toString()).toBe(code)
        expect(Buffer.from(headers.get('reason') ?? []).toString()).toMatch(reason)
      }
    })

    test.each<Policy>(['fail', 'skip', 'deadLetter'])(
      'a compression that nobody knows: %s, a batch cannot be left out',
      async (policy) => {
        const at = await scene([view(1_000), view(90_000)])
        // Brokers refuse it, so it is made of what they answer.
        const odd = override(stage.kafka, (inner) => ({
          fetch: async (...request) => {
            const answers = await inner.fetch(...request)
            for (const { records } of answers) if (records.length > AT.attributes) records[AT.attributes + 1] = 5
            return answers
          },
        }))
        const { done } = start({ ...at, kafka: odd }, policy)
        await expect(done).rejects.toMatchObject({
          code: 'KAFKA_COMPRESSION',
          at: { split: `${at.input}/0`, offset: 0n },
          message: expect.stringMatching(
            /Behind offset 0 of .*: found compression 5, expected 0 to 4 .*Ask its producer/,
          ),
        })
        expect(await found(at)).toEqual([])
      },
    )
  })
}
