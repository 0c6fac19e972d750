import { type Server, type Socket, connect, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Schedule } from './lane.ts'
import { type Proxy, portOf, startProxy } from './proxy.ts'

/** Says back what it hears; counts whom it knows. */
let server: Server
let port: number
const clients: Socket[] = []
const open: Proxy[] = []

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ;({ port } = server.address() as { readonly port: number })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  for (const proxy of open.splice(0)) await proxy.stop()
  await new Promise((resolve) => server.close(resolve))
})

async function proxyOf(...options: Parameters<typeof startProxy> extends [unknown, ...infer Rest] ? Rest : never) {
  const proxy = await startProxy(port, ...options)
  open.push(proxy)
  return proxy
}

async function clientOf(proxy: Proxy): Promise<Socket> {
  const client = connect({ port: proxy.port, host: '127.0.0.1' })
  clients.push(client)
  client.on('error', () => undefined)
  await new Promise<void>((resolve) => client.once('connect', resolve))
  return client
}

/** A client that is reset at once, perhaps before it learns that it was connected. */
function turnedAway(proxy: Proxy): Promise<void> {
  const client = connect({ port: proxy.port, host: '127.0.0.1' })
  clients.push(client)
  client.on('error', () => undefined)
  return closed(client)
}

/** The next so many bytes. */
function hears(client: Socket, count: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (chunk: Buffer): void => {
      text += chunk.toString()
      if (text.length < count) return
      client.off('data', take)
      resolve(text)
    }
    client.on('data', take)
    client.once('close', () => reject(new Error(`closed after '${text}'`)))
  })
}

/** To the server and back, beside the proxy, so often that what was sent through it before could be back by now. */
async function roundTrips(): Promise<void> {
  const client = connect({ port, host: '127.0.0.1' })
  clients.push(client)
  for (let left = 10; left > 0; left--) {
    const echo = hears(client, 1)
    client.write('x')
    await echo
  }
}

const closed = (client: Socket): Promise<void> => new Promise((resolve) => client.once('close', () => resolve()))

/** Time that passes when the test says so. */
function byHand(): {
  readonly schedule: Schedule
  readonly waiting: () => readonly number[]
  readonly pass: () => void
} {
  let entries: { readonly delayMs: number; readonly run: () => void }[] = []
  return {
    schedule: (delayMs, run) => {
      const entry = { delayMs, run }
      entries.push(entry)
      return () => {
        entries = entries.filter((each) => each !== entry)
      }
    },
    waiting: () => entries.map(({ delayMs }) => delayMs),
    pass: () => {
      const due = entries
      entries = []
      for (const { run } of due) run()
    },
  }
}

/** Turns of the event loop until something outside has happened. */
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setImmediate(resolve))
}

describe('an open proxy', () => {
  test('passes bytes both ways, and the end of each way', async () => {
    const client = await clientOf(await proxyOf())
    const echo = hears(client, 5)
    client.end('hello')
    expect(await echo).toBe('hello')
    await closed(client)
  })

  test('passes much without holding much', async () => {
    const client = await clientOf(await proxyOf())
    const size = 5_000_000
    let got = 0
    client.on('data', (chunk) => {
      got += chunk.length
    })
    client.end(Buffer.alloc(size, 7))
    await closed(client)
    expect(got).toBe(size)
  })

  test('resets clients when nothing listens behind it', async () => {
    const proxy = await startProxy(1)
    open.push(proxy)
    await turnedAway(proxy)
    await until(() => proxy.connections === 0)
  })

  test('resets whoever is one too many', async () => {
    const proxy = await proxyOf({ maxConnections: 1 })
    const first = await clientOf(proxy)
    await turnedAway(proxy)
    const echo = hears(first, 2)
    first.write('ok')
    expect(await echo).toBe('ok')
    expect(proxy.connections).toBe(1)
  })
})

