/**
 * Owns a TCP proxy for tests, on and to 127.0.0.1 only: it delays, slices, cuts, refuses and goes silent.
 * Invariant: bytes of one direction arrive complete and in order, or the connection ends; and what it holds is bounded.
 */
import { type AddressInfo, type Server, createServer } from 'node:net'
import { type Schedule, onTimers } from './lane.ts'
import { Link, type Shape } from './link.ts'

export interface ProxyOptions extends Shape {
  /** More connections than this at a time are reset as they come. 256 unless told. */
  readonly maxConnections?: number
  /** What waits: timers, unless a test brings its own. */
  readonly schedule?: Schedule
}

/** `open`: all passes. `silent`: nothing passes or is closed. `refusing`: connections are reset as they come. */
export type ProxyState = 'open' | 'silent' | 'refusing'

export interface Proxy extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:PORT`: where clients connect to. */
  readonly address: string
  readonly state: ProxyState
  /** How many there are now. */
  readonly connections: number
  /** From now on: how late bytes arrive, each way, and in pieces of how many. Without a member: not at all. */
  readonly shape: (shape: Shape) => void
  /** Resets every connection there is. New ones are welcome. */
  readonly cut: () => void
  /** Resets every connection and every new one at once: the server is down. */
  readonly refuse: () => void
  /**
   * The network swallows everything: connections stay open, each end waits for the other, and does not learn that it
   * has gone; new connections are accepted and go nowhere. After `restore` what waited goes on, as after a partition.
   */
  readonly halfOpen: () => void
  /** Ends `refuse` and `halfOpen`; the shape stays. */
  readonly restore: () => void
  readonly stop: () => Promise<void>
}

/** @param target a port of 127.0.0.1, or `127.0.0.1:PORT`. Nothing needs to listen there yet. */
export async function startProxy(target: number | string, options: ProxyOptions = {}): Promise<Proxy> {
  const targetPort = portOf(target)
  const { maxConnections = 256, schedule = onTimers } = options
  if (!Number.isSafeInteger(maxConnections) || maxConnections < 1)
    throw new Error(`maxConnections: found ${maxConnections}, expected a whole number of at least 1`)
  let shape = checked(options)
  let state: ProxyState = 'open'
  const links = new Set<Link>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (state === 'refusing' || links.size >= maxConnections) {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const link = new Link({ client, targetPort, schedule, shape: () => shape, silent: () => state === 'silent' })
    links.add(link)
    link.onEnd = () => links.delete(link)
    link.go()
  })
  await listening(server)
  const { port } = server.address() as AddressInfo
  const cut = (): void => {
    for (const link of links) link.reset()
  }
  const stop = async (): Promise<void> => {
    cut()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    port,
    address: `127.0.0.1:${port}`,
    get state() {
      return state
    },
    get connections() {
      return links.size
    },
    shape: (next) => {
      shape = checked(next)
    },
    cut,
    refuse: () => {
      state = 'refusing'
      cut()
    },
    halfOpen: () => {
      state = 'silent'
    },
    restore: () => {
      state = 'open'
      for (const link of links) link.go()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

export function portOf(target: number | string): number {
  const text = String(target)
  const port = Number(/^(?:(?:127\.0\.0\.1|localhost):)?(\d{1,5})$/.exec(text)?.[1])
  if (!(port >= 1 && port <= 65_535))
    throw new Error(`proxy target '${text}': expected a port, or 127.0.0.1:PORT; it serves this machine only`)
  return port
}

function checked({ latencyMs = 0, sliceBytes }: Shape): Shape {
  if (!(latencyMs >= 0 && latencyMs <= 600_000))
    throw new Error(`latencyMs: found ${latencyMs}, expected 0 up to 600000`)
  if (sliceBytes !== undefined && !(Number.isSafeInteger(sliceBytes) && sliceBytes >= 1))
    throw new Error(`sliceBytes: found ${sliceBytes}, expected a whole number of at least 1`)
  return sliceBytes === undefined ? { latencyMs } : { latencyMs, sliceBytes }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
}
