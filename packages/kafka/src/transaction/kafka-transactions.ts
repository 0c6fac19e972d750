/**
 * Owns how a job comes to its transactions: whose they are, which topics they write to, and where its state is kept.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, type Transactions, durationMs, problem, show } from '@tidemark/core'
import { ignored } from '../source/options.ts'
import type { WriteOptions, WriteSettings } from '../sink/options.ts'
import { topicsOf } from '../source/start-positions.ts'
import { Changelog } from './changelog.ts'
import { KafkaSession } from './kafka-session.ts'
import { optionsOf, sharedOf } from './parties.ts'
import { TransactionalProducer } from './transactional-producer.ts'

/** What the protocol has room for. */
const MOST_REPLICAS = 32_767

/** Transactions of the jobs whose primary sink it is. */
export function kafkaTransactions(primary: WriteOptions, settings: WriteSettings): Transactions {
  const { kafka, commit: options = {} } = primary
  const everyMs = durationMs(options.every ?? '100ms', "'commit.every'")
  const timeoutMs = options.timeout === undefined ? undefined : durationMs(options.timeout, "'commit.timeout'")
  if (timeoutMs !== undefined && timeoutMs <= everyMs) {
    throw problem('BAD_COMMIT', "'commit.timeout' of a sink", {
      found: show(options.timeout),
      expected: `more than 'commit.every', which is ${everyMs} ms`,
      remedy: 'Leave room for pauses of the process and the cluster: the default is 60 s.',
    })
  }
  const { replication = 1 } = options
  if (!Number.isInteger(replication) || replication < 1 || replication > MOST_REPLICAS) {
    throw problem('BAD_COMMIT', "'commit.replication' of a sink", {
      found: show(replication),
      expected: `a whole number from 1 to ${MOST_REPLICAS}`,
      remedy: 'Leave it out for as many replicas as the topic of the results has.',
    })
  }
  return {
    kind: `kafka(${settings.topic})`,
    everyMs,
    domain: kafka,
    open: async ({ job, sinks, sources: read }) => {
      const joined = sinks.map(optionsOf)
      for (const sink of joined) checkJoined(sink, primary)
      const shared = read.map((source) => sharedOf(source)).find((found) => found !== undefined)
      const name = changelogOf(job, options.changelog)
      const cluster = await kafka.connect()
      try {
        const changelog = new Changelog(cluster, name, settings)
        const tasks = shared && (await tasksOf(cluster, shared.topics, settings))
        // As safe as the results, whatever brokers make topics with by default, which is a single copy.
        const [results] = await topicsOf(cluster, [primary.topic], settings)
        await changelog.prepare(tasks, options.replication ?? results?.replicas ?? 1)
        const producer = await TransactionalProducer.open(
          await kafka.connect(),
          [...new Set([...joined.map(({ topic }) => topic), name])],
          {
            ...settings,
            // One process of a job alone: whoever starts it again takes the place of the one before.
            transactionalId: shared === undefined ? job : `${job}-${shared.instance ?? randomUUID()}`,
            timeoutMs: timeoutMs ?? everyMs + (shared === undefined || shared.instance !== undefined ? 60_000 : 10_000),
          },
        )
        return new KafkaSession({ cluster, producer, changelog, now: nowOf(settings.clock) })
      } catch (error) {
        await cluster.close()
        throw error
      }
    },
  }
}

async function tasksOf(
  cluster: Parameters<typeof topicsOf>[0],
  names: readonly string[],
  settings: WriteSettings,
): Promise<number> {
  const counts = (await topicsOf(cluster, names, settings)).map(({ topic, partitions }) => ({
    topic,
    count: partitions.length,
  }))
  const [first, ...others] = counts
  const other = others.find(({ count }) => count !== first?.count)
  if (first !== undefined && other === undefined) return first.count
  throw problem('KAFKA_NOT_COPARTITIONED', `The topics of a shared source`, {
    found: counts.map(({ topic, count }) => `${topic} with ${count} partitions`).join(' and '),
    expected: 'as many in each, so that a key is in the same one',
    remedy: 'Copy one of them into a topic with as many partitions as the other.',
  })
}

/** All sinks write by one producer: what would be said to the others is not heard. */
function checkJoined(sink: WriteOptions, primary: WriteOptions): void {
  const said = ({ commit = {}, compression, patience, maxBatchBytes, maxPendingBytes }: WriteOptions): object => {
    const { every, changelog, replication, timeout } = commit
    const own = {
      'commit.every': every,
      'commit.changelog': changelog,
      'commit.replication': replication,
      'commit.timeout': timeout,
    }
    return { ...own, compression, patience, maxBatchBytes, maxPendingBytes }
  }
  const heard = new Map<string, unknown>(Object.entries(said(primary)))
  for (const [name, value] of Object.entries(said(sink))) {
    if (value === undefined || value === heard.get(name)) continue
    throw ignored(
      `'${name}' of the exactly-once sink of '${sink.topic}'`,
      show(value),
      `what the primary sink, that of '${primary.topic}', says for all (${show(heard.get(name))})`,
    )
  }
}

function changelogOf(job: string, given: string | undefined): string {
  const name = given ?? `${job}-changelog`
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(name)) return name
  throw problem('BAD_TOPICS', `The changelog of '${job}'`, {
    found: show(name),
    expected: 'a name of letters, digits, dots, dashes and underscores',
    remedy: "Name it in the sink: commit: { changelog: 'page-stats-changelog' }.",
  })
}

function nowOf(clock: Clock): () => number {
  return () => clock.now()
}
