/** Owns what a user says about a Kafka source, checked when the source is made. */
import { type Clock, type Duration, type Key, durationMs, problem, show, systemClock } from '@tidemark/core'
import type { Kafka } from '../client/cluster.ts'
import type { BadRecord } from '../fetch/decode.ts'
import { type Decoder, keyText } from '../serde/serde.ts'

/** Where to begin where no checkpoint says otherwise. */
export type StartFrom = 'earliest' | 'latest' | 'committed' | { readonly timestamp: number }

export interface KafkaSourceOptions<out T> {
  readonly kafka: Kafka
  readonly topics: readonly string[]
  /** Makes the records of the pipeline; see `json`, `text`, `bytes`, `nullable`. */
  readonly value: Decoder<T>
  /** Makes `meta.key`; default `keyText()`. */
  readonly key?: Decoder<Key>
  /**
   * Offsets are committed for this group once everything before them is safe. In an exactly-once job (see `guarantee` of
   * kafkaSink) its processes are members of the group and share the partitions; else the group has no members.
   */
  readonly group?: string
  /** How a process is a member of the group, in an exactly-once job; refused where it would say nothing. */
  readonly member?: MemberOptions
  /** Default: 'committed' (else 'earliest') with a group, 'earliest' without. A checkpoint comes before it. */
  readonly from?: StartFrom
  /**
   * 'end': the source ends where the topics end when the job starts (a replay). What a transaction has not decided by
   * then is waited for, at most for the timeout of that transaction.
   */
  readonly until?: 'end'
  /** Default 'committed': nothing of aborted or open transactions. */
  readonly isolation?: 'committed' | 'uncommitted'
  /** Takes records that cannot be decoded; without it the first one fails the job. They do not reach the pipeline. */
  readonly onBadRecord?: (record: BadRecord) => void
  /** What to do where the log no longer holds the position; default 'fail'. */
  readonly whenLost?: 'fail' | 'earliest' | 'latest'
  /** How long a running job waits for a cluster or a partition that is away, default 1 m. */
  readonly patience?: Duration
  /** How often to look for new partitions, default 1 m. */
  readonly metadataEvery?: Duration
  /** Bytes to fetch of a partition at a time, default 1 MiB. A record batch of any size is read whole. */
  readonly maxPartitionBytes?: number
  /** The most that one batch may become when unpacked, default 64 MiB. */
  readonly maxDecompressedBytes?: number
  /** Whether to compare checksums of batches, default true. */
  readonly checksums?: boolean
  /** For tests: what pauses between attempts go by. */
  readonly clock?: Clock
}

export interface MemberOptions {
  /**
   * A name of the process that outlives restarts (static membership): its partitions wait for it until its session is
   * over. No two processes at a time may have the same.
   */
  readonly instance?: string
  /** A process that the brokers do not hear of for so long is out, default 45 s. */
  readonly sessionTimeout?: Duration
  /** How long the others wait for a process that has to finish with partitions, default 60 s. */
  readonly rebalanceTimeout?: Duration
  /** How often a process says that it lives, default a tenth of the session timeout, at most 3 s. */
  readonly heartbeat?: Duration
}

export interface MemberSettings {
  readonly instance: string | undefined
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatMs: number
}

export interface SourceSettings<out T> {
  readonly member: MemberSettings
  readonly kafka: Kafka
  readonly topics: readonly string[]
  readonly value: Decoder<T>
  readonly key: Decoder<Key>
  readonly group: string | undefined
  readonly from: StartFrom
  readonly bounded: boolean
  readonly committed: boolean
  readonly onBadRecord: ((record: BadRecord) => void) | undefined
  readonly whenLost: 'fail' | 'earliest' | 'latest'
  readonly patienceMs: number
  readonly metadataEveryMs: number
  readonly maxPartitionBytes: number
  readonly maxDecompressedBytes: number
  readonly checksums: boolean
  readonly clock: Clock
}

