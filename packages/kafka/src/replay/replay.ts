/**
 * Owns making history anew: the pipeline of a live job over the same topics from the beginning, as a job of another name
 * into another topic. What has gone wrong in the old results is not mended: it is made again, and readers move over.
 */
import {
  type Job,
  type Key,
  type OneWindow,
  type Pipeline,
  type Source,
  type StartOptions,
  type TimeWindow,
  problem,
  show,
  systemClock,
} from '@tidemark/core'
import type { Cluster, Kafka, PartitionLeader } from '../client/cluster.ts'
import { pause } from '../client/retry.ts'
import { splitOf } from '../fetch/partition.ts'
import { type KafkaSinkOptions, kafkaSink } from '../sink/kafka-sink.ts'
import type { Committing } from '../sink/options.ts'
import { kafkaSource } from '../source/kafka-source.ts'
import { type KafkaSourceOptions, sourceSettings } from '../source/options.ts'
import { committedOffsets, endOffsets, offsetsFrom, openPatience, topicsOf } from '../source/start-positions.ts'
import { Pace, type ReplayProgress, progressLine } from './replay-progress.ts'

const LOOK_EVERY_MS = 500

/** What a replay writes to. */
export type ReplaySink<K extends Key, V, W extends TimeWindow | OneWindow = TimeWindow> = ReturnType<
  typeof kafkaSink<K, V, W>
>

export interface ReplayOptions<T, K extends Key, V, W extends TimeWindow | OneWindow> {
  readonly kafka: Kafka
  /** The live pipeline with its ends left open: it is given the name of the replay, its source and its sink. */
  readonly pipeline: (name: string, source: Source<T>, sink: ReplaySink<K, V, W>) => Pipeline<unknown>
  /** How the history is read; as it is live. */
  readonly source: Omit<KafkaSourceOptions<T>, 'kafka' | 'group' | 'from' | 'until'>
  /** How results are written; as they are live. Default: exactly once. */
  readonly sink?: Omit<KafkaSinkOptions<K, V>, 'kafka' | 'topic'>
  /** Where history begins, default 'earliest'. A replay that was ended goes on where it was. */
  readonly from?: 'earliest' | { readonly timestamp: number }
  /** The topic of the new results: not the one that readers use now. */
  readonly to: string
  /** The name of the new version: of its job, its state and its offsets. */
  readonly group: string
  /** 'end': ends with history. Without it, goes on with what comes, so that nothing is missing when readers move. */
  readonly until?: 'end'
  /** Told about twice a second, and when history is done. */
  readonly onProgress?: (progress: ReplayProgress) => void
  /** Whether to draw a bar on the terminal, default where standard error is one. */
  readonly bar?: boolean
  readonly start?: StartOptions
}

export interface ReplayDone extends ReplayProgress {
  /** What to do for readers to move over, in words. */
  readonly howToSwitch: string
}

export interface Replay {
  /** Without `until` it runs on. */
  readonly job: Job<unknown>
  /** Resolves when all that was there at the beginning is read, and what it makes is committed. Rejects as the job does. */
  readonly done: Promise<ReplayDone>
}

/**
 * Runs a pipeline over history into a new version of its results, and tells how far it is.
 * @throws StreamError BAD_REPLAY where it would write to a topic that it reads
 * @example const { job, done } = await replay({ kafka, pipeline: stats, source: { topics: ['views'], value: json<View>() }, to: 'page-stats-v2', group: 'page-stats-v2' })
 */
export async function replay<T, K extends Key, V, W extends TimeWindow | OneWindow = TimeWindow>(
  options: ReplayOptions<T, K, V, W>,
): Promise<Replay> {
  const { kafka, to, group, from = 'earliest', until } = options
  if (options.source.topics.includes(to)) {
    throw problem('BAD_REPLAY', "'to' of replay", {
      found: `${show(to)}, which is also read`,
      expected: 'a topic of its own for the new results',
      remedy: `Make one, as '${to}-v2'.`,
    })
  }
  const reading: KafkaSourceOptions<T> = {
    ...options.source,
    kafka,
    group,
    ...(until === undefined ? {} : { until }),
  }
  const settings = { ...sourceSettings(reading), from }
  const cluster = await kafka.connect()
  try {
    const history = await historyOf(cluster, group, settings)
    // Where the group has nothing yet, the source begins where history does.
    const source = kafkaSource({ ...reading, from: history.began ? 'committed' : from })
    const writing = { guarantee: 'exactly-once', ...options.sink, kafka, topic: to } as const
    const sink = kafkaSink<K, V, W>(writing as typeof writing & Committing)
    const job = options.pipeline(group, source, sink).start(options.start)
    const done = watch(cluster, history, job, options)
    // Whoever waits for the job learns of its failure there.
    void done.catch(() => {}).then(() => cluster.close())
    return { job, done }
  } catch (error) {
    await cluster.close()
    throw error
  }
}

