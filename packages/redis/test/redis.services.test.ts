// The store on real servers: one, with a password and TLS, and a cluster.
import { createClient, createCluster } from '@redis/client'
import type { Cell, HotSession } from '@tidemark/core'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisSlice, redisStore } from '../src/index.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const cell = (key: string, end: number, revision: number, more: Partial<Cell> = {}): Cell => ({
  key: bytes(key),
  start: end - 10,
  end,
  correction: '',
  epoch: 0,
  revision,
  value: bytes(`${key}${end}.${revision}`),
  ...more,
})
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

async function cluster(): Promise<Stage> {
  const server = await startRedis({ nodes: 3 })
  const client = createCluster({ rootNodes: server.nodes.map(({ port }) => ({ socket: { host: '127.0.0.1', port } })) })
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
    ['a cluster', cluster],
  ] as const)('%s', (_, start) => {
    let stage: Stage
    beforeAll(async () => {
      stage = await start()
    })
    afterAll(async () => {
      stage.client.destroy()
      await stage.server.stop()
    })

    test('the newest version stays, withdrawals too; corrections stand beside it', async () => {
      const session = await open(stage.client)
      const key = bytes('k')
      const shard = session.shardOf(key)
      const cells = [cell('k', 20, 2), cell('k', 10, 3, { value: null }), cell('k', 20, 0)]
      expect(await session.write(shard, cells, { watermark: 0 })).toMatchObject({ older: 1, evicted: 0, moved: true })
      const more = [cell('k', 10, 2), cell('k', 20, 0, { correction: 'x@1' }), cell('k', 5_000, 1), cell('k', -30, 1)]
      expect(await session.write(shard, more, { watermark: 0 })).toMatchObject({ older: 1 })
      expect(shown((await session.read([key], 0, 20)).cells[0])).toEqual(['10 –', '20 k20.2', '20x@1 k20.0'])
      const all = ['-30 k-30.1', '10 –', '20 k20.2', '20x@1 k20.0', '5000 k5000.1']
      expect(shown((await session.read([key], -1_000, 10_000)).cells[0])).toEqual(all)
      const everything = await session.read([key], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
      expect(shown(everything.cells[0])).toEqual(all)
    })

    test('keys of any bytes are kept apart, and answers come in the order of the question', async () => {
      const name = `a${names++}`
      const session = await open(stage.client, name)
      const other = await open(stage.client, `${name}:b`)
      const keys = [
        bytes(''),
        bytes('b:c'),
        bytes('}{'),
        Uint8Array.of(0, 255, 125, 10),
        new Uint8Array(60_000).fill(7),
      ]
      for (const [i, key] of keys.entries())
        await session.write(session.shardOf(key), [cell('', 10, i, { key })], { watermark: 0 })
      await other.write(other.shardOf(bytes('c')), [cell('c', 10, 99)], { watermark: 0 })
      const { cells } = await session.read([...keys].reverse(), 0, 10)
      expect(cells.map((of) => of.map(({ revision }) => revision))).toEqual([[4], [3], [2], [1], [0]])
      expect(cells[0]?.[0]?.key).toEqual(keys[4])
      const found: number[] = []
      for await (const part of session.slice(0, 10)) found.push(...part.map(({ revision }) => revision))
      expect(found.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
    })

    test('a position moves behind its cells, from what it was; shards say what they hold', async () => {
      const session = await open(stage.client)
      const key = bytes('k')
      const shard = session.shardOf(key)
      const move = (from: bigint | undefined, offset: bigint) =>
        session.write(shard, [cell('k', 10, 1)], {
          watermark: 5,
          move: { partition: 't/0', from, to: { offset, watermark: Number.POSITIVE_INFINITY } },
        })
      const at = (offset: bigint) => ({ offset, watermark: Number.POSITIVE_INFINITY })
      expect(await move(undefined, 3n)).toMatchObject({ moved: true, applied: at(3n) })
      expect(await move(undefined, 4n)).toMatchObject({ moved: false, applied: at(3n) })
      expect(await move(3n, 4n)).toMatchObject({ moved: true, applied: at(4n) })
      await session.raiseBoundary(10)
      await session.raiseBoundary(5)
      await session.beat(60_000)
      const { shards } = await session.read([key], 0, 10)
      expect(shards).toEqual(
        new Map([
          [
            shard,
            { applied: new Map([['t/0', at(4n)]]), boundary: 10, evictedTo: Number.NEGATIVE_INFINITY, alive: true },
          ],
        ]),
      )
      expect([...(await session.state()).keys()]).toEqual(session.shards)
    })

    test('evicted windows are gone, for every key, and stay so', async () => {
      const session = await open(stage.client)
      const keys = Array.from({ length: 40 }, (_, i) => bytes(`key ${i}`))
      for (const key of keys) {
        const cells = [10, 20, 5_000].map((end) => cell('', end, 1, { key }))
        await session.write(session.shardOf(key), cells, { watermark: 0 })
      }
      expect(await session.evict(10)).toBe(40)
      const again = await session.write(session.shardOf(keys[0] as Uint8Array), [cell('key 0', 10, 9)], {
        watermark: 0,
      })
      expect(again).toMatchObject({ evicted: 1 })
      const { cells } = await session.read(keys, 0, 6_000)
      expect(cells.every((of) => of.length === 2 && of.every(({ end }) => end > 10))).toBe(true)
      await session.extend(10_000_000)
    })
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
