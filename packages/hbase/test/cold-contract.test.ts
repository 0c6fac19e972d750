// The contract of cold stores, on the gateway in this process.
import { coldStoreChecks } from '@tidemark/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { hbaseStore } from '../src/index.ts'
import { type FakeGateway, fakeGateway } from './fake-gateway.ts'
import { instantClock } from './stage.ts'

let server: FakeGateway
beforeAll(async () => {
  server = await fakeGateway()
})
afterAll(() => server[Symbol.asyncDispose]())

describe.each(['tcp', 'http'] as const)('the contract over %s', (transport) => {
  const make = (): ReturnType<typeof hbaseStore> =>
    hbaseStore({ thrift: server[transport], table: transport, salts: 2, clock: instantClock(), warn: () => {} })
  test.each(coldStoreChecks(make, { runs: 20 }))('$name', ({ run }) => run(), 60_000)
})
