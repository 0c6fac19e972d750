/** Owns where a source begins and, for a bounded run, where it ends: asked of the cluster once, when the job starts. */
import { type Position, StreamError, problem } from '@tidemark/core'
import {
  type Cluster,
  type CommittedOffset,
  type CommittedPlace,
  EARLIEST,
  type GroupMember,
  LATEST,
  type PartitionLeader,
  type TopicMetadata,
} from '../client/cluster.ts'
import { CODE, mayRetry, refused } from '../client/error-codes.ts'
import { type Patience, persist } from '../client/retry.ts'
import { splitOf } from '../fetch/partition.ts'
import type { SourceSettings, StartFrom } from './options.ts'

/** How long the start of a job waits for a cluster that does not answer, and for a topic that is being made. */
const OPEN_PATIENCE_MS = 15_000
const TOPIC_PATIENCE_MS = 3_000

/** What is asked of the settings here; sinks have it too. */
export type Opening = Pick<SourceSettings<unknown>, 'clock' | 'patienceMs'>

/** How long an opening tries. */
export function openPatience({ clock, patienceMs }: Opening): Patience {
  return { clock, patienceMs: Math.min(patienceMs, OPEN_PATIENCE_MS) }
}

/** The partitions of topics, all with a leader. */
export async function topicsOf(
  cluster: Cluster,
  topics: readonly string[],
  opening: Opening,
): Promise<readonly TopicMetadata[]> {
  const patience = openPatience(opening)
  const began = patience.clock.now()
  return persist(patience, async () => {
    const found = await cluster.metadata(topics)
    for (const topic of topics) {
      try {
        usable(
          found.find((other) => other.topic === topic),
          topic,
        )
      } catch (error) {
        // A topic may be in the making, but not for as long as a cluster may be starting.
        const missing = error instanceof StreamError && error.code === 'KAFKA_TOPIC_MISSING'
        if (!missing || patience.clock.now() - began < TOPIC_PATIENCE_MS) throw error
        throw new StreamError(error.code, error.message)
      }
    }
    return found
  })
}

/** @throws where a topic cannot be read or written */
export function usable(found: TopicMetadata | undefined, topic: string): void {
  if (found === undefined || found.error === CODE.unknownTopicOrPartition) {
    throw new StreamError(
      'KAFKA_TOPIC_MISSING',
      `The topic '${topic}': found none of that name in the cluster, expected it to exist. Create it, or check its name and that these are the right brokers.`,
      { retryable: true },
    )
  }
  if (found.error !== CODE.none) throw refused(`The topic '${topic}'`, found.error)
  const orphan = found.partitions.find(({ leader }) => leader < 0)
  if (orphan !== undefined) throw refused(`Finding the leader of ${splitOf(orphan)}`, CODE.leaderNotAvailable)
}

/** Offsets of partitions at a time, by split. */
export async function offsetsAt(
  cluster: Cluster,
  places: readonly PartitionLeader[],
  time: bigint,
  committed: boolean,
  opening: Opening,
): Promise<ReadonlyMap<string, bigint>> {
  const offsets = new Map<string, bigint>()
  const nodes = new Set(places.map(({ leader }) => leader))
  for (const node of nodes) {
    const asked = places.filter(({ leader }) => leader === node)
    const answers = await persist(openPatience(opening), async () => {
      const found = await cluster.offsets(node, asked, time, committed)
      const bad = found.find(({ error }) => error !== CODE.none)
      if (bad !== undefined) throw refused(`Asking for an offset of ${splitOf(bad)}`, bad.error)
      return found
    })
    for (const answer of answers) offsets.set(splitOf(answer), answer.offset)
  }
  return offsets
}

/**
 * Where a bounded run ends: behind all that is written, decided or not. A commit is answered before its markers are in
 * the logs, so the end of what is decided would leave out what a job committed just before.
 */
export function endOffsets(
  cluster: Cluster,
  places: readonly PartitionLeader[],
  opening: Opening,
): Promise<ReadonlyMap<string, bigint>> {
  return offsetsAt(cluster, places, LATEST, false, opening)
}

