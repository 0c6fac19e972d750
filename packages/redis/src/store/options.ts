/** Owns what a user says about Redis wherever it is used, checked when a store or sink is described. */
import { type Clock, type Duration, durationMs, problem, show, systemClock } from '@tidemark/core'
import type { Patience } from '../client/patient.ts'
import { type Commands, type RedisSlice, commandsOf } from '../client/port.ts'

export interface RedisOptions {
  /**
   * `createClient()` or `createCluster()` of `@redis/client` 6, connected. Make it with `disableOfflineQueue: true`: a
   * command that waits for a connection would come late.
   */
  readonly client: RedisSlice
  /** How long to go on trying while a server is away, default 30 s, and how long to wait for one answer, default 5 s. */
  readonly patience?: Duration
  readonly timeout?: Duration
  /** A server that may throw keys away when it is full is refused, unless this is set. */
  readonly allowEviction?: boolean
  /** For tests: what pauses between attempts go by. */
  readonly clock?: Clock
}

/** What `redisStore` and `redisSink` are told, checked. */
export interface RedisSettings {
  readonly commands: Commands
  readonly patience: Patience
  readonly allowEviction: boolean
}

export function redisSettings(options: RedisOptions, what: string): RedisSettings {
  const { client, clock = systemClock, allowEviction = false } = options
  if (typeof client?.sendCommand !== 'function') {
    throw problem('BAD_CLIENT', `'client' of ${what}`, {
      found: show(client),
      expected: 'a client of @redis/client',
      remedy: 'Pass await createClient({ url }).connect(), or a cluster made likewise.',
    })
  }
  const patience = {
    clock,
    patienceMs: durationMs(options.patience ?? '30s', `'patience' of ${what}`),
    timeoutMs: durationMs(options.timeout ?? '5s', `'timeout' of ${what}`),
  }
  return { commands: commandsOf(client), patience, allowEviction }
}
