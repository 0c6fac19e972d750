// The store on real servers: one and a cluster, each also with a password and TLS.
import { createClient, createCluster } from '@redis/client'
import { setTimeout } from 'node:timers/promises'
import { type Cell, type Duration, type HotSession, type HotStore, ms } from '@tidemark/core'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import { hotStoreChecks } from '@tidemark/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisSlice, redisStore } from '../src/index.ts'
import { directContract } from './direct-contract.ts'
import { bytes, cell } from './stage.ts'

const seeds = Number(process.env['TIDEMARK_SEEDS'] ?? 50)

const shown = (cells: readonly Cell[] | undefined): readonly string[] =>
  (cells ?? []).map(
    ({ end, correction, value }) => `${end}${correction} ${value === null ? '–' : Buffer.from(value).toString()}`,
  )

interface Stage {
  readonly server: Redis
  readonly client: RedisSlice & { destroy(): void }
}

async function single(options: { readonly tls?: boolean; readonly password?: string } = {}): Promise<Stage> {
  const server = await startRedis(options)
  const [node] = server.nodes
  const tls = server.tls === undefined ? {} : { tls: true as const, ca: server.tls.ca }
  const port = server.tls === undefined ? node?.port : node?.tlsPort
  const client = createClient({
    socket: { host: '127.0.0.1', port: port as number, ...tls },
    ...(options.password === undefined ? {} : { password: options.password }),
    disableOfflineQueue: true,
  })
  client.on('error', () => {})
  await client.connect()
  return { server, client }
}

async function cluster(options: { readonly tls?: boolean; readonly password?: string } = {}): Promise<Stage> {
  const server = await startRedis({ nodes: 3, ...options })
  const tls = server.tls === undefined ? {} : { tls: true as const, ca: server.tls.ca }
  const client = createCluster({
    rootNodes: server.nodes.map(({ port, tlsPort }) => ({
      socket: { host: '127.0.0.1', port: server.tls === undefined ? port : (tlsPort as number), ...tls },
    })),
    // For the nodes as the cluster names them.
    defaults: {
      socket: tls,
      ...(options.password === undefined ? {} : { password: options.password }),
    },
  })
  client.on('error', () => {})
  await client.connect()
  return { server, client }
}

let names = 0
const open = (client: RedisSlice, name = `a${names++}`): Promise<HotSession> =>
  redisStore({ client, serveFor: '1h', patience: '5s' }).open({ name, windowMs: 10 })

describe.skipIf(!(await canTest('redis')))('redisStore', () => {
  describe.each([
    ['one server', () => single()],
    ['TLS and a password', () => single({ tls: true, password: 'secret-word' })],
    ['a cluster', () => cluster()],
    ['a cluster, TLS and a password', () => cluster({ tls: true, password: 'secret-word' })],
  ] as const)('%s', (_, start) => {
    let stage: Stage
    beforeAll(async () => {
      stage = await start()
    })
    afterAll(async () => {
      stage.client.destroy()
      await stage.server.stop()
    })

    const store = (serveFor: Duration): HotStore =>
      redisStore({ client: stage.client, serveFor, slack: serveFor, patience: '5s' })
    const options = { prefix: `contract-${process.pid}`, runs: seeds }
    const lasting = hotStoreChecks(() => store('1h'), options)
    // Expiry goes by the server's clock, which has to be waited for; everything else must not race it.
    const expiring = hotStoreChecks(() => store(ms(1_000)), { ...options, pass: (time) => setTimeout(time) })
    const contract = [...lasting, ...expiring.slice(lasting.length)]
    test.each(contract.map(({ name, run }) => [name, run] as const))('%s', (_name, run) => run())

    directContract(
      () => ({ client: stage.client, patience: '5s' }),
      (name) => `${name} ${names++}`,
    )
  })

  test('a server that may forget is refused, a client that is not connected too', async () => {
    const { server, client } = await single()
    await (client as unknown as ReturnType<typeof createClient>).sendCommand([
      'CONFIG',
      'SET',
      'maxmemory-policy',
      'allkeys-lru',
    ])
    await expect(open(client)).rejects.toMatchObject({ code: 'REDIS_EVICTS' })
    client.destroy()
    await expect(open(client)).rejects.toMatchObject({ code: 'REDIS_NOT_CONNECTED' })
    await server.stop()
  })

  test('a value under our keys that is not ours is a clear error', async () => {
    const { server, client } = await single()
    const raw = client as unknown as ReturnType<typeof createClient>
    const session = await open(client, 'mine')
    const layout = await import('../src/store/layout.ts')
    const redisKey = new layout.Layout('mine', 10).bucketKey(bytes('k'), 1_280)
    await raw.sendCommand(['SET', redisKey, 'x'])
    const code = { code: 'REDIS_NOT_OURS' }
    await expect(session.write('0', [cell('k', 10, 1)], { watermark: 0 })).rejects.toMatchObject(code)
    await expect(session.read([bytes('k')], 0, 10)).rejects.toMatchObject(code)
    await raw.sendCommand(['DEL', redisKey])
    const field = layout.encodeField(cell('k', 10, 1), 1_280)
    await raw.sendCommand(['HSET', redisKey, field, 'short'])
    await expect(session.write('0', [cell('k', 10, 1)], { watermark: 0 })).rejects.toMatchObject(code)
    await expect(session.read([bytes('k')], 0, 10)).rejects.toMatchObject(code)
    client.destroy()
    await server.stop()
  })

  test('a window takes few bytes', async () => {
    const { server, client } = await single()
    const session = await open(client, 'stats')
    const value = new Uint8Array(48).fill(1)
    for (let key = 0; key < 50; key++) {
      const cells = Array.from({ length: 128 }, (_, i) =>
        cell('', 10 * (i + 1), 2, { key: bytes(`/page/${key}`), value }),
      )
      await session.write('0', cells, { watermark: 0 })
    }
    const raw = client as unknown as ReturnType<typeof createClient>
    const keys = (await raw.sendCommand(['KEYS', 'tm{*'])) as unknown as string[]
    expect(keys).toHaveLength(50)
    const layout = await import('../src/store/layout.ts')
    const redisKey = new layout.Layout('stats', 10).bucketKey(bytes('/page/0'), 1_280)
    const used = Number(await raw.sendCommand(['MEMORY', 'USAGE', redisKey]))
    expect(await raw.sendCommand(['OBJECT', 'ENCODING', redisKey])).toBe('listpack')
    expect(used / 128).toBeLessThanOrEqual(90)
    client.destroy()
    await server.stop()
  })

  test('what a restart has lost is lost together with the position', async () => {
    const { server, client } = await single()
    const session = await open(client, 'lost')
    const move = { partition: 'p', from: undefined, to: { offset: 9n, watermark: 1 } }
    await session.write('0', [cell('k', 10, 1)], { watermark: 1, move })
    await server.kill(1)
    const writing = session.write('0', [cell('k', 20, 1)], {
      watermark: 1,
      move: { ...move, from: 9n, to: { offset: 12n, watermark: 2 } },
    })
    await server.restart(1)
    // The script is unknown to the server that came back, and the position is not what the writer thinks.
    expect(await writing).toMatchObject({ moved: false, applied: undefined })
    expect((await session.state()).get('0')?.applied.size).toBe(0)
    expect(shown((await session.read([bytes('k')], 0, 100)).cells[0])).toEqual(['20 k20.1'])
    client.destroy()
    await server.stop()
  })
})
