/**
 * Owns an archive and what goes on behind it as one source: history from where it is kept, then the log from where the
 * archive ends, without a gap and without an overlap. The archive's last split holds the watermark until every split of
 * the log has said something, so that none of them comes too late by being read later.
 */
import { configError } from '../errors/stream-error.ts'
import { toSource } from './inputs.ts'
import type { Position } from './meta.ts'
import type { Batch, Source, SourceReader, Task } from './source.ts'

export interface FollowedByOptions {
  /**
   * Where the archive ends: of each split of the log the first offset that is not in it. A split that is not named begins
   * where the log begins by itself. Part of the archive: the same at every start.
   */
  readonly from: readonly Position[]
}

/** In front of the archive's splits; no topic of Kafka has a name with it. */
const ARCHIVE = 'archive:'

const withGroup: WeakSet<Source<unknown>> = new WeakSet()

/** Whether a group would share the log behind an archive, were it read by itself. */
export function followsGroup(source: Source<unknown>): boolean {
  return withGroup.has(source)
}

/**
 * Reads the archive, a source or what `from` takes for one, to its end, then the log from there. A log that does not
 * reach back so far any more fails as it does for any position (OFFSET_LOST for Kafka). With a checkpoint both must be
 * able to seek, and a restart goes on in whichever it was. One process reads it: an exactly-once job refuses a log that
 * a group shares.
 * @throws StreamError BAD_ARCHIVE for a log that cannot seek, or a split that is named twice
 * @example from(followedBy(replay(days), kafkaSource({ … }), { from: [{ split: 'views/0', offset: 1_200n }] }))
 */
export function followedBy<A, T>(
  before: Source<A> | Iterable<A> | AsyncIterable<A>,
  log: Source<T>,
  { from }: FollowedByOptions,
): Source<A | T> {
  const archive = toSource(before) as Source<A>
  const names = from.map(({ split }) => split)
  if (!log.seekable || new Set(names).size < names.length) {
    throw configError('BAD_ARCHIVE', `followedBy of ${archive.kind} and ${log.kind}`, {
      saw: log.seekable ? `a split named twice in 'from': ${names.join(', ')}` : 'a log that cannot seek',
      expected: 'a log that can be read from where the archive ends, and one such place for each of its splits',
      remedy: 'Name of each split the first offset that the archive does not hold.',
    })
  }
  const aheads = [archive.maxAheadMs, log.maxAheadMs].filter((one) => one !== undefined)
  const followed = Object.freeze({
    kind: `${archive.kind} followed by ${log.kind}`,
    seekable: archive.seekable,
    ...(aheads.length === 0 ? {} : { maxAheadMs: Math.max(...aheads) }),
    open: async (task: Task, positions?: readonly Position[]) => {
      const known = positions ?? []
      const inArchive = known.filter(({ split }) => split.startsWith(ARCHIVE)).map(bare)
      const inLog = known.filter(({ split }) => !split.startsWith(ARCHIVE))
      const begun = new Set(inLog.map(({ split }) => split))
      const begin = [...from.filter(({ split }) => !begun.has(split)), ...inLog]
      const reader = await archive.open(task, positions === undefined ? undefined : inArchive)
      const both = new FollowedReader<A | T>(reader, () => log.open(task, begin))
      // Nothing in it would say that it has ended.
      if (reader.splits.length === 0) await both.goOn()
      return both
    },
  } satisfies Source<A | T>)
  if (log.openShared !== undefined) withGroup.add(followed)
  return followed
}

function bare({ split, offset }: Position): Position {
  return { split: split.slice(ARCHIVE.length), offset }
}

class FollowedReader<T> implements SourceReader<T> {
  readonly #archive: SourceReader<T>
  readonly #openLog: () => Promise<SourceReader<T>>
  readonly #unfinished: Set<string>
  /** Splits of the log that have said nothing yet; undefined: it is not read yet. */
  #silent: Set<string> | undefined
  #log: SourceReader<T> | undefined
  /** The end of the archive's last split, held back. */
  #end: Batch<T> | undefined
  readonly #paused: Set<string> = new Set()
  #waits = false

  constructor(archive: SourceReader<T>, openLog: () => Promise<SourceReader<T>>) {
    this.#archive = archive
    this.#openLog = openLog
    this.#unfinished = new Set(archive.splits)
  }

  get splits(): readonly string[] {
    return this.#archive.splits.length === 0
      ? (this.#log?.splits ?? [])
      : this.#archive.splits.map((split) => ARCHIVE + split)
  }

  /** From here on the log is read. */
  async goOn(): Promise<void> {
    const log = await this.#openLog()
    log.pause([...this.#paused].filter((split) => !split.startsWith(ARCHIVE)))
    this.#log = log
    this.#silent = new Set(log.splits)
  }

  poll(limit: number): Batch<T> | Promise<Batch<T>> {
    return this.#log === undefined ? this.#ofArchive(limit) : this.#ofLog(this.#log, limit)
  }

  async #ofArchive(limit: number): Promise<Batch<T>> {
    const batch = await this.#archive.poll(limit)
    const named = { ...batch, split: ARCHIVE + batch.split }
    this.#unfinished.add(batch.split)
    if (batch.finished !== true) return named
    this.#unfinished.delete(batch.split)
    if (this.#unfinished.size > 0) return named
    const { split, next } = named
    this.#end = { split, records: [], first: next, next, finished: true }
    await this.goOn()
    return { ...named, finished: false }
  }

  async #ofLog(log: SourceReader<T>, limit: number): Promise<Batch<T>> {
    if (this.#end !== undefined && this.#silent?.size === 0 && !this.#paused.has(this.#end.split)) {
      const end = this.#end
      this.#end = undefined
      return end
    }
    this.#waits = true
    try {
      const batch = await log.poll(limit)
      this.#silent?.delete(batch.split)
      return batch
    } finally {
      this.#waits = false
    }
  }

  readonly caughtUp = (split: string): boolean => {
    if (split.startsWith(ARCHIVE))
      return this.#log === undefined ? (this.#archive.caughtUp?.(split.slice(ARCHIVE.length)) ?? false) : this.#waits
    return this.#log?.caughtUp?.(split) ?? this.#waits
  }

  pause(splits: readonly string[]): void {
    this.#each(splits, 'pause')
  }

  resume(splits: readonly string[]): void {
    this.#each(splits, 'resume')
  }

  async committed(positions: readonly Position[]): Promise<void> {
    const inLog = positions.filter(({ split }) => !split.startsWith(ARCHIVE))
    const inArchive = positions.filter(({ split }) => split.startsWith(ARCHIVE)).map(bare)
    if (inArchive.length > 0) await this.#archive.committed(inArchive)
    if (inLog.length > 0) await this.#log?.committed(inLog)
  }

  async close(): Promise<void> {
    await Promise.all([this.#archive.close(), this.#log?.close()])
  }

  #each(splits: readonly string[], what: 'pause' | 'resume'): void {
    for (const split of splits) {
      if (what === 'pause') this.#paused.add(split)
      else this.#paused.delete(split)
    }
    const inArchive = splits.filter((split) => split.startsWith(ARCHIVE)).map((split) => split.slice(ARCHIVE.length))
    const inLog = splits.filter((split) => !split.startsWith(ARCHIVE))
    if (inArchive.length > 0) this.#archive[what](inArchive)
    if (inLog.length > 0) this.#log?.[what](inLog)
  }
}
