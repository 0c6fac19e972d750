import { createServer } from 'node:net'
import { inspect } from 'node:util'
import type { StreamError } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type KafkaOptions, kafka } from '../index.ts'

const password = 'correct horse battery staple'
const secret: KafkaOptions = {
  brokers: ['localhost:9092', '[::1]:9093'],
  tls: { key: password, passphrase: password },
  sasl: { mechanism: 'PLAIN', username: 'alice', password },
}

test('says where the cluster is and nothing secret', () => {
  const cluster = kafka(secret)
  expect(cluster.kind).toBe('kafka at localhost:9092, ::1:9093')
  for (const shown of [inspect(cluster, { depth: 9, showHidden: true }), JSON.stringify(cluster), cluster.kind])
    expect(shown).not.toContain('horse')
})

test.each<[Partial<KafkaOptions>, RegExp]>([
  [{ brokers: [] }, /'brokers' of kafka: found \[\], expected at least one address/],
  [{ brokers: ['localhost'] }, /found 'localhost', expected host:port/],
  [{ brokers: ['kafka://localhost:9092'] }, /expected host:port/],
  [{ brokers: ['localhost:99999'] }, /expected host:port/],
  [{ brokers: [`alice:${password}@host:9092`] }, /found no host:port, expected/],
  [{ sasl: { username: 'alice', password } as never }, /'sasl' of kafka: found no mechanism/],
  [{ connectTimeout: '5' as never }, /'connectTimeout' of kafka/],
])('%j', (wrong, message) => {
  try {
    kafka({ ...secret, ...wrong })
    expect.unreachable()
  } catch (error) {
    expect((error as Error).message).toMatch(message)
    expect(inspect(error)).not.toContain('horse')
  }
})

describe('a cluster that cannot be reached', () => {
  async function failure(options: KafkaOptions): Promise<StreamError> {
    const cluster = await kafka(options).connect()
    try {
      await cluster.metadata(['t'])
      return expect.unreachable()
    } catch (error) {
      return error as StreamError
    } finally {
      await cluster.close()
    }
  }

  test('nobody listens', async () => {
    const error = await failure({ ...secret, tls: false, brokers: ['127.0.0.1:1', '127.0.0.1:2'] })
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retryable: true })
    expect(error.message).toMatch(/found no broker that answers.*Check the addresses/)
    expect(error.message).toMatch(/127\.0\.0\.1:1 did not answer: .*ECONNREFUSED.*\n.*127\.0\.0\.1:2 did not answer/)
    for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)])
      expect(shown).not.toContain('horse')
  })

  test('somebody listens who is no broker', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const error = await failure({ brokers: [`127.0.0.1:${port}`] })
    expect(error).toMatchObject({ code: 'KAFKA_UNREACHABLE', retryable: true })
    await new Promise((resolve) => server.close(resolve))
  })
})
