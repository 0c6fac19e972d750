/**
 * Owns `redisSink`: the results of a pipeline straight into Redis, the newest version of each window, withdrawals and
 * corrections included. Without boundary, cold store and rebuild: for those there are tiers.
 */
import {
  type Cell,
  type Duration,
  type Key,
  type Pane,
  type Sink,
  type SinkWriter,
  type TimeWindow,
  durationMs,
  paneCell,
  periodMs,
  problem,
} from '@tidemark/core'
import type { RedisHotSession } from '../store/hot-session.ts'
import { openResults, openShards } from '../store/open-results.ts'
import { type RedisOptions, redisSettings } from '../store/options.ts'
import type { Shards } from '../store/shards.ts'

export interface RedisSinkOptions<V> extends RedisOptions {
  /** How long results stay at least, in event time behind the watermark, as '14d'. Then they expire. */
  readonly keepFor: Duration
  /** Whose results these are, where several pipelines write into one Redis; default 'results'. */
  readonly name?: string
  /**
   * The size of the windows, which decides how many lie in one hash. Default: what Redis says, or for new results the
   * size of the first window that is written.
   */
  readonly windowSize?: Duration
  /** Default: JSON. */
  readonly value?: { readonly encode: (value: V) => Uint8Array }
}

/**
 * Writes panes by version. A job with a checkpoint goes on where it was; one without makes its results anew, and takes an
 * epoch from Redis, so that they replace those of every run before. Both under one name are refused.
 * @example .to(redisSink({ client, keepFor: '14d' }))
 */
export function redisSink<K extends Key, V>(options: RedisSinkOptions<V>): Sink<Pane<K, V, TimeWindow>> {
  const settings = redisSettings(options, 'redisSink')
  const { name = 'results', windowSize, value } = options
  const keepMs = durationMs(options.keepFor, "'keepFor' of redisSink")
  const windowMs = windowSize === undefined ? undefined : periodMs(windowSize, "'windowSize' of redisSink")
  return Object.freeze({
    kind: `redis(${name})`,
    latestValuesOnly: true,
    open: async ({ durable = false }) => {
      const shards = await openShards(settings, name)
      const epoch = await epochOf(shards, name, durable)
      const open = async (size: number): Promise<RedisHotSession> => {
        const session = await openResults(settings, shards, keepMs, { name, windowMs: size })
        await refuseTiers(session, name)
        return session
      }
      const size = windowMs ?? (await shards.windowMs())
      const session = size === undefined ? undefined : await open(size)
      return new PaneWriter<K, V>({ open, epoch, encode: value?.encode.bind(value) ?? json }, session)
    },
  } satisfies Sink<Pane<K, V, TimeWindow>>)
}

interface PaneWriterParts<V> {
  /** For windows of a size, ms. */
  readonly open: (windowMs: number) => Promise<RedisHotSession>
  readonly epoch: number
  readonly encode: (value: V) => Uint8Array
}

class PaneWriter<K extends Key, V> implements SinkWriter<Pane<K, V, TimeWindow>> {
  readonly #parts: PaneWriterParts<V>
  #session: RedisHotSession | undefined
  #watermark = Number.NEGATIVE_INFINITY

  constructor(parts: PaneWriterParts<V>, session: RedisHotSession | undefined) {
    this.#parts = parts
    this.#session = session
  }

  async write(panes: readonly Pane<K, V, TimeWindow>[]): Promise<void> {
    const { open, epoch, encode } = this.#parts
    const cells = panes.map((pane): Cell => ({ ...paneCell(pane, encode), epoch }))
    const [first] = cells
    if (first === undefined) return
    const session = (this.#session ??= await open(Math.max(1, first.end - first.start)))
    const byShard = new Map<string, Cell[]>()
    for (const cell of cells) {
      const shard = session.shardOf(cell.key)
      const of = byShard.get(shard)
      if (of === undefined) byShard.set(shard, [cell])
      else of.push(cell)
    }
    const watermark = this.#watermark
    await Promise.all([...byShard].map(([shard, of]) => session.write(shard, of, { watermark })))
  }

  progress(watermark: number): void {
    this.#watermark = watermark
  }

  // Every write has waited until Redis had it.
  async flush(): Promise<void> {}

  /** The connections are the user's. */
  async close(): Promise<void> {}
}

/** 0 for results that a restart sends again as they were; else one that no run had. */
async function epochOf(shards: Shards, name: string, durable: boolean): Promise<number> {
  if (!durable) return shards.nextEpoch()
  const found = await shards.epoch()
  if (found === 0) return 0
  throw problem('REDIS_EPOCH', `The results '${name}' in Redis`, {
    found: `epoch ${found}, of a job without a checkpoint or a sink with the role bestEffort`,
    expected: 'results of jobs with a checkpoint only: what those wrote would hide what this one writes',
    remedy: "Give the results another 'name'.",
  })
}

/** Tiers evict: what a sink writes of old windows would be left out without a word. */
async function refuseTiers(session: RedisHotSession, name: string): Promise<void> {
  const states = [...(await session.state()).values()]
  if (states.every(({ applied, evictedTo }) => applied.size === 0 && evictedTo === Number.NEGATIVE_INFINITY)) return
  throw problem('REDIS_TIERS', `The results '${name}' in Redis`, {
    found: 'results that serving tiers write and evict',
    expected: 'results that this sink writes alone',
    remedy: "Give the sink another 'name'.",
  })
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value) ?? 'null')
}
