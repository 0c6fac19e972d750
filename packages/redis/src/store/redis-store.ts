/** Owns `redisStore`: Redis as the hot layer. What the user says is checked here; connections are the user's. */
import { type Clock, type Duration, type HotStore, durationMs, systemClock } from '@tidemark/core'
import { type Commands, type RedisSlice, commandsOf } from '../client/port.ts'
import { type Patience, persist } from '../client/patient.ts'
import { problem, show } from '../errors.ts'
import { RedisHotSession } from './hot-session.ts'
import { Shards } from './shards.ts'

export interface RedisStoreOptions {
  /**
   * `createClient()` or `createCluster()` of `@redis/client` 6, connected. Make it with `disableOfflineQueue: true`: a
   * command that waits for a connection would come late.
   */
  readonly client: RedisSlice
  /** How long results are served from here, in event time behind the watermark, as '14d'. */
  readonly serveFor: Duration
  /** How much longer the server keeps them at least; as long again if not given. Only a back-stop: they are evicted. */
  readonly slack?: Duration
  /** How long to go on trying while a server is away, default 30 s, and how long to wait for one answer, default 5 s. */
  readonly patience?: Duration
  readonly timeout?: Duration
  /** A server that may throw keys away when it is full is refused, unless this is set. */
  readonly allowEviction?: boolean
  /** For tests: what pauses between attempts go by. */
  readonly clock?: Clock
}

/** @example redisStore({ client: await createClient({ url, disableOfflineQueue: true }).connect(), serveFor: '14d' }) */
export function redisStore(options: RedisStoreOptions): HotStore {
  const { client, slack = options.serveFor, clock = systemClock } = options
  if (typeof client?.sendCommand !== 'function') {
    throw problem('BAD_CLIENT', "'client' of redisStore", {
      found: show(client),
      expected: 'a client of @redis/client',
      remedy: 'Pass await createClient({ url }).connect(), or a cluster made likewise.',
    })
  }
  const serveForMs = durationMs(options.serveFor, "'serveFor' of redisStore")
  const settings = {
    serveForMs,
    slackMs: durationMs(slack, "'slack' of redisStore"),
    patience: {
      clock,
      patienceMs: durationMs(options.patience ?? '30s', "'patience' of redisStore"),
      timeoutMs: durationMs(options.timeout ?? '5s', "'timeout' of redisStore"),
    },
  }
  const commands = commandsOf(client)
  return Object.freeze({
    kind: 'redisStore()',
    serveForMs,
    open: async (aggregation) => {
      checkReady(commands)
      const { patience } = settings
      if (options.allowEviction !== true) await checkMemory(commands, patience)
      const shards = await Shards.open(commands, patience, aggregation.name)
      const session = new RedisHotSession(commands, settings, aggregation, shards)
      await session.state()
      return session
    },
  } satisfies HotStore)
}

function checkReady(commands: Commands): void {
  if (commands.isReady) return
  throw problem('REDIS_NOT_CONNECTED', 'Opening a store in Redis', {
    found: 'a client that is not connected',
    expected: 'a connected one',
    remedy: 'await client.connect() before, and listen to its error events.',
  })
}

/** A server that throws keys away would lose results that nothing else holds yet. */
async function checkMemory(commands: Commands, patience: Patience): Promise<void> {
  for (const send of await persist(patience, 'Asking for the masters', () => commands.masters())) {
    const info = String(await persist(patience, 'Asking for the memory of Redis', () => send(['INFO', 'memory'])))
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction'
    if (policy === 'noeviction') continue
    throw problem('REDIS_EVICTS', 'The memory of Redis', {
      found: `maxmemory-policy ${policy}`,
      expected: 'noeviction: a full server must refuse results, not forget some',
      remedy: 'Run CONFIG SET maxmemory-policy noeviction, or accept losses by allowEviction: true.',
    })
  }
}
