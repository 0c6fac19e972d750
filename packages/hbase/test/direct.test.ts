import { StreamError } from '@tidemark/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hbaseSink, hbaseSource } from '../src/index.ts'
import { directContract } from './direct-contract.ts'
import { type FakeGateway, fakeGateway } from './fake-gateway.ts'

let server: FakeGateway
beforeAll(async () => {
  server = await fakeGateway()
})
afterAll(() => server[Symbol.asyncDispose]())

let tables = 0
directContract(
  'the fake',
  () => ({ thrift: server.tcp, warn: () => {} }),
  (name) => `${name}-${tables++}`,
  20,
)

describe('descriptions', () => {
  test.each([
    () => hbaseSink({ thrift: 'nowhere', table: 't' }),
    () => hbaseSink({ thrift: 'tcp://host:1', table: 't', windowSize: '0s' }),
    () => hbaseSource({ thrift: 'tcp://host:1', table: 't', from: 2, to: 1 }),
    () => hbaseSource({ thrift: 'tcp://host:1', table: 't', from: Number.NaN }),
  ])('%s is refused at once', (make) => {
    expect(make).toThrow(StreamError)
  })

  test('name the table', () => {
    expect(hbaseSink({ thrift: 'tcp://host:1', table: 't' })).toMatchObject({
      kind: 'hbase(t)',
      latestValuesOnly: true,
    })
    expect(hbaseSource({ thrift: 'tcp://host:1', table: 't' })).toMatchObject({ kind: 'hbase(t)', seekable: false })
  })
})
