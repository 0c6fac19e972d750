// Connections, time-outs and second attempts against a gateway in this process that does what it is told.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, StreamError } from '@tidemark/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Gateway } from '../src/client/gateway.ts'
import { type GatewayOptions, gatewaySettings } from '../src/client/options.ts'
import { type Call, checkAndPut, createTable, getRow, putMultiple, tableExists } from '../src/thrift/methods.ts'
import { PutBatch } from '../src/thrift/put-batch.ts'
import { type FakeGateway, fakeGateway } from './fake-gateway.ts'
import { instantClock } from './stage.ts'

const table = Buffer.from('t')
const named = { namespace: undefined, name: 't' }
const family = Buffer.from('d')

/** Passes over pauses at once, counting them; time-outs of calls wait until they are let go. */
function handClock(): Clock & { readonly pauses: number[]; pass: (ms: number) => void } {
  let now = 0
  const waiting = new Set<{ readonly at: number; readonly wake: () => void }>()
  const pauses: number[] = []
  return {
    pauses,
    now: () => now,
    wakeAt: (at, wake) => {
      const ms = at - now
      const entry = { at, wake }
      if (ms <= 1_000) {
        pauses.push(ms)
        now = at
        queueMicrotask(wake)
      } else waiting.add(entry)
      return () => waiting.delete(entry)
    },
    pass: (ms) => {
      now += ms
      for (const entry of waiting) {
        if (entry.at > now) continue
        waiting.delete(entry)
        entry.wake()
      }
    },
  }
}

function put(row: string, value = 'v', timestamp = 1): Call<undefined> {
  const batch = new PutBatch(table, family, { puts: 1_000, bytes: 1_000_000 })
  batch.begin(Buffer.from(row))
  batch.cell(Buffer.from('q'), 32, Buffer.from(value), timestamp)
  batch.end()
  return putMultiple(batch.take())
}

const get = (row: string): ReturnType<typeof getRow> => getRow(table, Buffer.from(row), family)

/** Turns of the event loop until something has happened in the gateway. */
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setImmediate(resolve))
}

describe.each(['tcp', 'http'] as const)('over %s', (transport) => {
  let server: FakeGateway
  let clock: ReturnType<typeof handClock>
  const open: Gateway[] = []
  const gateway = (options: Partial<GatewayOptions> = {}): Gateway => {
    const made = new Gateway(
      gatewaySettings({ thrift: server[transport], clock, timeout: '30s', patience: '5s', ...options }, 'test'),
    )
    open.push(made)
    return made
  }
  beforeEach(async () => {
    clock = handClock()
    server = await fakeGateway()
    await gateway().call(createTable(named, family, []))
    server.calls.length = 0
  })
  afterEach(async () => {
    for (const each of open.splice(0)) each.close()
    await server[Symbol.asyncDispose]()
  })

  test('many calls at a time are all answered, each with its own reply', async () => {
    const client = gateway({ connections: 2, inFlight: 4 })
    await Promise.all(Array.from({ length: 60 }, (_, i) => client.call(put(`row ${i}`, `value ${i}`))))
    const rows = await Promise.all(Array.from({ length: 60 }, (_, i) => client.call(get(`row ${i}`))))
    expect(rows.map((row) => row?.cells[0]?.value.toString())).toEqual(
      Array.from({ length: 60 }, (_, i) => ` value ${i}`),
    )
    // The one that made the table has a connection too.
    expect(server.connections).toBeLessThanOrEqual(3)
    expect(server.mostWaiting).toBeLessThanOrEqual(4)
  })

  test.each(['cut', 'cut-after'] as const)('a connection that is %s is tried again, within bounds', async (fault) => {
    const client = gateway()
    let faults = 3
    server.fault = () => (faults-- > 0 ? fault : undefined)
    await client.call(put('a'))
    expect(server.calls).toEqual(Array.from({ length: 4 }, () => 'putMultiple'))
    expect(clock.pauses).toEqual([20, 40, 80])
    server.fault = () => fault
    clock.pauses.length = 0
    await expect(client.call(put('a'))).rejects.toMatchObject({
      code: 'HBASE_LOST',
      retryable: true,
      message: expect.stringMatching(/Tried \d+ times in 5000 ms/),
    })
    expect(clock.pauses.reduce((sum, ms) => sum + ms)).toBe(5_000)
  })

  test('what cannot be repeated is not, once it was sent', async () => {
    const client = gateway()
    server.fault = () => 'cut'
    const claim = checkAndPut(table, family, {
      row: table,
      qualifier: table,
      expected: undefined,
      value: table,
      timestamp: 1,
    })
    await expect(client.call(claim)).rejects.toMatchObject({ code: 'HBASE_LOST' })
    expect(server.calls).toEqual(['checkAndMutate'])
  })

  test('a reply that comes too late is nobody else’s', async () => {
    const client = gateway({ connections: 1, inFlight: 1, patience: '1ms' })
    server.fault = () => 'hang'
    const late = client.once(get('a')).catch((error: unknown) => error)
    await until(() => server.calls.length === 1)
    clock.pass(30_000)
    expect(await late).toMatchObject({ code: 'HBASE_TIMEOUT', retryable: true })
    server.fault = () => undefined
    await client.call(put('b', 'of b'))
    expect((await client.call(get('b')))?.cells[0]?.value.toString()).toBe(' of b')
  })

  test('connections that the gateway closed while idle are opened anew, unseen', async () => {
    const client = gateway({ connections: 2 })
    await Promise.all([client.once(put('a')), client.once(put('b'))])
    server.hangUp()
    await until(() => server.connections === 0)
    // The end of a connection takes a turn or two to arrive.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    await client.call(put('c'))
    expect(clock.pauses.length).toBeLessThanOrEqual(1)
  })

  test('a busy server is waited for; the table is looked at once', async () => {
    const client = gateway()
    let refusals = 4
    server.fault = () => (refusals-- > 0 ? { refuse: 'java.io.IOException: region is moving' } : undefined)
    let looked = 0
    await client.call(put('a'), { beforeRetry: async () => void looked++ })
    expect(looked).toBe(1)
    expect(server.calls).toHaveLength(5)
  })

  test('what will never succeed is not tried again', async () => {
    const client = gateway()
    server.tables.clear()
    await expect(client.call(put('a'))).rejects.toMatchObject({
      code: 'HBASE_TABLE_MISSING',
      message: expect.not.stringContaining('Foo.java'),
    })
    expect(server.calls).toHaveLength(1)
    expect(await client.call(tableExists(named))).toBe(false)
  })

  test('closing fails what waits, and everything after', async () => {
    const client = gateway({ connections: 1, inFlight: 1 })
    server.fault = () => 'hang'
    const calls = [client.call(get('a')), client.call(get('b'))].map((call) =>
      expect(call).rejects.toMatchObject({ code: 'HBASE_CLOSED' }),
    )
    await until(() => server.calls.length === 1)
    client.close()
    await Promise.all(calls)
    await expect(client.call(get('c'))).rejects.toThrow(StreamError)
  })

  test('nobody there', async () => {
    const thrift = server[transport]
    await server[Symbol.asyncDispose]()
    const client = gateway({ thrift })
    await expect(client.call(get('a'))).rejects.toMatchObject({ code: 'HBASE_UNREACHABLE', retryable: true })
    server = await fakeGateway()
  })
})

