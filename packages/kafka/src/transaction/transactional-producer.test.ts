import { StreamError } from '@tidemark/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantClock } from '../../test/instant-clock.ts'
import { type MemoryKafka, type RequestKind, memoryKafka } from '../index.ts'
import { TransactionalProducer } from './transactional-producer.ts'

const alone = { group: 'g', generation: -1, member: '', instance: null }

async function begin(
  patienceMs = 60_000,
): Promise<{ readonly kafka: MemoryKafka; readonly producer: TransactionalProducer }> {
  const clock = instantClock()
  const kafka = memoryKafka({ nodes: 2, clock })
  kafka.createTopic('t', 3)
  const settings = {
    clock,
    patienceMs,
    compression: 'none',
    maxBatchBytes: 200,
    maxPendingBytes: 1 << 20,
    timeoutMs: 60_000,
    transactionalId: 'id',
  } as const
  return { kafka, producer: await TransactionalProducer.open(await kafka.connect(), ['t'], settings) }
}

function write(producer: TransactionalProducer, value: string): void {
  const partition = Buffer.from(value).reduce((sum, byte) => sum + byte, 0) % 3
  producer.outlet('t').append(partition, 1, null, Buffer.from(value))
  void producer.send()
}
const seen = (kafka: MemoryKafka): readonly string[] =>
  kafka.records('t').map(({ value }) => Buffer.from(value ?? []).toString())
const offsets = (offset: number) => ({
  member: alone,
  places: [{ topic: 't', partition: 0, offset: BigInt(offset), metadata: '' }],
})

const away = (): never => {
  throw new StreamError('KAFKA_UNREACHABLE', 'away', { retryable: true })
}

describe('each once, although', () => {
  test.each<[string, RequestKind, () => number | 'after' | void]>([
    ['the answer to the commit is lost', 'endTransaction', () => 'after'],
    ['the commit itself is lost', 'endTransaction', away],
    ['the last transaction is still being ended', 'addPartitions', () => 51],
    ['the coordinator moves', 'endTransaction', () => 16],
    ['the answer to the new partitions is lost', 'addPartitions', () => 'after'],
    ['the answer to a write is lost', 'produce', () => 'after'],
    ['the answer to the offsets is lost', 'commitOffsetsIn', () => 'after'],
    ['the group of the offsets is loading', 'commitOffsetsIn', () => 14],
    ['the offsets are not added at once', 'addOffsets', () => 51],
  ])('%s', async (_, request, fault) => {
    const { kafka, producer } = await begin()
    let n = 0
    kafka.interrupt = (kind) => (kind === request && n++ % 2 === 0 ? fault() : undefined)
    for (let i = 0; i < 10; i++) {
      for (const part of ['a', 'b', 'c']) write(producer, `${i}${part}`)
      await producer.commit(offsets(i))
    }
    expect(n).toBeGreaterThan(10)
    expect(seen(kafka).toSorted()).toEqual(
      Array.from({ length: 10 }, (__, i) => ['a', 'b', 'c'].map((part) => `${i}${part}`)).flat(),
    )
    expect(kafka.offsetsOf('g')).toEqual(new Map([['t/0', 9n]]))
    await producer.close()
  })

  test('any requests fail in any way: an aborted transaction is written again', async () => {
    const fault = fc.constantFrom<[number | 'after' | 'away', number]>(
      ['after', 3],
      ['away', 3],
      [51, 1],
      [16, 1],
      [6, 2],
      [45, 1],
      [10, 1],
      [7, 1],
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(12), fault), { maxLength: 25 }), async (faults) => {
        const { kafka, producer } = await begin()
        const script = faults.flatMap(([pause, [what]]) => [...Array.from({ length: pause }, () => undefined), what])
        kafka.interrupt = (kind) => {
          // What cannot be asked for again is not a matter of this test.
          const what = script.shift()
          if (what === 'away') return away()
          if (typeof what === 'number' && !['produce', 'addPartitions', 'commitOffsetsIn'].includes(kind))
            return undefined
          return what
        }
        const wanted: string[] = []
        for (let i = 0; i < 8; i++) {
          for (let done = false; !done;) {
            for (const part of ['a', 'b']) write(producer, `${i}${part}`)
            try {
              await producer.commit(offsets(i))
              done = true
            } catch (error) {
              expect(['KAFKA_ABORTED', 'KAFKA_REFUSED']).toContain((error as StreamError).code)
            }
          }
          wanted.push(`${i}a`, `${i}b`)
        }
        expect(seen(kafka).toSorted()).toEqual(wanted.toSorted())
        expect(kafka.offsetsOf('g')).toEqual(new Map([['t/0', 7n]]))
        await producer.close()
      }),
      { numRuns: 150 },
    )
  })
})

test.each([
  [
    45,
    'KAFKA_ABORTED',
    /The transaction of 'id' was aborted: nothing of it is seen.* again. Writing to t\/\d: .*OUT_OF_ORDER/,
  ],
  [10, 'KAFKA_REFUSED', /^Writing to t\/\d: found the answer MESSAGE_TOO_LARGE/],
  [29, 'KAFKA_REFUSED', /^Writing to t\/\d: found the answer TOPIC_AUTHORIZATION_FAILED/],
] as const)(
  'a record that is refused by %i aborts the transaction, and the producer goes on',
  async (answer, code, message) => {
    const { kafka, producer } = await begin()
    write(producer, 'first')
    await producer.commit(offsets(1))
    kafka.interrupt = (kind) => (kind === 'produce' ? answer : undefined)
    write(producer, 'too large')
    await expect(producer.commit(offsets(2))).rejects.toMatchObject({
      code,
      retryable: code === 'KAFKA_ABORTED',
      message: expect.stringMatching(message),
    })
    kafka.interrupt = undefined
    write(producer, 'second')
    await producer.commit(offsets(3))
    expect(seen(kafka).toSorted()).toEqual(['first', 'second'])
    expect(kafka.offsetsOf('g')).toEqual(new Map([['t/0', 3n]]))
    await producer.close()
  },
)

test('a commit that nobody answers is final, and a new owner of the id finds out', async () => {
  const { kafka, producer } = await begin(100)
  write(producer, 'x')
  kafka.interrupt = (kind) => (kind === 'endTransaction' ? 'after' : undefined)
  await expect(producer.commit(offsets(1))).rejects.toMatchObject({ code: 'KAFKA_OUTCOME_UNKNOWN', retryable: false })
  await expect(producer.commit()).rejects.toMatchObject({ code: 'KAFKA_OUTCOME_UNKNOWN' })
  // It was committed, which its offsets tell.
  expect([seen(kafka), kafka.offsetsOf('g').get('t/0')]).toEqual([['x'], 1n])
  await producer.close()
})

test('nothing is asked of the coordinator where nothing was written', async () => {
  const { kafka, producer } = await begin()
  const requests: string[] = []
  kafka.interrupt = (kind) => void requests.push(kind)
  await producer.commit()
  await producer.commit({ member: alone, places: [] })
  expect(requests).toEqual([])
  await producer.close()
})
