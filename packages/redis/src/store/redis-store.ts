/** Owns `redisStore`: Redis as the hot layer of two tiers. Connections are the user's. */
import { type Duration, type HotStore, durationMs } from '@tidemark/core'
import { openResults, openShards } from './open-results.ts'
import { type RedisOptions, redisSettings } from './options.ts'

export interface RedisStoreOptions extends RedisOptions {
  /** How long results are served from here, in event time behind the watermark, as '14d'. */
  readonly serveFor: Duration
  /** How much longer the server keeps them at least; as long again if not given. Only a back-stop: they are evicted. */
  readonly slack?: Duration
}

/** @example redisStore({ client: await createClient({ url, disableOfflineQueue: true }).connect(), serveFor: '14d' }) */
export function redisStore(options: RedisStoreOptions): HotStore {
  const settings = redisSettings(options, 'redisStore')
  const serveForMs = durationMs(options.serveFor, "'serveFor' of redisStore")
  const slackMs = durationMs(options.slack ?? options.serveFor, "'slack' of redisStore")
  return Object.freeze({
    kind: 'redisStore()',
    serveForMs,
    open: async (aggregation) => {
      const shards = await openShards(settings, aggregation.name)
      return openResults(settings, shards, serveForMs + slackMs, aggregation)
    },
  } satisfies HotStore)
}
