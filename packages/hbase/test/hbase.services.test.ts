// The store, the sink and the source on a real HBase, through both kinds of gateway, with a network that is bad.
import { type Cell, type ColdSession, type ColdStore, memoryColdStore } from '@tidemark/core'
import { type HBase, type Proxy, canTest, startHBase, startProxy, startTlsFront } from '@tidemark/services'
import { coldStoreChecks } from '@tidemark/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Gateway } from '../src/client/gateway.ts'
import { gatewaySettings } from '../src/client/options.ts'
import { type HBaseStoreOptions, hbaseStore } from '../src/index.ts'
import { createTable, disableTable, putMultiple, scanRows } from '../src/thrift/methods.ts'
import { PutBatch } from '../src/thrift/put-batch.ts'
import { directContract } from './direct-contract.ts'
import { all, bytes, cell, chance, shown, sorted } from './stage.ts'

const seeds = Number(process.env['TIDEMARK_SEEDS'] ?? 50)
let tables = 0
const table = (name: string): string => `${name}-${process.pid}-${tables++}`

describe.skipIf(!(await canTest('hbase')))('HBase', () => {
  let hbase: HBase
  beforeAll(async () => {
    hbase = await startHBase({ transport: 'both' })
  })
  afterAll(() => hbase?.stop())
  const open: ColdSession[] = []
  afterEach(async () => {
    for (const session of open.splice(0)) await session.close()
  })
  const addresses = { framed: () => `tcp://${hbase.framed}`, http: () => hbase.http ?? '' }
  const quiet = { warn: () => {} }
  const storeAt = (thrift: string, options: Partial<HBaseStoreOptions> = {}): ColdStore =>
    hbaseStore({ thrift, table: 'results', salts: 4, ...quiet, ...options })
  async function opened(store: ColdStore, name: string): Promise<ColdSession> {
    const session = await store.open({ name, windowMs: 10 })
    open.push(session)
    return session
  }

  for (const [transport, address] of Object.entries(addresses)) {
    directContract(transport, () => ({ thrift: address(), ...quiet }), table, seeds)

    describe(`the contract over ${transport}`, () => {
      const make = (): ColdStore => storeAt(address())
      test.each(coldStoreChecks(make, { runs: seeds, prefix: transport }))('$name', ({ run }) => run())
    })

    describe(`over ${transport}`, () => {
      test('writers in any order, with replays, end in the newest version', async () => {
        const keys = ['', 'a', 'b', 'a\u0000', 'ab'].map(bytes)
        for (let seed = 1; seed <= seeds; seed++) {
          const dice = chance(seed)
          const name = `${transport} ${seed}`
          const [ours, also] = [await opened(storeAt(address()), name), await opened(storeAt(address()), name)]
          const memory = await memoryColdStore().open({ name, windowMs: 10 })
          const batches = Array.from({ length: 6 }, () =>
            Array.from({ length: dice(30) }, (): Cell => {
              const [end, revision] = [10 * (dice(150) - 75), dice(6)]
              const correction = dice(5) === 0 ? `c${dice(3)}` : ''
              const value = revision % 2 === 1 ? null : bytes(`${end} ${revision} ${correction}`)
              return cell(keys[dice(keys.length)]!, end, revision, { correction, value })
            }),
          )
          const twice = [...batches, ...batches.filter(() => dice(2) === 0)].sort(() => dice(3) - 1)
          await Promise.all(twice.map((cells, i) => (i % 2 === 0 ? ours : also).put(cells, { watermark: 0 })))
          for (const cells of batches) await memory.put(cells, { watermark: 0 })
          const [from, to] = [10 * (dice(160) - 80), 10 * (dice(160) - 80)]
          expect((await ours.read(keys, from, to)).map(shown)).toEqual((await memory.read(keys, from, to)).map(shown))
          expect(sorted(await all(ours.slice(from, to)))).toEqual(sorted(await all(memory.slice(from, to))))
          for (const session of open.splice(0)) await session.close()
        }
      })

      test('a table that is disabled or of somebody else is told at once', async () => {
        const gateway = new Gateway(gatewaySettings({ thrift: address() }, 'test'))
        const [theirs, off] = [table('theirs'), table('off')]
        await gateway.call(createTable({ namespace: undefined, name: theirs }, Buffer.from('cf'), []))
        await expect(opened(storeAt(address(), { table: theirs }), 'a')).rejects.toMatchObject({
          code: 'HBASE_OTHER_SCHEME',
        })
        const session = await opened(storeAt(address(), { table: off }), 'a')
        await session.put([cell('k', 10, 0)], { watermark: 0 })
        await gateway.call(disableTable({ namespace: undefined, name: off }))
        for (const call of [
          () => session.put([cell('k', 20, 0)], { watermark: 0 }),
          () => session.read([bytes('k')], 0, 20),
          () => session.compareAndSet('r', undefined, bytes('1')),
          () => opened(storeAt(address(), { table: off }), 'a'),
        ])
          await expect(call()).rejects.toMatchObject({
            code: 'HBASE_TABLE_DISABLED',
            message: expect.not.stringContaining('\n'),
          })
        gateway.close()
      })

      test('what has been kept for long enough goes, and nothing else', async () => {
        const day = 86_400_000
        const now = Date.now()
        const session = await opened(storeAt(address(), { keepFor: '10d' }), `keeping ${transport}`)
        const old = Math.floor((now - 20 * day) / 10) * 10
        const watermark = old + 11 * day
        await session.put([cell('gone', old, 0), cell('kept', old + 2 * day, 0), cell('new', old + 10 * day, 0)], {
          watermark,
        })
        const found = await session.read(['gone', 'kept', 'new'].map(bytes), 0, now)
        expect(found.map(({ length }) => length)).toEqual([0, 1, 1])
      })
    })
  }

  test('with TLS in front of the gateway', async () => {
    await using front = await startTlsFront(new URL(addresses.http()).port)
    const make = (tls?: HBaseStoreOptions['tls']): ColdStore =>
      storeAt(`https://${front.address}`, { patience: '2s', ...(tls === undefined ? {} : { tls }) })
    const trusting = { ca: front.certificate.cert }
    for (const { run } of coldStoreChecks(() => make(trusting), { runs: seeds, prefix: 'tls' })) await run()
    await expect(opened(make(), 'a')).rejects.toMatchObject({
      code: 'HBASE_UNREACHABLE',
      message: expect.stringMatching(/self-signed/),
    })
  })

  test.each(Object.keys(addresses) as (keyof typeof addresses)[])('bad input over %s', async (transport) => {
    const name = table('bad')
    const session = await opened(storeAt(addresses[transport](), { table: name }), 'a')
    const long = new Uint8Array(60_000).fill(97)
    const good = [cell('', 10, 0), cell(long, 10, 0), cell('k', -70_000, 0), cell('k', -9_000_000_000_000, 0)]
    await session.put(good, { watermark: 0 })
    for (const [bad, code] of [
      [{ end: Number.POSITIVE_INFINITY }, 'HBASE_BAD_WINDOW'],
      [{ start: Number.NEGATIVE_INFINITY }, 'HBASE_BAD_WINDOW'],
      [{ end: Number.NaN }, 'HBASE_BAD_WINDOW'],
      [{ epoch: 1 }, 'HBASE_EPOCH'],
      [{ value: new Uint8Array(2_200_000) }, 'HBASE_TOO_LARGE'],
    ] as const)
      await expect(session.put([cell('lost?', 20, 0), cell('k', 20, 0, bad)], { watermark: 0 })).rejects.toMatchObject({
        code,
        retryable: false,
      })
    const everything = sorted(await all(session.slice(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)))
    expect(everything).toEqual(sorted(good))
    // Somebody else writes where our results lie.
    const gateway = new Gateway(gatewaySettings({ thrift: addresses[transport]() }, 'test'))
    const [id, family, none] = [Buffer.from(name), Buffer.from('d'), new Uint8Array(0)]
    const rows = await gateway.call(scanRows(id, family, { start: none, stop: Buffer.of(0xff), rows: 100 }))
    const batch = new PutBatch(id, family, { puts: 1_000, bytes: 1_000_000 })
    for (const { row, cells } of rows) {
      batch.begin(row)
      for (const { qualifier, timestamp } of cells) batch.cell(qualifier, 0x7b, Buffer.from('"a":1}'), timestamp + 1)
      batch.end()
    }
    await gateway.call(putMultiple(batch.take()))
    gateway.close()
    await expect(session.read([none], 0, 10)).rejects.toMatchObject({ code: 'HBASE_NOT_OURS', retryable: false })
    await expect(all(session.slice(-1e15, 1e15))).rejects.toMatchObject({ code: 'HBASE_NOT_OURS' })
  })

  test('over HTTP a new table is split at the salts', async () => {
    const name = table('split')
    const session = await opened(storeAt(addresses.http(), { table: name, salts: 8 }), 'a')
    const cells = Array.from({ length: 200 }, (_, i) => cell(`k${i}`, 10, 0))
    await session.put(cells, { watermark: 0 })
    expect(sorted(await all(session.slice(0, 10)))).toEqual(sorted(cells))
    const framed = await opened(hbaseStore({ thrift: addresses.framed(), table: name, ...quiet }), 'a')
    expect(await all(framed.slice(0, 10))).toHaveLength(200)
  })

  describe.each(['framed', 'http'] as const)('a bad network, %s', (transport) => {
    let proxy: Proxy
    const behind = (): string => `${transport === 'framed' ? 'tcp' : 'http'}://${proxy.address}`
    let session: ColdSession
    beforeEach(async () => {
      proxy = await startProxy(transport === 'framed' ? (hbase.framed ?? '') : new URL(hbase.http ?? '').port)
      session = await opened(storeAt(behind(), { timeout: '3s', patience: '20s' }), table('network'))
    })
    afterEach(() => proxy.stop())
    const many = Array.from({ length: 3_000 }, (_, i) => cell(`k${i % 100}`, 10 * i, 0, { value: new Uint8Array(200) }))
    const complete = async (): Promise<void> => {
      expect(sorted(await all(session.slice(-1, 30_000)))).toEqual(sorted(many))
    }

    test('slow, and in small pieces', async () => {
      proxy.shape({ latencyMs: 30, sliceBytes: 8_192 })
      await session.put(many, { watermark: 0 })
      proxy.shape({})
      await complete()
    })

    test('cut again and again', async () => {
      proxy.shape({ latencyMs: 5 })
      const written = session.put(many, { watermark: 0 })
      for (let cuts = 0; cuts < 10; cuts++) {
        await Promise.race([written, new Promise((resolve) => setTimeout(resolve, 15))])
        proxy.cut()
      }
      proxy.shape({})
      await written
      await complete()
    })

    test('silent in the middle: the connection is closed in time, and another one does it', async () => {
      await session.put(many.slice(0, 1), { watermark: 0 })
      proxy.halfOpen()
      const written = session.put(many, { watermark: 0 })
      const read = session.read([bytes('k0')], -1, 5)
      await new Promise((resolve) => setTimeout(resolve, 4_000))
      proxy.restore()
      await written
      expect(shown((await read)[0])).toEqual(shown(many.slice(0, 1)))
      await complete()
    })

    test('gone for longer than anybody waits: an error in time, not a short answer', async () => {
      await session.put(many, { watermark: 0 })
      proxy.refuse()
      const impatient = storeAt(behind(), { timeout: '1s', patience: '2s' })
      await expect(opened(impatient, 'x')).rejects.toMatchObject({
        retryable: true,
        code: expect.stringMatching(/HBASE_(UNREACHABLE|LOST)/),
      })
      proxy.restore()
      const other = await opened(impatient, 'x')
      proxy.halfOpen()
      const parts: (readonly Cell[])[] = []
      const slice = async (): Promise<void> => {
        for await (const part of other.slice(-1, 30_000)) parts.push(part)
      }
      await expect(slice()).rejects.toMatchObject({ code: 'HBASE_TIMEOUT', retryable: true })
      await expect(other.put(many.slice(0, 5), { watermark: 0 })).rejects.toMatchObject({ code: 'HBASE_TIMEOUT' })
      proxy.restore()
      await complete()
    })
  })

  test('a connection that the gateway closes after 60 s of rest is opened anew without a word', async () => {
    const session = await opened(storeAt(addresses.framed(), { patience: '1ms' }), 'rest')
    await session.put([cell('k', 10, 0)], { watermark: 0 })
    await new Promise((resolve) => setTimeout(resolve, 62_000))
    expect(shown((await session.read([bytes('k')], 0, 10))[0])).toEqual(['[0,10) v0 10.0'])
  })
})
