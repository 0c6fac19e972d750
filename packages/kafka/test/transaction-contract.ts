// What a transactional producer promises, on any cluster.
import { systemClock } from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cluster, CommittedOffset, CommittedPlace } from '../src/client/cluster.ts'
import { CODE, refused } from '../src/client/error-codes.ts'
import { persist } from '../src/client/retry.ts'
import { TransactionalProducer, type TransactionSettings } from '../src/transaction/transactional-producer.ts'
import type { Stage } from './stage.ts'

const settings: Omit<TransactionSettings, 'transactionalId'> = {
  clock: systemClock,
  patienceMs: 30_000,
  compression: 'none',
  maxBatchBytes: 1_000,
  maxPendingBytes: 1 << 20,
  timeoutMs: 60_000,
}
const alone = { generation: -1, member: '', instance: null }

export function transactionContract(name: string, open: () => Promise<Stage>): void {
  describe(`a transactional producer on ${name}`, () => {
    let stage: Stage
    let cluster: Cluster
    let ids = 0
    beforeAll(async () => {
      stage = await open()
      cluster = await stage.kafka.connect()
    })
    afterAll(async () => {
      await cluster.close()
      await stage.close()
    })

    const newId = (): string => `contract-${process.pid}-${Date.now()}-${ids++}`
    const producer = async (topics: readonly string[], transactionalId = newId()): Promise<TransactionalProducer> =>
      TransactionalProducer.open(await stage.kafka.connect(), topics, { ...settings, transactionalId })
    const seen = async (topic: string): Promise<readonly string[]> =>
      (await stage.records(topic)).map(({ value }) => Buffer.from(value ?? []).toString()).sort()
    /** A broker says that it has committed before the last partition knows: readers see it soon, not at once. */
    const eventually = async (topics: readonly string[], wanted: readonly string[]): Promise<void> => {
      let found: readonly string[] = []
      for (let left = 300; left > 0; left--) {
        found = (await Promise.all(topics.map(seen))).flat().sort()
        if (found.length >= wanted.length) break
      }
      expect(found).toEqual(wanted.toSorted())
    }
    const write = (to: TransactionalProducer, topic: string, value: string, partition = 0): void => {
      to.outlet(topic).append(partition, Date.now(), null, Buffer.from(value))
      void to.send()
    }
    const committed = (group: string, topic: string): Promise<CommittedOffset> =>
      persist(settings, async () => {
        const [found] = await cluster.committedOffsets(group, [{ topic, partition: 0 }])
        if (found?.error !== CODE.none) throw refused('asking for offsets', found?.error ?? -1)
        return found
      })
    const offset = (topic: string, at: bigint): CommittedPlace => ({
      topic,
      partition: 0,
      offset: at,
      metadata: `W${at}`,
    })

    test('everything of a transaction is seen at once: records of all topics and partitions, offsets and what is beside them', async () => {
      const topics = [await stage.topic(3), await stage.topic(2)] as const
      const group = newId()
      const one = await producer(topics)
      for (let i = 0; i < 40; i++) write(one, topics[i % 2] as string, `${i}`.padStart(100, '.'), i % 4 < 2 ? 0 : 1)
      expect([...(await seen(topics[0])), ...(await seen(topics[1]))]).toEqual([])
      await one.commit({ member: { group, ...alone }, places: [offset(topics[0], 7n)] })
      await eventually(
        topics,
        Array.from({ length: 40 }, (_, i) => `${i}`.padStart(100, '.')),
      )
      const kept = await committed(group, topics[0])
      expect(kept).toMatchObject({ offset: 7n, metadata: 'W7' })
      await one.close()
    })

    test('nothing of an aborted one is, and the producer goes on, many times over', async () => {
      const topic = await stage.topic(2)
      const group = newId()
      const one = await producer([topic])
      const kept: string[] = []
      for (let i = 0; i < 30; i++) {
        for (const partition of [0, 1]) write(one, topic, `${i}`, partition)
        if (i % 3 === 1) await one.abort()
        else {
          await one.commit({ member: { group, ...alone }, places: [offset(topic, BigInt(i))] })
          kept.push(`${i}`, `${i}`)
        }
      }
      await eventually([topic], kept)
      expect((await committed(group, topic)).offset).toBe(29n)
      await one.commit()
      await one.close()
    })

    test('a second owner of the id fences the first, whose open transaction is aborted and who never comes back', async () => {
      const topic = await stage.topic(1)
      const id = newId()
      const zombie = await producer([topic], id)
      write(zombie, topic, 'zombie 1')
      await zombie.commit()
      write(zombie, topic, 'zombie 2')
      const owner = await producer([topic], id)
      write(owner, topic, 'owner 1')
      await owner.commit()
      write(zombie, topic, 'zombie 3')
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED', retryable: false })
      await expect(zombie.abort()).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
      await expect(zombie.commit()).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
      write(owner, topic, 'owner 2')
      await owner.commit()
      await eventually([topic], ['owner 1', 'owner 2', 'zombie 1'])
      await Promise.all([zombie.close(), owner.close()])
    })

    test('a zombie that aborts leaves the new owner alone', async () => {
      const topic = await stage.topic(1)
      const id = newId()
      const zombie = await producer([topic], id)
      write(zombie, topic, 'zombie')
      const owner = await producer([topic], id)
      write(owner, topic, 'owner 1')
      await expect(zombie.abort()).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
      await owner.commit()
      await eventually([topic], ['owner 1'])
      await Promise.all([zombie.close(), owner.close()])
    })

    test('offsets of a generation that is over abort the transaction', async () => {
      const topic = await stage.topic(1)
      const one = await producer([topic])
      write(one, topic, 'lost')
      const member = { group: newId(), generation: 3, member: 'somebody', instance: null }
      await expect(one.commit({ member, places: [offset(topic, 1n)] })).rejects.toMatchObject({
        code: 'KAFKA_NOT_OWNER',
        retryable: false,
      })
      write(one, topic, 'kept')
      await one.commit()
      await eventually([topic], ['kept'])
      await one.close()
    })
  })
}
