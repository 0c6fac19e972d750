import { describe, expect, test } from 'vitest'
import { instantClock } from '../../test/instant-clock.ts'
import { override } from '../../test/override.ts'
import type { Cluster } from '../client/cluster.ts'
import { type KafkaSourceOptions, type MemoryKafka, kafkaSource, memoryKafka, text } from '../index.ts'

const never = { id: '0', signal: { aborted: false, addEventListener: () => {}, removeEventListener: () => {} } }

/** A topic whose partitions hold many batches of one record each, and what is fetched of them. */
async function opened(partitions: number, batches: number, more: Partial<KafkaSourceOptions<string>> = {}) {
  const clock = instantClock()
  const kafka: MemoryKafka = memoryKafka({ clock })
  kafka.createTopic('t', partitions)
  for (let partition = 0; partition < partitions; partition++)
    for (let i = 0; i < batches; i++) kafka.append('t', partition, [{ value: `${partition}:${i}${'x'.repeat(1_000)}` }])
  const fetched: (readonly string[])[] = []
  let bytes = 0
  const watched = override(kafka, (inner: Cluster) => ({
    fetch: async (node, request) => {
      fetched.push(request.places.map(({ partition, offset }) => `${partition}@${offset}`))
      const answers = await inner.fetch(node, request)
      for (const { records } of answers) bytes += records.length
      return answers
    },
  }))
  const reader = await kafkaSource({
    kafka: watched,
    topics: ['t'],
    value: text(),
    clock,
    maxPartitionBytes: 10_000,
    ...more,
  }).open(never)
  return { kafka, reader, fetched, bytes: () => bytes }
}

/** Turns of the event loop: everything that can happen without a poll has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('running ahead', () => {
  test('is bounded: two responses for each partition, however much there is and however long nobody asks', async () => {
    const { reader, bytes } = await opened(3, 200)
    await settle()
    expect(bytes()).toBeGreaterThan(3 * 10_000)
    expect(bytes()).toBeLessThanOrEqual(3 * 2 * 10_000)
    let seen = 0
    while (seen < 600) {
      const batch = await reader.poll(7)
      seen += batch.records.length
    }
    expect(seen).toBe(600)
    await reader.close()
  })

  test('every partition gets its turn, and each request begins with another one', async () => {
    const { reader, fetched } = await opened(3, 50)
    const turns: string[] = []
    for (let seen = 0; seen < 150;) {
      const batch = await reader.poll(10)
      seen += batch.records.length
      turns.push(batch.split)
    }
    // No partition is ever more than a round ahead of another that has records at hand.
    expect(new Set(turns.slice(0, 3)).size).toBe(3)
    expect(new Set(fetched.map(([first]) => first?.split('@')[0])).size).toBe(3)
    await reader.close()
  })

  test('leaves a paused partition out, and takes it in again where it was', async () => {
    const { reader, fetched } = await opened(2, 100)
    reader.pause(['t/1'])
    await settle()
    const paused = fetched.length
    for (let seen = 0; seen < 100;) seen += (await reader.poll(50)).records.length
    await settle()
    expect(
      fetched
        .slice(paused)
        .flat()
        .filter((place) => place.startsWith('1@')),
    ).toEqual([])
    expect(fetched.slice(paused).flat().length).toBeGreaterThan(0)
    reader.resume(['t/1'])
    const offsets: number[] = []
    while (offsets.length < 100) {
      const batch = await reader.poll(50)
      expect(batch.split).toBe('t/1')
      batch.records.forEach((_, i) => offsets.push(Number(batch.offsetOf?.(i))))
    }
    expect(offsets).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await reader.close()
  })

  test('asks for nothing more once a bounded run has everything', async () => {
    const { reader, fetched, kafka } = await opened(1, 5, { until: 'end' })
    let finished = false
    while (!finished) finished = (await reader.poll(100)).finished === true
    kafka.append('t', 0, [{ value: 'later' }])
    const asked = fetched.length
    await settle()
    expect(fetched.length).toBe(asked)
    await reader.close()
  })

  test('ends with the reader', async () => {
    const { reader, fetched } = await opened(1, 0)
    await settle()
    await reader.close()
    await settle()
    const asked = fetched.length
    await settle()
    expect(fetched.length).toBe(asked)
  })
})
