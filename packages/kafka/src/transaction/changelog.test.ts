import { expect, test } from 'vitest'
import { instantClock } from '../../test/instant-clock.ts'
import type { Cluster } from '../client/cluster.ts'
import { CODE } from '../client/error-codes.ts'
import { type MemoryKafka, memoryKafka } from '../index.ts'
import { Changelog } from './changelog.ts'

interface Scene {
  readonly kafka: MemoryKafka
  readonly cluster: Cluster
  readonly changelog: Changelog
}

async function scene(): Promise<Scene> {
  const clock = instantClock()
  const kafka = memoryKafka({ clock })
  const cluster = await kafka.connect()
  return { kafka, cluster, changelog: new Changelog(cluster, 'log', { clock, patienceMs: 10_000 }) }
}

const shown = (records: ReadonlyMap<string, Uint8Array>): Readonly<Record<string, string>> =>
  Object.fromEntries([...records].map(([key, value]) => [key, Buffer.from(value).toString()]))

test('it is made with a partition for each task, compacted, and found again', async () => {
  const { cluster, changelog } = await scene()
  for (let start = 0; start < 2; start++) await changelog.prepare(3, 1)
  expect((await cluster.metadata(['log']))[0]?.partitions.length).toBe(3)
  expect((await cluster.topicSettings('log', ['cleanup.policy'])).settings.get('cleanup.policy')).toBe('compact')
})

test('one of a group is refused for a process alone, and the other way round, with the reason', async () => {
  const { kafka, cluster, changelog } = await scene()
  await changelog.prepare(undefined, 1)
  await expect(changelog.prepare(3, 1)).rejects.toThrow(
    /found 1 partition, expected 3, .*or one process wrote the state without sharing the input \(without a group, or with until: 'end'\)/,
  )
  kafka.createTopic('shared', 3, { 'cleanup.policy': 'compact' })
  await expect(
    new Changelog(cluster, 'shared', { clock: instantClock(), patienceMs: 10_000 }).prepare(undefined, 1),
  ).rejects.toThrow(
    /found 3 partitions, as a job in a group has it, expected 1, since this process reads all of the input by itself/,
  )
})

test.each([
  [2, 'compact', '2 partitions'],
  [4, 'compact', '4 partitions'],
  [3, 'delete', 'cleanup.policy=delete'],
  [3, 'compact,delete', 'cleanup.policy=compact,delete'],
])('one with %i partitions and %s is refused for three tasks', async (partitions, policy, found) => {
  const { kafka, changelog } = await scene()
  kafka.createTopic('log', partitions, { 'cleanup.policy': policy })
  await expect(changelog.prepare(3, 1)).rejects.toMatchObject({ code: 'KAFKA_CHANGELOG' })
  await expect(changelog.prepare(3, 1)).rejects.toThrow(found)
})

test('one that may not be made is refused; one whose settings may not be read is taken', async () => {
  const { kafka, changelog } = await scene()
  kafka.interrupt = (kind) => (kind === 'createTopic' ? CODE.topicAuthorizationFailed : undefined)
  await expect(changelog.prepare(1, 1)).rejects.toThrow(
    "Making the changelog 'log': found the answer TOPIC_AUTHORIZATION",
  )
  kafka.interrupt = (kind) => (kind === 'topicSettings' ? CODE.topicAuthorizationFailed : undefined)
  await changelog.prepare(1, 1)
})

test('another process may have made it in the meantime', async () => {
  const { kafka, changelog } = await scene()
  kafka.interrupt = (kind) => {
    if (kind === 'createTopic') kafka.createTopic('log', 1, { 'cleanup.policy': 'compact' })
  }
  await changelog.prepare(1, 1)
})

test('it is read up to where a task was committed: the newest of each key, without what is gone', async () => {
  const { kafka, changelog } = await scene()
  await changelog.prepare(2, 1)
  kafka.append('log', 1, [
    { key: 'a', value: 'a1' },
    { key: 'b', value: 'b1' },
    { key: 'c', value: '' },
  ])
  kafka.append('log', 1, [
    { key: 'a', value: 'a2', skip: 3 },
    { key: 'b', value: null },
  ])
  const end = kafka.append('log', 1, [{ key: 'a', value: 'a3' }])
  const open = kafka.transaction()
  open.append('log', 1, [{ key: 'a', value: 'open' }])
  const [all, stable] = await changelog.read(1, undefined)
  expect([shown(all), stable]).toEqual([{ a: 'a3', c: '' }, end + 1n])
  const [some, upTo] = await changelog.read(1, end)
  expect([shown(some), upTo]).toEqual([{ a: 'a2', c: '' }, end])
  expect(await changelog.read(0, undefined)).toEqual([new Map(), 0n])
})

test('what is decided and not seen yet is waited for', async () => {
  const { kafka, changelog } = await scene()
  await changelog.prepare(1, 1)
  const transaction = kafka.transaction()
  transaction.append('log', 0, [{ key: 'a', value: '1' }])
  let asked = 0
  kafka.interrupt = (kind) => {
    if (kind === 'offsets' && ++asked === 3) transaction.commit()
  }
  const [records] = await changelog.read(0, 1n)
  expect(shown(records)).toEqual({ a: '1' })
  expect(asked).toBeGreaterThan(2)
})

test.each<[string, (kafka: MemoryKafka) => void]>([
  [
    'was deleted and made anew',
    (kafka) => {
      kafka.deleteTopic('log')
      kafka.createTopic('log', 2)
    },
  ],
  [
    'was made anew with fewer partitions',
    (kafka) => {
      kafka.deleteTopic('log')
      kafka.createTopic('log', 1)
    },
  ],
  [
    'has forgotten everything',
    (kafka) => {
      kafka.append('log', 1, [{ key: 'b', value: '1' }])
      kafka.truncate('log', 1, 2n)
    },
  ],
  ['has forgotten everything up to there', (kafka) => kafka.truncate('log', 1, 1n)],
])('state that was committed and is not there fails in bounded time: the topic %s', async (_, change) => {
  const { kafka, changelog } = await scene()
  await changelog.prepare(2, 1)
  kafka.append('log', 1, [{ key: 'a', value: '1' }])
  change(kafka)
  await expect(changelog.read(1, 1n)).rejects.toMatchObject({ code: 'KAFKA_CHANGELOG' })
})
