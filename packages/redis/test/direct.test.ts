import { StreamError } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type RedisSinkOptions, redisSink } from '../src/index.ts'
import { directContract } from './direct-contract.ts'
import { fakeRedis } from './fake-redis.ts'

const { client } = fakeRedis()
let names = 0
directContract(
  () => ({ client }),
  (name) => `${name} ${names++}`,
)

describe('descriptions', () => {
  test.each([
    { keepFor: '1d', client: {} },
    { keepFor: 'long', client },
    { keepFor: '1d', client, windowSize: '0s' },
    { keepFor: '1d', client, patience: 'some' },
  ])('%# is refused at once', (options) => {
    expect(() => redisSink(options as unknown as RedisSinkOptions<number>)).toThrow(StreamError)
  })

  test('name the results', () => {
    expect(redisSink({ client, keepFor: '1d' })).toMatchObject({ kind: 'redis(results)', latestValuesOnly: true })
  })
})