describe('a shaped proxy', () => {
  test('holds bytes back for the latency, each way', async () => {
    const time = byHand()
    const client = await clientOf(await proxyOf({ latencyMs: 250, schedule: time.schedule }))
    const echo = hears(client, 2)
    client.write('hi')
    await until(() => time.waiting().length === 1)
    expect(time.waiting()).toEqual([250])
    time.pass()
    await until(() => time.waiting().length === 1)
    time.pass()
    expect(await echo).toBe('hi')
  })

  test('keeps the order when the latency shrinks', async () => {
    const time = byHand()
    const proxy = await proxyOf({ latencyMs: 250, schedule: time.schedule })
    const client = await clientOf(proxy)
    const echo = hears(client, 2)
    let heard = 0
    client.on('data', () => heard++)
    client.write('a')
    await until(() => time.waiting().length === 1)
    proxy.shape({})
    client.write('b')
    // The second byte is due at once and still waits behind the first.
    await roundTrips()
    expect(heard).toBe(0)
    time.pass()
    expect(await echo).toBe('ab')
  })

  test('cuts what passes into pieces', async () => {
    const pieces: number[] = []
    server.on('connection', (socket: Socket) => socket.on('data', (chunk: Buffer) => pieces.push(chunk.length)))
    const client = await clientOf(await proxyOf({ sliceBytes: 3 }))
    const echo = hears(client, 10)
    client.write('0123456789')
    expect(await echo).toBe('0123456789')
    expect(pieces.length).toBeGreaterThan(1)
    expect(Math.max(...pieces)).toBeLessThan(10)
  })
})

describe('a broken network', () => {
  test('cut: those there are reset, new ones are welcome', async () => {
    const proxy = await proxyOf()
    const client = await clientOf(proxy)
    const echo = hears(client, 1)
    client.write('a')
    await echo
    const gone = closed(client)
    proxy.cut()
    await gone
    expect(proxy.connections).toBe(0)
    const next = await clientOf(proxy)
    const again = hears(next, 1)
    next.write('b')
    expect(await again).toBe('b')
  })

  test('refuse: new ones are reset too, until it is restored', async () => {
    const proxy = await proxyOf()
    const client = await clientOf(proxy)
    const gone = closed(client)
    proxy.refuse()
    await gone
    await turnedAway(proxy)
    expect(proxy.state).toBe('refusing')
    proxy.restore()
    const next = await clientOf(proxy)
    const echo = hears(next, 1)
    next.write('b')
    expect(await echo).toBe('b')
  })

  test('half-open: neither bytes nor ends pass; what waited goes on afterwards', async () => {
    const proxy = await proxyOf()
    const client = await clientOf(proxy)
    const first = hears(client, 1)
    client.write('a')
    await first
    proxy.halfOpen()
    const late = await clientOf(proxy)
    const answers = [hears(client, 1), hears(late, 1)]
    let heard = 0
    for (const each of [client, late]) each.on('data', () => heard++)
    client.write('b')
    late.write('c')
    await roundTrips()
    expect([heard, client.readyState, late.readyState]).toEqual([0, 'open', 'open'])
    proxy.restore()
    expect(await Promise.all(answers)).toEqual(['b', 'c'])
  })

  test('half-open: the death of one end stays unknown to the other', async () => {
    const sockets: Socket[] = []
    server.on('connection', (socket: Socket) => sockets.push(socket))
    const proxy = await proxyOf()
    const client = await clientOf(proxy)
    const first = hears(client, 1)
    client.write('a')
    await first
    proxy.halfOpen()
    const dead = closed(sockets[0]!)
    sockets[0]!.resetAndDestroy()
    await dead
    await roundTrips()
    expect(client.readyState).toBe('open')
    const gone = closed(client)
    proxy.restore()
    await gone
  })

  test('stop: nothing is left', async () => {
    const proxy = await proxyOf()
    const client = await clientOf(proxy)
    const gone = closed(client)
    await proxy.stop()
    await gone
    expect(proxy.connections).toBe(0)
  })
})

test.each([
  [80, 80],
  ['8080', 8080],
  ['127.0.0.1:9092', 9092],
  ['localhost:1', 1],
])('the target %j', (target, expected) => {
  expect(portOf(target)).toBe(expected)
})

test.each([0, 65_536, '10.0.0.1:80', 'example.org:80', '0.0.0.0:80', ''])('no target: %j', (target) => {
  expect(() => portOf(target)).toThrow(/expected a port, or 127\.0\.0\.1:PORT/)
})

test.each([
  [{ latencyMs: -1 }, /latencyMs: found -1/],
  [{ latencyMs: Number.NaN }, /latencyMs: found NaN/],
  [{ sliceBytes: 0 }, /sliceBytes: found 0/],
  [{ maxConnections: 0 }, /maxConnections: found 0/],
])('refused: %j', async (options, says) => {
  await expect(startProxy(80, options)).rejects.toThrow(says)
})
