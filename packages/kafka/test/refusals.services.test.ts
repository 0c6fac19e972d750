// What a user is told who may not, or who comes to the wrong place: soon, by name, and with what to do.
import { type AddressInfo, type Server, createServer } from 'node:net'
import { Admin } from '@platformatic/kafka'
import { type StreamError, boundedOutOfOrderness, pipeline, tumbling } from '@tidemark/core'
import { type Kafka as Broker, type KafkaSecurity, canTest, startKafka } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Kafka, json, kafka, kafkaRecords, kafkaSink, kafkaSource, text } from '../src/index.ts'
import { brokerStage } from './broker-stage.ts'
import type { Stage } from './stage.ts'
import { finals } from './finals.ts'

interface View {
  readonly at: number
}

/** Kinds of resources and what one may do with them, in the protocol's numbers. */
const KIND = { topic: 2, group: 3, transactionalId: 5 } as const
const MAY = { read: 3, write: 4, create: 5, describe: 8 } as const
const patience = '2s'
/** An opening tries for as long as its patience, and answers take their time on a busy machine. */
const SOON_MS = 15_000

async function failureOf(run: () => Promise<unknown>): Promise<StreamError> {
  const began = Date.now()
  const failure = await run().then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as StreamError,
  )
  expect(Date.now() - began).toBeLessThan(SOON_MS)
  return failure
}

const copy = (from: Kafka, input: string, to: Kafka, output: string, group?: string): Promise<void> =>
  pipeline('copy')
    .from(
      kafkaSource({
        kafka: from,
        topics: [input],
        value: text(),
        until: 'end',
        patience,
        ...(group === undefined ? {} : { group }),
      }),
    )
    .to(kafkaRecords({ kafka: to, topic: output, patience }))
    .start().done

