/** Owns what a user says about where and how a sink writes, checked when the sink is made. */
import { type Clock, type Duration, durationMs, problem, show, systemClock } from '@tidemark/core'
import type { Kafka } from '../client/cluster.ts'
import { ignored, noKafka } from '../source/options.ts'
import type { Compression } from '../wire/compression.ts'
import type { ProducerSettings } from './producer.ts'

export interface CommitOptions {
  /** How often results, state and offsets are committed, default 100 ms: readers wait for it. */
  readonly every?: Duration
  /** The topic of the state, default `<job>-changelog`; it is made if need be. One for each job. */
  readonly changelog?: string
  /** How many brokers keep the changelog where it is made, default as many as keep the topic of the results. */
  readonly replication?: number
  /**
   * A transaction that is open for longer is aborted by the brokers, and the job with it. Default `every` and 60 s, and
   * 10 s more than `every` in a group without instance names, where those who take over may have to wait for it.
   */
  readonly timeout?: Duration
}

export interface WriteOptions {
  readonly kafka: Kafka
  readonly topic: string
  /**
   * 'exactly-once': results, the state of the job and the offsets of its source are committed in one transaction, and
   * nothing is lost or there twice, whatever is killed. It must be the primary sink, of a job without a checkpoint; other
   * exactly-once sinks of the same `kafka` join. Default 'at-least-once'.
   */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** How an exactly-once job commits. Its primary sink says it, as all that follows, for the sinks that join. */
  readonly commit?: CommitOptions
  /** Default 'none'. */
  readonly compression?: Compression
  /** How long a running job waits for a cluster that is away, default 1 m. */
  readonly patience?: Duration
  /** Records go into one batch up to this, default 900,000; the broker's limit is usually 1 MiB. */
  readonly maxBatchBytes?: number
  /** The job waits while more than this has not been acknowledged, default 32 MiB. */
  readonly maxPendingBytes?: number
  /** For tests: what timestamps and pauses go by. */
  readonly clock?: Clock
}

/** Only an exactly-once job commits. */
export type Committing =
  { readonly guarantee: 'exactly-once' } | { readonly guarantee?: 'at-least-once'; readonly commit?: never }

export interface WriteSettings extends ProducerSettings {
  readonly topic: string
}

export function writeSettings(options: WriteOptions, what: string): WriteSettings {
  const { topic, compression = 'none', maxBatchBytes = 900_000, maxPendingBytes = 32 << 20 } = options
  if (typeof options.kafka?.connect !== 'function') throw noKafka(what)
  if (typeof topic !== 'string' || !/^[a-zA-Z0-9._-]{1,249}$/.test(topic)) {
    throw problem('BAD_TOPICS', `'topic' of ${what}`, {
      found: show(topic),
      expected: 'a name of letters, digits, dots, dashes and underscores',
      remedy: "Name the topic to write to: topic: 'page-stats'.",
    })
  }
  if (!['none', 'gzip', 'zstd'].includes(compression)) {
    throw problem('BAD_COMPRESSION', `'compression' of ${what}`, {
      found: show(compression),
      expected: "'none', 'gzip' or 'zstd'",
      remedy: 'Snappy and LZ4 are read, not written.',
    })
  }
  if (!['exactly-once', 'at-least-once'].includes(options.guarantee ?? 'at-least-once')) {
    throw problem('BAD_GUARANTEE', `'guarantee' of ${what}`, {
      found: show(options.guarantee),
      expected: "'exactly-once' or 'at-least-once'",
      remedy: 'Leave it out for at-least-once.',
    })
  }
  if (options.commit !== undefined && options.guarantee !== 'exactly-once')
    throw ignored(
      `'commit' of ${what}`,
      'it at least once, where nothing is committed',
      "it with guarantee: 'exactly-once'",
    )
  for (const [name, value] of Object.entries({ maxBatchBytes, maxPendingBytes })) {
    if (Number.isSafeInteger(value) && value > 0) continue
    throw problem('BAD_LIMIT', `'${name}' of ${what}`, {
      found: show(value),
      expected: 'a whole number of bytes of at least 1',
      remedy: 'Leave it out for the default.',
    })
  }
  return {
    topic,
    compression,
    maxBatchBytes,
    maxPendingBytes,
    patienceMs: durationMs(options.patience ?? '1m', `'patience' of ${what}`),
    clock: options.clock ?? systemClock,
  }
}
