// Getting in, and being told clearly when not: TIDEMARK_KAFKA_SECURE names a broker's SASL_SSL, SSL and SASL_PLAINTEXT
// listeners, TIDEMARK_KAFKA_CA the file of its certificate authority; the user is alice.
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { type StreamError, collected, pipeline } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type KafkaOptions, type SaslOptions, kafka, kafkaSource, text } from '../src/index.ts'
import { brokerStage } from './broker-stage.ts'

const [saslSsl = '', ssl = '', saslPlain = ''] = process.env['TIDEMARK_KAFKA_SECURE']?.split(',') ?? []
const plain = process.env['TIDEMARK_KAFKA_BROKERS']?.split(',') ?? []
const caFile = process.env['TIDEMARK_KAFKA_CA'] ?? ''
const password = 'alice-secret'
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const sasl = (mechanism: SaslOptions['mechanism'], secret = password): SaslOptions => ({
  mechanism,
  username: 'alice',
  password: secret,
})

async function read(options: KafkaOptions, topic: string): Promise<readonly string[]> {
  const sink = collected<string>()
  const source = kafkaSource({ kafka: kafka(options), topics: [topic], value: text(), until: 'end', patience: '3s' })
  await pipeline('read').from(source).to(sink).start().done
  return sink.items
}

describe.skipIf(caFile === '')('a cluster that wants to know who comes', () => {
  const tls = { ca: caFile === '' ? '' : readFileSync(caFile, 'utf8') }

  test('lets in by TLS, and by each mechanism over TLS and plain', async () => {
    const stage = await brokerStage({ brokers: plain })
    const topic = await stage.topic(1)
    await stage.append(topic, 0, [{ value: 'a' }])
    expect(await read({ brokers: [ssl], tls }, topic)).toEqual(['a'])
    for (const mechanism of mechanisms) {
      expect(await read({ brokers: [saslSsl], tls, sasl: sasl(mechanism) }, topic)).toEqual(['a'])
      expect(
        await read({ brokers: [saslPlain], sasl: { ...sasl(mechanism), password: async () => password } }, topic),
      ).toEqual(['a'])
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
    for (const brokers of [[saslPlain], [saslSsl]]) {
      const error = await failure({
        brokers,
        ...(brokers[0] === saslSsl ? { tls } : {}),
        sasl: sasl(mechanism, 'guessed-secret'),
      })
      expect(error).toMatchObject({ code: 'KAFKA_LOGIN', retryable: false })
      expect(error.message).toMatch(
        /Logging in at .*: found a refusal \(.*expected to be let in. Check mechanism, user name and password in sasl/,
      )
      for (const shown of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)])
        expect(shown).not.toMatch(/guessed|alice-/)
    }
  })

  test.each<[string, KafkaOptions]>([
    ['a certificate that nobody vouches for', { brokers: [ssl], tls: true }],
    ['no TLS where it is wanted', { brokers: [ssl] }],
    ['TLS where there is none', { brokers: plain, tls }],
    ['no login where one is wanted', { brokers: [saslPlain] }],
    ['a login where there is none', { brokers: plain, sasl: sasl('PLAIN') }],
  ])('%s is an error in bounded time', async (_, options) => {
    const error = await failure({ ...options, requestTimeout: '1s', connectTimeout: '1s' })
    expect(['KAFKA_UNREACHABLE', 'KAFKA_LOGIN']).toContain(error.code)
    expect(error.message).toMatch(/tls|sasl/)
  })
})