describe.skipIf(!(await canTest('kafka')))('a cluster with permissions', () => {
  let broker: Broker
  let stage: Stage
  let admin: Admin
  let cluster: Kafka
  beforeAll(async () => {
    broker = await startKafka({
      secure: true,
      settings: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // Who does not log in, as the stage and the broker itself.
        'super.users': 'User:ANONYMOUS',
      },
    })
    const { saslPlaintext: brokers, username, password } = broker.secure as KafkaSecurity
    stage = await brokerStage({ brokers: broker.bootstrap })
    admin = new Admin({ clientId: 'permissions', bootstrapBrokers: [...broker.bootstrap] })
    cluster = kafka({ brokers, sasl: { mechanism: 'PLAIN', username, password } })
  })
  afterAll(async () => {
    await admin.close()
    await stage.close()
    await broker.stop()
  })

  const allow = async (kind: keyof typeof KIND, name: string, operation: keyof typeof MAY): Promise<void> => {
    const who = { principal: 'User:alice', host: '*', permissionType: 3 } as const
    const what = {
      resourceType: KIND[kind],
      resourceName: name,
      resourcePatternType: 3 as const,
      operation: MAY[operation],
    } as const
    await admin.createAcls({ creations: [{ ...who, ...what }] })
  }

  test('an exactly-once job is told of each permission that it wants, one after the other, and then runs', async () => {
    const [input, output] = [await stage.topic(2), await stage.topic(1)]
    const job = `counts-${input}`
    const changelog = `${job}-changelog`
    const views = [1, 90_000].map((at) => ({ key: 'a', value: JSON.stringify({ at }) }))
    await stage.append(input, 0, views)
    const start = () =>
      pipeline(job)
        .from(
          kafkaSource({
            kafka: cluster,
            topics: [input],
            group: job,
            value: json<View>(),
            patience,
            member: { instance: 'a' },
          }),
        )
        .eventTime({ timestamp: ({ at }) => at, watermark: boundedOutOfOrderness('0ms') })
        .keyByRecordKey<string>()
        .window(tumbling('1m'))
        .count()
        .to(kafkaSink({ kafka: cluster, topic: output, guarantee: 'exactly-once', patience }))
        .start()
    const topic = 'TOPIC_AUTHORIZATION_FAILED, expected success. Give the user the permission: Describe and Read on'
    const id = 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED, expected success. Give the user Write on the transactional id.'
    const group = 'GROUP_AUTHORIZATION_FAILED, expected success. Give the user Read on the group.'
    const steps: readonly (readonly [said: string, ...Parameters<typeof allow>])[] = [
      [`The topic '${input}': found the answer ${topic}`, 'topic', input, 'describe'],
      [`The topic '${output}': found the answer ${topic}`, 'topic', output, 'describe'],
      [`The topic '${changelog}': found the answer ${topic}`, 'topic', changelog, 'describe'],
      [`Making the changelog '${changelog}': found the answer ${topic}`, 'topic', changelog, 'create'],
      [
        `Finding the coordinator of transactional id '${job}-a': found the answer ${id}`,
        'transactionalId',
        `${job}-a`,
        'describe',
      ],
      [`Beginning transactions as '${job}-a': found the answer ${id}`, 'transactionalId', `${job}-a`, 'write'],
      [`Finding the coordinator of group '${job}': found the answer ${group}`, 'group', job, 'read'],
      [`Reading ${input}/0: found the answer ${topic}`, 'topic', input, 'read'],
      [`found the answer ${topic}`, 'topic', changelog, 'write'],
      [`Adding ${output}/0: found the answer ${topic}`, 'topic', output, 'write'],
      [`Reading ${changelog}/0: found the answer ${topic}`, 'topic', changelog, 'read'],
    ]
    for (const [said, ...permission] of steps.slice(0, -1)) {
      const failure = await failureOf(() => start().done)
      expect(failure).toMatchObject({ code: 'KAFKA_REFUSED', retryable: false, message: expect.stringContaining(said) })
      await allow(...permission)
    }
    const running = start()
    while ((await finals(stage.kafka, output)).length === 0) if (running.health().state === 'failed') await running.done
    await running.drain()
    // What was written must be read at the next start.
    const [said, ...permission] = steps.at(-1) as (typeof steps)[number]
    expect((await failureOf(() => start().done)).message).toContain(said)
    await allow(...permission)
    const again = start()
    while (again.health().state === 'starting') await new Promise(setImmediate)
    await again.drain()
    expect(await finals(stage.kafka, output)).toEqual(['a@0=1'])
  })

  test('a job that copies, at least once, is too', async () => {
    const [input, output] = [await stage.topic(1), await stage.topic(1)]
    await stage.append(input, 0, [{ value: 'a' }])
    const refusal = async (from: Kafka, to: Kafka, group?: string): Promise<string> =>
      (await failureOf(() => copy(from, input, to, output, group))).message
    expect(await refusal(stage.kafka, cluster)).toContain(`The topic '${output}': found the answer TOPIC_AUTH`)
    await allow('topic', output, 'describe')
    expect(await refusal(stage.kafka, cluster)).toContain(`Writing to ${output}/0: found the answer TOPIC_AUTH`)
    expect(await refusal(cluster, stage.kafka)).toContain(`The topic '${input}': found the answer TOPIC_AUTH`)
    await allow('topic', input, 'describe')
    expect(await refusal(cluster, stage.kafka)).toContain(`Reading ${input}/0: found the answer TOPIC_AUTH`)
    expect(await refusal(cluster, stage.kafka, 'g')).toContain(`group 'g': found the answer GROUP_AUTHORIZATION_FAILED`)
  })

  test('an exactly-once job whose results have no topic makes no changelog for them', async () => {
    const input = await stage.topic(1)
    const { kafka } = stage
    const job = `lost-${input}`
    const run = () =>
      pipeline(job)
        .from(kafkaSource({ kafka, topics: [input], value: text(), until: 'end' }))
        .to(kafkaRecords({ kafka, topic: `${job}-results`, guarantee: 'exactly-once', patience }))
        .start().done
    expect((await failureOf(run)).message).toContain(`The topic '${job}-results': found none of that name`)
    const connected = await kafka.connect()
    const [changelog] = await connected.metadata([`${job}-changelog`])
    await connected.close()
    expect(changelog?.partitions).toEqual([])
  })
})

describe('an address where no broker is', () => {
  const servers: Server[] = []
  /** A server that is none of Kafka. */
  const server = async (said?: string): Promise<string> => {
    const made = createServer((socket) => {
      socket.on('error', () => {})
      if (said !== undefined) socket.on('data', () => socket.end(said))
    }).listen(0, '127.0.0.1')
    servers.push(made)
    await new Promise((resolve) => made.once('listening', resolve))
    return `127.0.0.1:${(made.address() as AddressInfo).port}`
  }
  afterAll(() => {
    for (const made of servers) made.close()
  })

  test.each<[string, () => Promise<string>, RegExp]>([
    ['nobody listens', async () => '127.0.0.1:1', /127\.0\.0\.1:1 did not answer: .*ECONNREFUSED/],
    ['nobody knows the name', async () => 'no-such-host.invalid:9092', /no-such-host\.invalid:9092 did not answer: /],
    ['nobody answers', () => server(), /did not answer: Request timed out/],
    ['somebody else answers', () => server('HTTP/1.1 400 Bad Request\r\n\r\n'), /did not answer: /],
  ])('%s', async (_, address, reason) => {
    const cluster = kafka({ brokers: [await address()], requestTimeout: '1s', connectTimeout: '1s' })
    const { code, message } = await failureOf(() => copy(cluster, 't', cluster, 'u'))
    expect(code).toBe('KAFKA_UNREACHABLE')
    expect(message).toMatch(/found no broker that answers, expected one of those given or learned. Check the addresses/)
    expect(message).toMatch(reason)
    expect(message).toMatch(/Tried again for \d+ ms/)
  })
})
