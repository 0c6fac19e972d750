// Getting in, and being told clearly when not.
import { inspect } from 'node:util'
import { type StreamError, collected, pipeline } from '@tidemark/core'
import { type Kafka as Broker, type KafkaSecurity, canTest, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KafkaOptions, type SaslOptions, kafka, kafkaSource, text } from '../src/index.ts'
import { brokerStage } from './broker-stage.ts'

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

async function read(options: KafkaOptions, topic: string): Promise<readonly string[]> {
  const sink = collected<string>()
  const source = kafkaSource({ kafka: kafka(options), topics: [topic], value: text(), until: 'end', patience: '3s' })
  await pipeline('read').from(source).to(sink).start().done
  return sink.items
}

describe.skipIf(!(await canTest('kafka')))('a cluster that wants to know who comes', () => {
  let broker: Broker
  let secure: KafkaSecurity
  let tls: { readonly ca: string }
  beforeAll(async () => {
    broker = await startKafka({ secure: true })
    secure = broker.secure as KafkaSecurity
    tls = { ca: secure.ca }
  })
  afterAll(() => broker.stop())

  const sasl = (mechanism: SaslOptions['mechanism'], password = secure.password): SaslOptions => ({
    mechanism,
    username: secure.username,
    password,
  })

  test('lets in by TLS, and by each mechanism over TLS and plain', async () => {
    const stage = await brokerStage({ brokers: broker.bootstrap })
    const topic = await stage.topic(1)
    await stage.append(topic, 0, [{ value: 'a' }])
    expect(await read({ brokers: secure.ssl, tls }, topic)).toEqual(['a'])
    for (const mechanism of mechanisms) {
      expect(await read({ brokers: secure.saslSsl, tls, sasl: sasl(mechanism) }, topic)).toEqual(['a'])
      const asked = { ...sasl(mechanism), password: async () => secure.password }
      expect(await read({ brokers: secure.saslPlaintext, sasl: asked }, topic)).toEqual(['a'])
    }
    await stage.close()
  })

  async function failure(options: KafkaOptions): Promise<StreamError> {
    return read(options, 't').then(
      () => expect.unreachable(),
      (error: unknown) => error as StreamError,
    )
  }

  test.each(mechanisms)('%s: a wrong password is an error at once, and is not printed', async (mechanism) => {
    const wrong = sasl(mechanism, 'guessed-secret')
    for (const options of [{ brokers: secure.saslPlaintext }, { brokers: secure.saslSsl, tls }]) {
      const error = await failure({ ...options, sasl: wrong })
      expect(error).toMatchObject({ code: 'KAFKA_LOGIN', retryable: false })
      expect(error.message).toMatch(
        /Logging in at .*: found a refusal \(.*expected to be let in. Check mechanism, user name and password in sasl/,
      )
      for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)])
        expect(shown).not.toMatch(/guessed|alice-/)
    }
  })

  test.each<[string, () => KafkaOptions]>([
    ['a certificate that nobody vouches for', () => ({ brokers: secure.ssl, tls: true })],
    ['no TLS where it is wanted', () => ({ brokers: secure.ssl })],
    ['TLS where there is none', () => ({ brokers: broker.bootstrap, tls })],
    ['no login where one is wanted', () => ({ brokers: secure.saslPlaintext })],
    ['a login where there is none', () => ({ brokers: broker.bootstrap, sasl: sasl('PLAIN') })],
  ])('%s is an error in bounded time', async (_, options) => {
    const error = await failure({ ...options(), requestTimeout: '1s', connectTimeout: '1s' })
    expect(['KAFKA_UNREACHABLE', 'KAFKA_LOGIN']).toContain(error.code)
    expect(error.message).toMatch(/tls|sasl/)
  })
})