describe('the wrong transport', () => {
  test.each([
    ['tcp', 'http', /HTTP|closed/],
    ['http', 'tcp', /closed|hang up|reset/],
  ] as const)('%s to a gateway of %s says so', async (speaks, is, says) => {
    await using server = await fakeGateway()
    const thrift = server[is].replace(is, speaks)
    const client = new Gateway(gatewaySettings({ thrift, patience: '1ms' }, 'test'))
    const failure = await client.call(tableExists(named)).then(
      () => undefined,
      (error: unknown) => error as StreamError,
    )
    client.close()
    expect(failure?.code).toMatch(/HBASE_(BAD_REPLY|LOST|BAD_STATUS)/)
    expect(failure?.message).toMatch(says)
    expect(failure?.message).toMatch(/tcp:\/\/ for a framed one/)
  })
})

describe('credentials', () => {
  test('go into headers, asked for at each call, and into no message', async () => {
    await using server = await fakeGateway()
    let asked = 0
    const auth = { username: 'ann', password: () => `secret${++asked}` }
    const client = new Gateway(gatewaySettings({ thrift: server.http, auth, headers: { 'x-tenant': 'a' } }, 'test'))
    await client.call(tableExists(named))
    await client.call(tableExists(named))
    client.close()
    expect(server.headers['x-tenant']).toBe('a')
    expect(Buffer.from(server.headers['authorization']?.slice('Basic '.length) ?? '', 'base64').toString()).toBe(
      'ann:secret2',
    )
    const inUrl = gatewaySettings({ thrift: 'http://ann:secret@127.0.0.1:1', patience: '1ms' }, 'test')
    expect(inUrl.address.shown).toBe('http://127.0.0.1:1')
    await expect(new Gateway(inUrl).call(tableExists(named))).rejects.toMatchObject({
      message: expect.not.stringContaining('secret'),
    })
  })

  test.each([
    [{ thrift: 'secret@@' }, /no URL/],
    [{ thrift: 'ftp://secret@host' }, /'ftp:'/],
    [{ thrift: 'tcp://a:secret@host:1' }, /nobody logs in/],
    [{ thrift: 'tcp://host:1', auth: { username: 'a', password: 'secret' } }, /knows neither users nor TLS/],
    [{ thrift: undefined as never }, /undefined/],
  ])('%j is refused when described, and not repeated', (options, says) => {
    const make = (): unknown => gatewaySettings(options, 'hbaseStore')
    expect(make).toThrow(says)
    expect(make).toThrow(
      expect.objectContaining({ code: 'BAD_THRIFT', message: expect.not.stringContaining('secret') }),
    )
  })
})

describe('what stands before a gateway', () => {
  test.each([
    [401, 'HBASE_DENIED', false, /status 401, expected 200\. Give the store 'auth' or 'headers'/],
    [403, 'HBASE_DENIED', false, /status 403, expected 200\. Give the store 'auth' or 'headers'/],
    [404, 'HBASE_BAD_STATUS', false, /status 404 \('no such page'\), expected 200\. Check that the address/],
    [503, 'HBASE_BAD_STATUS', true, /status 503/],
  ])('says %d', async (status, code, retryable, says) => {
    let calls = 0
    const front = createServer((request, response) => {
      calls++
      // Some repeat to whom they say no.
      request.resume().on('end', () => response.writeHead(status).end(status === 404 ? 'no such\npage' : 'ann:secret'))
    })
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
    const thrift = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
    const auth = { username: 'ann', password: 'secret' }
    const client = new Gateway(gatewaySettings({ thrift, auth, patience: '1s', clock: instantClock() }, 'test'))
    const failure = await client.call(tableExists(named)).then(
      () => undefined,
      (error: unknown) => error as StreamError,
    )
    client.close()
    await new Promise((resolve) => front.close(resolve))
    expect(failure).toMatchObject({ code, retryable, message: expect.stringMatching(says) })
    if (code === 'HBASE_DENIED') expect(failure?.message).not.toContain('ann:secret')
    expect(calls > 1).toBe(retryable)
  })
})