export function sourceSettings<T>(options: KafkaSourceOptions<T>): SourceSettings<T> {
  const { topics, group, from = group === undefined ? 'earliest' : 'committed' } = options
  if (!Array.isArray(topics) || topics.length === 0 || new Set(topics).size !== topics.length) {
    throw problem('BAD_TOPICS', "'topics' of kafkaSource", {
      found: show(topics),
      expected: 'one or more names, each once',
      remedy: "Name the topics to read: topics: ['views'].",
    })
  }
  if (typeof options.kafka?.connect !== 'function') throw noKafka('kafkaSource')
  if (typeof options.value?.decode !== 'function') {
    throw problem('BAD_SERDE', "'value' of kafkaSource", {
      found: show(options.value),
      expected: 'a decoder',
      remedy: 'Say what the values are: json<T>(), text(), bytes(), or a decoder of your own.',
    })
  }
  const timestamp = typeof from === 'object' ? from.timestamp : 0
  if (
    !Number.isSafeInteger(timestamp) ||
    (typeof from === 'string' && !['earliest', 'latest', 'committed'].includes(from))
  ) {
    throw problem('BAD_FROM', "'from' of kafkaSource", {
      found: show(from),
      expected: "'earliest', 'latest', 'committed' or { timestamp } in whole milliseconds",
      remedy: 'It says where to begin where no checkpoint does.',
    })
  }
  if (from === 'committed' && group === undefined) {
    throw problem('BAD_FROM', "'from' of kafkaSource", {
      found: "'committed' without a group",
      expected: 'a group whose offsets to go on from',
      remedy: "Name the group, or begin at 'earliest'.",
    })
  }
  oneOf(options.until, ['end'], 'until')
  oneOf(options.isolation, ['committed', 'uncommitted'], 'isolation')
  oneOf(options.whenLost, ['fail', 'earliest', 'latest'], 'whenLost')
  if (options.member !== undefined && (group === undefined || options.until !== undefined)) {
    const without = group === undefined ? 'it without a group' : "it together with until: 'end'"
    throw ignored(
      "'member' of kafkaSource",
      without,
      'a group that the process is a member of; a bounded run is that of one process',
    )
  }
  return {
    kafka: options.kafka,
    topics: Object.freeze([...topics]),
    value: options.value,
    key: options.key ?? keyText(),
    group,
    member: memberSettings(options.member ?? {}),
    from,
    bounded: options.until === 'end',
    committed: options.isolation !== 'uncommitted',
    onBadRecord: options.onBadRecord,
    whenLost: options.whenLost ?? 'fail',
    patienceMs: durationMs(options.patience ?? '1m', "'patience' of kafkaSource"),
    metadataEveryMs: durationMs(options.metadataEvery ?? '1m', "'metadataEvery' of kafkaSource"),
    maxPartitionBytes: bytesOf(options.maxPartitionBytes ?? 1 << 20, 'maxPartitionBytes'),
    maxDecompressedBytes: bytesOf(options.maxDecompressedBytes ?? 64 << 20, 'maxDecompressedBytes'),
    checksums: options.checksums ?? true,
    clock: options.clock ?? systemClock,
  }
}

function memberSettings({ instance, sessionTimeout, rebalanceTimeout, heartbeat }: MemberOptions): MemberSettings {
  const sessionTimeoutMs = durationMs(sessionTimeout ?? '45s', "'member.sessionTimeout' of kafkaSource")
  const heartbeatMs =
    heartbeat === undefined
      ? Math.min(3_000, sessionTimeoutMs / 10)
      : durationMs(heartbeat, "'member.heartbeat' of kafkaSource")
  const nameless = instance !== undefined && (typeof instance !== 'string' || instance === '')
  if (nameless || heartbeatMs * 2 > sessionTimeoutMs) {
    throw problem('BAD_MEMBER', "'member' of kafkaSource", {
      found: nameless ? `${show(instance)} as its instance` : `a heartbeat every ${heartbeatMs} ms`,
      expected: nameless ? 'a name' : `at least two within the session timeout, which is ${sessionTimeoutMs} ms`,
      remedy: 'Leave it out for the default.',
    })
  }
  return {
    instance,
    sessionTimeoutMs,
    rebalanceTimeoutMs: durationMs(rebalanceTimeout ?? '60s', "'member.rebalanceTimeout' of kafkaSource"),
    heartbeatMs,
  }
}

function bytesOf(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0 && value < 2 ** 31) return value
  throw problem('BAD_LIMIT', `'${name}' of kafkaSource`, {
    found: show(value),
    expected: 'a whole number of bytes from 1 to 2147483647',
    remedy: 'Leave it out for the default.',
  })
}

function oneOf(value: unknown, words: readonly string[], name: string): void {
  if (value === undefined || words.includes(value as string)) return
  throw problem('BAD_OPTION', `'${name}' of kafkaSource`, {
    found: show(value),
    expected: words.map((word) => `'${word}'`).join(' or '),
    remedy: 'Leave it out for the default.',
  })
}

/** An option that would say nothing beside the others is a misunderstanding. */
export function ignored(what: string, found: string, expected: string): Error {
  return problem('IGNORED_OPTION', what, {
    found,
    expected,
    remedy: 'It would have no effect: leave it out, or mend what it is for.',
  })
}

export function noKafka(what: string): Error {
  return problem('BAD_KAFKA', `'kafka' of ${what}`, {
    found: 'no cluster',
    expected: 'what kafka({ brokers }) or memoryKafka() makes',
    remedy: "Say where the topics are: kafka({ brokers: ['localhost:9092'] }).",
  })
}
