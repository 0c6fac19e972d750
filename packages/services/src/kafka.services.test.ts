import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownerOf } from './instance/owner.ts'
import { until } from './instance/until.ts'
import type { Kafka } from './kafka/kafka.ts'
import { liveBrokers } from './kafka/metadata.ts'
import { startKafka } from './kafka/start-kafka.ts'
import { answerOf } from './net/exchange.ts'
import { canTest } from './testing/can-test.ts'

const portOf = (address: string): number => Number(address.split(':')[1])
const brokersAt = (address: string): ReturnType<typeof liveBrokers> => liveBrokers({ port: portOf(address) })

type AdminOptions = ConstructorParameters<typeof Admin>[0]

async function topicsAt(bootstrap: readonly string[], more: Partial<AdminOptions> = {}): Promise<readonly string[]> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...bootstrap], retries: 0, ...more })
  try {
    return await admin.listTopics()
  } finally {
    await admin.close()
  }
}

async function createTopic(bootstrap: readonly string[], topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...bootstrap] })
  await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
  await admin.close()
}

describe.skipIf(!(await canTest('kafka')))('Kafka 4, one node', () => {
  test('answers, survives kill -9 with its data, and leaves nothing', async () => {
    const kafka = await startKafka()
    const [node] = kafka.nodes
    expect(kafka).toMatchObject({ version: '4.4.0', bootstrap: [node!.address], secure: undefined, proxied: [] })
    expect(await brokersAt(node!.address)).toEqual([{ id: 1, address: node!.address }])
    await createTopic(kafka.bootstrap, 'kept')

    const before = node!.pid!
    await kafka.kill(1)
    expect(node!.pid).toBeUndefined()
    expect(ownerOf(before)).toBeUndefined()
    expect(await answerOf(brokersAt(node!.address))).toBeUndefined()
    await expect(kafka.kill(1)).rejects.toThrow(/is not running: restart it/)
    await expect(kafka.kill(2)).rejects.toThrow(/has no process '2': there is 1/)

    await kafka.restart(1)
    expect(await topicsAt(kafka.bootstrap)).toContain('kept')

    const after = node!.pid!
    expect(after).not.toBe(before)
    await kafka.stop()
    expect(ownerOf(after)).toBeUndefined()
    expect(existsSync(dirname(node!.log))).toBe(false)
    await expect(kafka.restart(1)).rejects.toThrow(/has been stopped and its data deleted/)
  })

  test('a setting that Kafka refuses is told with its own words, and nothing is left', async () => {
    const bad = startKafka({ name: 'bad-kafka', settings: { 'log.segment.bytes': 'many' } })
    await expect(bad).rejects.toThrow(/log\.segment\.bytes/)
    await (await startKafka({ name: 'bad-kafka' })).stop()
  })

  test('behind a proxy clients are led through it', async () => {
    await using kafka = await startKafka({ proxied: true })
    const { proxy } = kafka.nodes[0]!
    expect(kafka.proxied).toEqual([proxy!.address])
    expect(await brokersAt(proxy!.address)).toEqual([{ id: 1, address: proxy!.address }])
    expect(await brokersAt(kafka.bootstrap[0]!)).toEqual([{ id: 1, address: kafka.bootstrap[0] }])
    proxy!.refuse()
    expect(await answerOf(brokersAt(proxy!.address))).toBeUndefined()
    proxy!.restore()
    expect(await brokersAt(proxy!.address)).toHaveLength(1)
  })
})

describe.skipIf(!(await canTest('kafka', '3.9.2')))('Kafka 3.9', () => {
  test('answers', async () => {
    await using kafka = await startKafka({ version: '3.9.2' })
    expect(kafka.version).toBe('3.9.2')
    expect(await brokersAt(kafka.bootstrap[0]!)).toEqual([{ id: 1, address: kafka.bootstrap[0] }])
  })
})

describe.skipIf(!(await canTest('kafka')))('Kafka 4, three nodes with TLS and SASL', () => {
  let kafka: Kafka
  beforeAll(async () => {
    kafka = await startKafka({ nodes: 3, secure: true })
  })
  afterAll(() => kafka.stop())

  test('each node knows all three', async () => {
    expect(kafka.bootstrap).toHaveLength(3)
    for (const address of kafka.bootstrap) {
      const brokers = await brokersAt(address)
      expect(brokers.map((broker) => broker.address).toSorted()).toEqual([...kafka.bootstrap].toSorted())
    }
  })

  test('TLS answers to those who trust its certificate, and they are led to TLS again', async () => {
    const { ssl, ca, client } = kafka.secure!
    const brokers = await liveBrokers({ port: portOf(ssl[0]!), ca })
    expect(brokers.map(({ address }) => address).toSorted()).toEqual([...ssl].toSorted())
    expect(await topicsAt(ssl, { tls: { ca, cert: client.cert, key: client.key } })).toEqual([])
    await expect(topicsAt(ssl, { tls: {} })).rejects.toThrow()
  })

  test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
    '%s answers to the right password',
    async (mechanism) => {
      const { saslSsl, saslPlaintext, ca, username, password, mechanisms } = kafka.secure!
      expect(mechanisms).toContain(mechanism)
      const sasl = { mechanism, username, password }
      expect(await topicsAt(saslSsl, { tls: { ca }, sasl })).toEqual([])
      expect(await topicsAt(saslPlaintext, { sasl })).toEqual([])
      await expect(topicsAt(saslSsl, { tls: { ca }, sasl: { ...sasl, password: 'wrong' } })).rejects.toThrow()
    },
  )

  test('a killed node is missed, and comes back', async () => {
    await kafka.kill(2)
    const others = [kafka.bootstrap[0]!, kafka.bootstrap[2]!]
    await until(
      'the other two notice',
      async () => {
        const seen = await Promise.all(others.map((address) => answerOf(brokersAt(address))))
        return seen.every((brokers) => brokers?.length === 2)
      },
      { timeoutMs: 60_000 },
    )
    await kafka.restart(2)
    await until('all are there again', async () => (await answerOf(brokersAt(others[0]!)))?.length === 3, {
      timeoutMs: 60_000,
    })
  })
})
