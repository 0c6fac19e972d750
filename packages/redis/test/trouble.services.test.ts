// kill -9 in mid-write, and a bad network: what was acknowledged never becomes older, and what was lost shows by position.
import { setTimeout } from 'node:timers/promises'
import { type createClient, createCluster } from '@redis/client'
import type { Applied, Cell, HotSession } from '@tidemark/core'
import { canTest, startProxy, startRedis } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { type RedisStoreOptions, redisStore } from '../src/index.ts'
import { type Client, bytes, cell, chance, clientOf } from './stage.ts'

const rounds = Number(process.env['TIDEMARK_KILLS'] ?? 3)
const timeout = 60_000 + rounds * 20_000
const KEYS = 100
const WINDOWS = 5

const open = (client: Client, options: Partial<RedisStoreOptions> = {}): Promise<HotSession> =>
  redisStore({ client, serveFor: '1h', ...options }).open({ name: 'results', windowMs: 10 })

const place = ({ key, end }: Cell): string => `${Buffer.from(key).toString()} ${end}`

async function everything(session: HotSession): Promise<ReadonlyMap<string, number>> {
  const keys = Array.from({ length: KEYS }, (_, i) => bytes(String(i)))
  const { cells } = await session.read(keys, -1, 10 * WINDOWS)
  return new Map(cells.flat().map((each) => [place(each), each.revision]))
}