/** The offset that each partition begins at: a checkpoint's, the group's, or by `from`. */
export async function startOffsets<T>(
  cluster: Cluster,
  places: readonly PartitionLeader[],
  checkpoint: readonly Position[] | undefined,
  settings: SourceSettings<T>,
): Promise<ReadonlyMap<string, bigint>> {
  const starts = new Map<string, bigint>()
  const known = new Map(places.map((place) => [splitOf(place), place]))
  for (const { split, offset } of checkpoint ?? []) {
    if (!known.has(split)) throw gone(split)
    starts.set(split, offset)
  }
  // A partition that a checkpoint does not know is newer than it: nothing of it was read.
  const fresh = checkpoint !== undefined && checkpoint.length > 0
  let open = places.filter((place) => !starts.has(splitOf(place)))
  if (open.length > 0 && settings.from === 'committed' && settings.group !== undefined && !fresh) {
    for (const [split, { offset }] of await committedOffsets(cluster, settings.group, open, openPatience(settings)))
      starts.set(split, offset)
    open = open.filter((place) => !starts.has(splitOf(place)))
  }
  for (const [split, offset] of await offsetsFrom(cluster, open, fresh ? 'earliest' : settings.from, settings))
    starts.set(split, offset)
  return starts
}

/** Where to begin with partitions of which nothing is known, by split. */
export async function offsetsFrom(
  cluster: Cluster,
  places: readonly PartitionLeader[],
  from: StartFrom,
  { committed, ...opening }: Opening & { readonly committed: boolean },
): Promise<ReadonlyMap<string, bigint>> {
  if (typeof from === 'string')
    return offsetsAt(cluster, places, from === 'latest' ? LATEST : EARLIEST, committed, opening)
  const found = new Map(await offsetsAt(cluster, places, BigInt(from.timestamp), committed, opening))
  // No record is as late as the timestamp: begin with what comes.
  const late = places.filter((place) => (found.get(splitOf(place)) ?? -1n) < 0n)
  for (const [split, offset] of await offsetsAt(cluster, late, LATEST, committed, opening)) found.set(split, offset)
  return found
}

/** What the group has committed, by split; what a transaction is still deciding about is waited for. */
export async function committedOffsets(
  cluster: Cluster,
  group: string,
  places: readonly PartitionLeader[],
  patience: Patience,
): Promise<ReadonlyMap<string, CommittedOffset>> {
  const found = await persist(patience, async () => {
    const answers = await cluster.committedOffsets(group, places)
    const bad = answers.find(({ error }) => error !== CODE.none)
    if (bad !== undefined) throw refused(`Asking for the offsets of group '${group}'`, bad.error)
    return answers
  })
  return new Map(found.filter(({ offset }) => offset >= 0n).map((answer) => [splitOf(answer), answer]))
}

/** Positions as places to commit. */
export function placesOf(positions: readonly Position[]): readonly CommittedPlace[] {
  return positions.map(({ split, offset }) => {
    const [topic = '', partition] = split.split('/')
    return { topic, partition: Number(partition), offset, metadata: '' }
  })
}

/** Commits positions for a group, as its member, or as nobody where it has none. */
export async function commit(
  cluster: Cluster,
  member: GroupMember,
  places: readonly CommittedPlace[],
  patience: Patience,
): Promise<void> {
  await persist(patience, async () => {
    const answers = await cluster.commitOffsets(member, places)
    const bad =
      answers.find(({ error }) => error !== CODE.none && !mayRetry(error)) ??
      answers.find(({ error }) => error !== CODE.none)
    if (bad !== undefined) throw refused(`Committing offsets of group '${member.group}'`, bad.error)
  })
}

export function gone(split: string): StreamError {
  return problem('KAFKA_PARTITION_GONE', `The partition ${split}`, {
    found: 'none of that name in the cluster',
    expected: 'all partitions that the job has read before',
    remedy:
      'The topic was made anew or is another one: start the job under another name, or with an empty checkpoint store.',
  })
}