type Settings = ReturnType<typeof sourceSettings<unknown>>

/** What is to be made anew, fixed when the replay begins. */
interface History {
  readonly places: readonly PartitionLeader[]
  readonly starts: ReadonlyMap<string, bigint>
  readonly ends: ReadonlyMap<string, bigint>
  readonly group: string
  readonly settings: Settings
  /** It goes on where it was. */
  readonly began: boolean
}

async function historyOf(cluster: Cluster, group: string, settings: Settings): Promise<History> {
  const places = (await topicsOf(cluster, settings.topics, settings)).flatMap(({ partitions }) => partitions)
  const known = await committedOffsets(cluster, group, places, openPatience(settings))
  const starts = await offsetsFrom(cluster, places, settings.from, settings)
  const ends = await endOffsets(cluster, places, settings)
  return { places, starts, ends, group, settings, began: known.size > 0 }
}

async function watch<T, K extends Key, V, W extends TimeWindow | OneWindow>(
  cluster: Cluster,
  history: History,
  job: Job<unknown>,
  { onProgress, to, bar = process.stderr.isTTY, until }: ReplayOptions<T, K, V, W>,
): Promise<ReplayDone> {
  const { clock } = history.settings
  let over = false
  const ended = job.done.finally(() => {
    over = true
  })
  ended.catch(() => {})
  const of = sum(history, ({ start, end }) => end - start)
  let [done, left] = await committed(cluster, history)
  const pace = new Pace(clock, done, of)
  const tell = (): ReplayProgress => {
    const progress = pace.at(done, job.health().watermark)
    onProgress?.(progress)
    if (bar) process.stderr.write(`\r${progressLine(progress)}\u001b[K`)
    return progress
  }
  while (left > 0 && !over) {
    const { over: waited, wake } = pause(clock.wakeAt === undefined ? systemClock : clock, LOOK_EVERY_MS)
    await Promise.race([waited, ended])
    wake()
    ;[done, left] = await committed(cluster, history)
    tell()
  }
  // An end of the input is committed like everything before it.
  if (until === 'end' || over) await ended
  const progress = tell()
  if (bar) process.stderr.write('\n')
  return { ...progress, howToSwitch: howToSwitch(to, history, progress, until) }
}

/** How many offsets of history are committed, and how many are not. */
async function committed(cluster: Cluster, history: History): Promise<readonly [done: number, left: number]> {
  const { group, places, settings } = history
  const known = await committedOffsets(cluster, group, places, openPatience(settings))
  const at = (split: string, start: bigint): bigint => known.get(split)?.offset ?? start
  const done = sum(history, ({ split, start, end }) => min(at(split, start), end) - start)
  return [done, sum(history, ({ split, start, end }) => end - min(at(split, start), end))]
}

function sum(
  { places, starts, ends }: History,
  what: (of: { readonly split: string; readonly start: bigint; readonly end: bigint }) => bigint,
): number {
  let all = 0n
  for (const place of places) {
    const split = splitOf(place)
    const start = starts.get(split) ?? 0n
    const end = ends.get(split) ?? 0n
    if (end > start) all += what({ split, start, end })
  }
  return Number(all)
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function howToSwitch(to: string, { group }: History, { eventTime }: ReplayProgress, until: 'end' | undefined): string {
  const upTo = Number.isFinite(eventTime) ? ` up to ${new Date(eventTime).toISOString()}` : ''
  const goesOn =
    until === undefined
      ? `'${group}' goes on writing to it`
      : "history has ended there, and every window with it (without 'until' it goes on with what comes)"
  return `'${to}' has all results${upTo}: ${goesOn}. Compare it with the topic in use, let readers go on with '${to}', then stop the old job. The old topic and its changelog stay until nobody reads them.`
}
