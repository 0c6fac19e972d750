// What a real Redis refuses, and what it is given that cannot be: clear errors at once, nothing lost.
import { readFileSync } from 'node:fs'
import { createClient } from '@redis/client'
import type { HotSession } from '@tidemark/core'
import { type Redis, canTest, startRedis } from '@tidemark/services'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { redisSink, redisStore } from '../src/index.ts'
import { type Client, bytes, cell, clientOf } from './stage.ts'

const PASSWORD = 'secret-word'

describe.skipIf(!(await canTest('redis')))('refused', () => {
  let server: Redis
  let port = 0
  const closing: (() => void)[] = []
  beforeAll(async () => {
    server = await startRedis({ password: PASSWORD })
    port = server.nodes[0]?.port ?? 0
  })
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })
  afterAll(() => server?.stop())

  async function connected(user: {
    readonly username?: string
    readonly password?: string
    readonly RESP?: 2
  }): Promise<Client> {
    const client = createClient({ socket: { host: '127.0.0.1', port }, ...user, disableOfflineQueue: true })
    client.on('error', () => {})
    closing.push(() => client.destroy())
    await client.connect()
    return client
  }
  const send = (client: Client, ...args: readonly string[]): Promise<unknown> =>
    (client as unknown as ReturnType<typeof createClient>).sendCommand([...args])
  const open = (client: Client, name = 'a'): Promise<HotSession> =>
    redisStore({ client, serveFor: '1h', patience: '5s' }).open({ name, windowMs: 10 })
  const owner = (): Promise<Client> => connected({ password: PASSWORD })

  test('no password, as the server says it', async () => {
    // In the older protocol a client knows nothing of it before its first command.
    const client = await connected({ RESP: 2 })
    const denied = {
      code: 'REDIS_DENIED',
      retryable: false,
      message: expect.stringMatching(/NOAUTH.*user name, the password and the ACL/),
    }
    await expect(open(client)).rejects.toMatchObject(denied)
    const sink = redisSink({ client, keepFor: '1h' })
    await expect(sink.open({ id: '0', signal: new AbortController().signal })).rejects.toMatchObject(denied)
  })

  test('a wrong password: the client never connects, and the store does not wait for it', async () => {
    const client = createClient({
      socket: { host: '127.0.0.1', port, reconnectStrategy: false },
      password: 'another-word',
    })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toThrow('WRONGPASS')
    await expect(open(client)).rejects.toMatchObject({
      code: 'REDIS_NOT_CONNECTED',
      message: expect.stringContaining('error events'),
    })
  })

  test('a user who may not do what is needed, by what Redis says he may not', async () => {
    await send(
      await owner(),
      'ACL',
      'SETUSER',
      'reader',
      'on',
      '>words',
      '~tm*',
      '+@read',
      '+@connection',
      '+info',
      '+eval',
      '+evalsha',
    )
    const client = await connected({ username: 'reader', password: 'words' })
    const session = await open(client)
    expect((await session.read([bytes('k')], 0, 10)).cells).toEqual([[]])
    await expect(session.write('0', [cell('k', 10, 0)], { watermark: 0 })).rejects.toMatchObject({
      code: 'REDIS_DENIED',
      retryable: false,
      message: expect.stringMatching(/NOPERM.*ACL/),
    })
  })

  test('a user with the commands of the docs may do everything, under our keys', async () => {
    const page = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8')
    const rules = /ACL SETUSER stats on >\S+ (.+)/.exec(page)?.[1]?.split(' ') ?? []
    const admin = await owner()
    await send(admin, 'ACL', 'SETUSER', 'stats', 'on', '>words', ...rules)
    const client = await connected({ username: 'stats', password: 'words' })
    const session = await open(client, 'allowed')
    const to = { offset: 1n, watermark: 10 }
    const move = { partition: 'p', from: undefined, to }
    await session.write('0', [cell('k', 10, 0), cell('k', 20, 0)], { watermark: 0, move })
    await session.beat(60_000)
    await session.raiseBoundary(5)
    await session.extend(10_000_000)
    expect(await session.evict(10)).toBe(1)
    expect((await session.read([bytes('k')], 0, 100)).cells[0]).toHaveLength(1)
    const sink = redisSink({ client, keepFor: '1h', name: 'sink' })
    await (await sink.open({ id: '0', signal: new AbortController().signal })).close()
    const denied = (await send(admin, 'ACL', 'LOG')) as readonly unknown[]
    expect(JSON.stringify(denied)).not.toContain('stats')
  })

  test('a script that is flushed, and a server that is a replica for a while', async () => {
    const [session, other] = [await open(await owner(), 'replica'), await owner()]
    await session.write('0', [cell('k', 10, 0)], { watermark: 0 })
    await send(other, 'SCRIPT', 'FLUSH')
    await session.write('0', [cell('k', 10, 2)], { watermark: 0 })
    // Of nobody who answers: it keeps what it has, and refuses to write.
    await send(other, 'REPLICAOF', '127.0.0.1', '1')
    const writing = session.write('0', [cell('k', 10, 4)], { watermark: 0 })
    const refused = redisStore({ client: other, serveFor: '1h', patience: '1ms' }).open({
      name: 'replica',
      windowMs: 10,
    })
    await expect((await refused).write('0', [cell('k', 10, 3)], { watermark: 0 })).rejects.toMatchObject({
      code: 'REDIS_AWAY',
      retryable: true,
      message: expect.stringContaining('READONLY'),
    })
    await send(other, 'REPLICAOF', 'NO', 'ONE')
    await writing
    expect((await session.read([bytes('k')], 0, 10)).cells[0]?.map(({ revision }) => revision)).toEqual([4])
  })

  test('keys of 0 and of 60,000 bytes, windows before 1970 and of no length', async () => {
    const session = await open(await owner(), 'odd')
    const long = bytes('a'.repeat(60_000))
    const longer = bytes('a'.repeat(60_001))
    const cells = [
      cell('', 10, 0),
      cell('', -990, 0),
      cell('', 20, 0, { start: 20 }),
      cell('', 10, 0, { key: long }),
      cell('', 10, 2, { key: longer }),
    ]
    await session.write('0', cells, { watermark: 0 })
    const { cells: found } = await session.read([bytes(''), long, longer], -2_000, 100)
    expect(found.map((of) => of.map(({ start, end, revision }) => [start, end, revision]))).toEqual([
      [
        [-1_000, -990, 0],
        [0, 10, 0],
        [20, 20, 0],
      ],
      [[0, 10, 0]],
      [[0, 10, 2]],
    ])
  })

  test.each([
    ['a window without an end', { end: Number.POSITIVE_INFINITY }, 'BAD_WINDOW'],
    ['a window without a start', { start: Number.NEGATIVE_INFINITY }, 'BAD_WINDOW'],
    ['a window that ends before it begins', { start: 11, end: 10 }, 'BAD_WINDOW'],
    ['half a millisecond', { end: 10.5 }, 'BAD_WINDOW'],
    ['an epoch that is too large', { epoch: 2 ** 24 }, 'BAD_VERSION'],
    ['a revision that is none', { revision: -1 }, 'BAD_VERSION'],
  ])('%s: nothing of the call is written', async (title, wrong, code) => {
    const session = await open(await owner(), title)
    const cells = [cell('k', 10, 0), cell('l', 10, 0, wrong)]
    await expect(session.write('0', cells, { watermark: 0 })).rejects.toMatchObject({ code, retryable: false })
    expect((await session.read([bytes('k'), bytes('l')], 0, 100)).cells).toEqual([[], []])
  })

  test.each([0, -10, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'windows of %d ms are no windows',
    async (windowMs) => {
      const store = redisStore({ client: await owner(), serveFor: '1h' })
      await expect(store.open({ name: 'size', windowMs })).rejects.toMatchObject({ code: 'BAD_WINDOW' })
    },
  )

  test('a window with more corrections than a script takes at once', async () => {
    const session = await open(await owner(), 'corrections')
    const cells = Array.from({ length: 10_000 }, (_, i) => cell('k', 10, 0, { correction: `id ${i}` }))
    await session.write('0', [...cells, ...cells.slice(0, 3_000)], { watermark: 0 })
    expect((await session.read([bytes('k')], 0, 10)).cells[0]).toHaveLength(10_000)
  })

  test('a range without an end is answered by what is there', async () => {
    const session = await open(await owner(), 'range')
    await session.write('0', [cell('k', 10, 0), cell('k', 50_000, 0)], { watermark: 0 })
    const read = async (from: number, to: number): Promise<number | undefined> =>
      (await session.read([bytes('k')], from, to)).cells[0]?.length
    expect(await read(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(2)
    expect(await read(10, Number.POSITIVE_INFINITY)).toBe(1)
    expect(await read(20, 10)).toBe(0)
    expect(await read(Number.NaN, 10)).toBe(0)
  })

  test('a server that is not there: the client says so, and the store in time', async () => {
    await using away = await startRedis()
    const client = await clientOf(away.nodes[0]?.port as number)
    closing.push(() => client.destroy())
    const session = await redisStore({ client, serveFor: '1h', patience: '300ms' }).open({ name: 'a', windowMs: 10 })
    await away.kill(1)
    await expect(session.write('0', [cell('k', 10, 0)], { watermark: 0 })).rejects.toMatchObject({
      code: 'REDIS_AWAY',
      retryable: true,
    })
  })
})
