// HTTPS: TLS in front of a gateway that speaks plain HTTP, certificates that are not trusted, and clients without one.
import type { ColdStore } from '@tidemark/core'
import { type TlsFront, startTlsFront } from '@tidemark/services'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HBaseStoreOptions, hbaseStore } from '../src/index.ts'
import { type FakeGateway, fakeGateway } from './fake-gateway.ts'
import { bytes, cell, instantClock, shown } from './stage.ts'

let server: FakeGateway
let front: TlsFront
const start = async (clientCertificates = false): Promise<void> => {
  front = await startTlsFront(new URL(server.http).port, { clientCertificates })
}
beforeEach(async () => {
  server = await fakeGateway()
})
afterEach(async () => {
  await front.stop()
  await server[Symbol.asyncDispose]()
})

const storeOf = (options: Partial<HBaseStoreOptions>): ColdStore =>
  hbaseStore({
    thrift: `https://${front.address}`,
    table: 'results',
    patience: '1s',
    clock: instantClock(),
    warn: () => {},
    ...options,
  })

/** Writes and reads back. */
async function works(options: Partial<HBaseStoreOptions>): Promise<void> {
  const session = await storeOf(options).open({ name: 'a', windowMs: 10 })
  await session.put([cell('k', 10, 0)], { watermark: 0 })
  expect(shown((await session.read([bytes('k')], 0, 10))[0])).toEqual(['[0,10) v0 10.0'])
  await session.close()
}

const refused = (options: Partial<HBaseStoreOptions>): Promise<unknown> =>
  storeOf(options)
    .open({ name: 'a', windowMs: 10 })
    .then(
      () => undefined,
      (error: unknown) => error,
    )

test('a certificate that is trusted, in text and in bytes, and credentials behind it', async () => {
  await start()
  const { cert: ca } = front.certificate
  await works({ tls: { ca } })
  await works({ tls: { ca: bytes(ca) }, auth: { username: 'ann', password: 'secret' } })
  expect(server.headers['authorization']).toBe(`Basic ${Buffer.from('ann:secret').toString('base64')}`)
})

describe('what is not trusted is not spoken to', () => {
  test.each([
    ['an unknown authority', (): Partial<HBaseStoreOptions> => ({}), /self-signed certificate|SELF_SIGNED/i],
    [
      'another name',
      (): Partial<HBaseStoreOptions> => ({ tls: { ca: front.certificate.cert, servername: 'elsewhere.example' } }),
      /elsewhere\.example|altnames/i,
    ],
    [
      'plain HTTP to a port of TLS',
      (): Partial<HBaseStoreOptions> => ({ thrift: `http://${front.address}` }),
      /hang up|reset|closed|ended/i,
    ],
  ])('%s', async (_, options, says) => {
    await start()
    const error = await refused({ auth: { username: 'ann', password: 'secret' }, ...options() })
    expect(error).toMatchObject({
      name: 'StreamError',
      code: expect.stringMatching(/^HBASE_(UNREACHABLE|LOST)$/),
      message: expect.stringMatching(says),
    })
    expect(String(error)).not.toContain('secret')
    expect(server.calls).toEqual([])
  })
})

test('a front that wants to know its clients', async () => {
  await start(true)
  const { cert, key } = front.certificate
  expect(await refused({ tls: { ca: cert } })).toMatchObject({ code: 'HBASE_LOST' })
  expect(server.calls).toEqual([])
  await works({ tls: { ca: cert, cert, key } })
})