describe.skipIf(!(await canTest('redis')))('in trouble', () => {
  test(
    `killed ${rounds} times with a file of all changes, nothing acknowledged is lost or replaced by older`,
    { timeout },
    async () => {
      await using server = await startRedis({ appendOnly: true })
      const client = await clientOf(server.nodes[0]?.port as number)
      const session = await open(client)
      const dice = chance(rounds)
      const acknowledged = new Map<string, number>()
      const sent = new Map<string, number>()
      let going = true
      let batches = 0
      const newest = (of: Map<string, number>, cells: readonly Cell[]): void => {
        for (const each of cells) of.set(place(each), Math.max(each.revision, of.get(place(each)) ?? 0))
      }
      const writer = async (): Promise<void> => {
        for (let n = 0; going; n++) {
          const cells = Array.from({ length: 300 }, () =>
            cell(String(dice(KEYS)), 10 * dice(WINDOWS), 2 * (n - dice(3)) + 6),
          )
          newest(sent, cells)
          await session.write('0', cells, { watermark: 0 })
          batches++
          newest(acknowledged, cells)
        }
      }
      const writing = Promise.all([writer(), writer()])
      for (let round = 0; round < rounds; round++) {
        const until = batches + 10
        while (batches < until) await Promise.race([writing, setTimeout(2)])
        await setTimeout(dice(20))
        await server.kill(1)
        await server.restart(1)
      }
      going = false
      await writing
      const found = await everything(session)
      const older = [...acknowledged].filter(([at, revision]) => (found.get(at) ?? -1) < revision)
      const unknown = [...found].filter(([at, revision]) => revision > (sent.get(at) ?? -1))
      expect({ older, unknown }).toEqual({ older: [], unknown: [] })
      client.destroy()
    },
  )

  test(
    `killed ${rounds} times without, the position goes with the results, and going on from it mends all`,
    { timeout },
    async () => {
      await using server = await startRedis()
      const client = await clientOf(server.nodes[0]?.port as number)
      const session = await open(client)
      const dice = chance(7)
      // A log of results: each entry is one cell, newer ones come later. It is killed every twenty batches or so.
      const steps = 20 * rounds
      const log = Array.from({ length: 100 * steps }, (_, i) => cell(String(dice(KEYS)), 10 * dice(WINDOWS), 2 * i))
      let applied: Applied | undefined
      let rewinds = 0
      let killing: Promise<void> = Promise.resolve()
      const killAt = new Set(Array.from({ length: rounds }, (_, i) => Math.floor(((i + 1) * steps) / (rounds + 1))))
      for (let step = 0; applied === undefined || applied.offset < BigInt(log.length); step++) {
        if (killAt.has(step)) killing = killing.then(() => server.kill(1)).then(() => server.restart(1))
        const at = Number(applied?.offset ?? 0n)
        const cells = log.slice(at, at + 100)
        const to = { offset: BigInt(at + cells.length), watermark: at }
        const written = await session.write('0', cells, {
          watermark: at,
          move: { partition: 'log', from: applied?.offset, to },
        })
        if (!written.moved) rewinds++
        applied = written.applied
      }
      await killing
      const wanted = new Map<string, number>()
      for (const each of log) wanted.set(place(each), each.revision)
      expect(await everything(session)).toEqual(wanted)
      expect(rewinds).toBe(rounds)
      client.destroy()
    },
  )

  test('a master of a cluster is killed and its replica takes over: who goes on from the positions ends whole', async () => {
    await using server = await startRedis({ nodes: 6, replicas: 1 })
    const cluster = createCluster({
      rootNodes: server.nodes.map(({ port }) => ({ socket: { host: '127.0.0.1', port } })),
    })
    cluster.on('error', () => {})
    await cluster.connect()
    const session = await open(cluster as unknown as Client, { patience: '1m' })
    const dice = chance(11)
    const log = Array.from({ length: 3_000 }, (_, i) => cell(String(dice(KEYS)), 10 * dice(WINDOWS), 2 * i))
    const follow = async (shard: string): Promise<void> => {
      let applied: Applied | undefined
      while (applied === undefined || applied.offset < BigInt(log.length)) {
        const at = Number(applied?.offset ?? 0n)
        const batch = log.slice(at, at + 100)
        const own = batch.filter(({ key }) => session.shardOf(key) === shard)
        const to = { offset: BigInt(at + batch.length), watermark: at }
        const move = { partition: 'log', from: applied?.offset, to }
        applied = (await session.write(shard, own, { watermark: at, move })).applied
        if (at === 1_000) await killed(shard)
      }
    }
    let kill: Promise<void> | undefined
    const killed = (shard: string): Promise<void> => {
      const [first = ''] = session.shards
      if (shard !== first) return Promise.resolve()
      const [node] = server.nodes
      return (kill ??= server.kill(node?.id ?? 1))
    }
    await Promise.all(session.shards.map(follow))
    expect(kill).toBeDefined()
    const wanted = new Map<string, number>()
    for (const each of log) wanted.set(place(each), each.revision)
    expect(await everything(session)).toEqual(wanted)
    const state = await session.state()
    expect([...state.values()].map(({ applied }) => applied.get('log')?.offset)).toEqual([3_000n, 3_000n, 3_000n])
    cluster.destroy()
  })

  test('a network that is slow, in pieces and cut costs attempts, not results', async () => {
    await using server = await startRedis()
    await using proxy = await startProxy(server.addresses[0] as string, { latencyMs: 3, sliceBytes: 700 })
    const client = await clientOf(proxy.port)
    const session = await open(client)
    const cells = Array.from({ length: 3_000 }, (_, i) => cell(String(i % KEYS), 10 * (i % WINDOWS), 2 * i))
    let writing = true
    const cutting = (async () => {
      for (let i = 0; i < 3 && writing; i++) {
        await setTimeout(20)
        proxy.cut()
      }
    })()
    for (let at = 0; at < cells.length; at += 500) await session.write('0', cells.slice(at, at + 500), { watermark: 0 })
    writing = false
    await cutting
    const wanted = new Map<string, number>()
    for (const each of cells) wanted.set(place(each), each.revision)
    expect(await everything(session)).toEqual(wanted)
    client.destroy()
  })

  test('a network that swallows everything is an error in bounded time, and passes', async () => {
    await using server = await startRedis()
    await using proxy = await startProxy(server.addresses[0] as string)
    const client = await clientOf(proxy.port)
    const session = await open(client, { timeout: '200ms', patience: '500ms' })
    await session.write('0', [cell('1', 10, 0)], { watermark: 0 })
    proxy.halfOpen()
    const away = { code: 'REDIS_AWAY', retryable: true, message: expect.stringContaining('no answer within 200 ms') }
    const began = performance.now()
    await expect(session.write('0', [cell('1', 10, 2)], { watermark: 0 })).rejects.toMatchObject(away)
    await expect(session.read([bytes('1')], 0, 10)).rejects.toMatchObject(away)
    // Twice half a second of patience, and what a busy machine adds.
    expect(performance.now() - began).toBeLessThan(10_000)
    proxy.restore()
    await session.write('0', [cell('1', 10, 4)], { watermark: 0 })
    expect((await session.read([bytes('1')], 0, 10)).cells[0]?.map(({ revision }) => revision)).toEqual([4])
    client.destroy()
  })

  test('a server that may evict, where that is allowed, forgets some and changes none', async () => {
    await using server = await startRedis({ settings: { maxmemory: '3mb', 'maxmemory-policy': 'allkeys-lru' } })
    const client = await clientOf(server.nodes[0]?.port as number)
    await expect(open(client)).rejects.toMatchObject({ code: 'REDIS_EVICTS' })
    const session = await open(client, { allowEviction: true })
    const value = new Uint8Array(20_000)
    const cells = Array.from({ length: 500 }, (_, i) => cell(`big ${i}`, 20, 2, { value }))
    const present = async (): Promise<readonly Cell[]> => {
      const keys = cells.map(({ key }) => key)
      return (await session.read(keys, 0, 20)).cells.flat()
    }
    for (const each of cells) await session.write('0', [each], { watermark: 0 })
    // From here on it evicts nothing more.
    await (client as unknown as ReturnType<typeof createClient>).sendCommand(['CONFIG', 'SET', 'maxmemory', '0'])
    const kept = await present()
    expect(kept.length).toBeGreaterThan(0)
    expect(kept.length).toBeLessThan(cells.length)
    expect(kept.every(({ revision, value: of }) => revision === 2 && of?.length === 20_000)).toBe(true)
    const older = kept.map((each) => ({ ...each, revision: 0, value: bytes('older') }))
    await session.write('0', older, { watermark: 0 })
    expect(await present()).toEqual(kept)
    client.destroy()
  })

  test('a full server refuses, clearly and at once, and loses nothing it had', async () => {
    await using server = await startRedis({ settings: { maxmemory: '3mb' } })
    const client = await clientOf(server.nodes[0]?.port as number)
    const session = await open(client)
    const value = new Uint8Array(20_000)
    await session.write('0', [cell('1', 10, 0)], { watermark: 0 })
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 500; i++) await session.write('0', [cell(`big ${i}`, 20, 0, { value })], { watermark: 0 })
    }
    await expect(fill()).rejects.toMatchObject({ code: 'REDIS_FULL', retryable: true })
    expect((await session.read([bytes('1')], 0, 10)).cells[0]).toHaveLength(1)
    client.destroy()
  })
})
