/**
 * Owns the contract of sources. A source is a description; `open` makes the reader, so a pipeline can start twice.
 * `verifySource` in @tidemark/testing tries to break it.
 */
import type { Key, Position } from './meta.ts'
import type { TaskSplit, TransactionSession } from './transaction.ts'

/** What core uses of a signal: any AbortSignal fits, no DOM or Node types needed. */
export interface Signal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** The unit that owns operators, state and one watermark. In process: one task with all splits. */
export interface Task {
  readonly id: string
  readonly signal: Signal
  /**
   * To a sink: what it is given was made durable before, so that a restart sends the very same panes again and the epoch
   * stays 0. Not so in a job without a checkpoint, and never for a best-effort sink.
   */
  readonly durable?: boolean
  /** To a transactional sink: what it writes into. */
  readonly transaction?: TransactionSession
  /** How many tasks the job has, over all its processes. Default 1. */
  readonly tasks?: number
}

/** What a source can say about one record; every field may be missing. */
export interface RecordInfo {
  readonly key?: Key | undefined
  readonly headers?: ReadonlyMap<string, Uint8Array>
  readonly timestamp?: number
}

/**
 * Consecutive records of one split. `first` is the offset of the first record and `next` the one to continue at;
 * offsets in between follow one by one unless `offsetOf` says otherwise (gaps). `arrivals`, where present, holds the
 * arrival time of each record (a replay), good until the next poll; else a record arrives when its batch does. `caughtUp`
 * tells that the split has nothing more at this moment: only then can it become idle. `finished`: it will never have more.
 */
export interface Batch<out T> {
  readonly split: string
  readonly records: readonly T[]
  readonly first: bigint
  readonly next: bigint
  readonly offsetOf?: (index: number) => bigint
  readonly info?: (index: number) => RecordInfo
  readonly arrivals?: ArrayLike<number>
  readonly caughtUp?: boolean
  readonly finished?: boolean
}

/**
 * Delivers batches. `splits` are those known at opening: each holds the watermark until it has delivered. A split that
 * appears later joins with its first batch. `poll` returns at once when it has something, else a promise; at most one
 * call is outstanding, and a batch holds at most `limit` records. A paused split must not deliver until resumed; `poll`
 * is not called while all are paused.
 * `committed` tells positions up to which everything is safe. After the last split finished, poll is not called again.
 * `caughtUp`, where present, tells whether a split has nothing more at this moment, for sources that read ahead or wait
 * for a server: without it a split counts as caught up while `poll` waits, and only then.
 */
export interface SourceReader<out T> {
  readonly splits: readonly string[]
  readonly poll: (limit: number) => Batch<T> | Promise<Batch<T>>
  readonly pause: (splits: readonly string[]) => void
  readonly resume: (splits: readonly string[]) => void
  readonly caughtUp?: (split: string) => boolean
  readonly committed: (positions: readonly Position[]) => Promise<void>
  readonly close: () => Promise<void>
}

/** Told in the turn in which it is so. */
export interface TaskEvents {
  /** A task is this process's; its records come after this. */
  readonly began: (task: string, splits: readonly TaskSplit[]) => void
  /** No more records of these tasks come; resolve when what has come is committed. */
  readonly revoking: (tasks: readonly string[]) => Promise<void>
  /** No more records of these tasks come, and what is not committed of them must not be. */
  readonly lost: (tasks: readonly string[]) => void
}

/** Reads the tasks that this process has at the moment; positions are committed in transactions, not by `committed`. */
export interface SharedReader<out T> extends SourceReader<T> {
  /** How many tasks there are in all. */
  readonly tasks: number
  /** Whether a batch that was polled is of a task that this process has had ever since. */
  readonly current: (batch: Batch<unknown>) => boolean
  /** Whether records with this key come to the task; keys of the user's own are checked by it. */
  readonly owns: (task: string, key: Key) => boolean
  /** Commits as the owner: no task goes elsewhere meanwhile. Undefined, and not called: others may own them already. */
  readonly asOwner: <R>(work: (owner: unknown) => Promise<R>) => Promise<R | undefined>
  /** Begins all its tasks anew, from what was committed: `began` comes again for each. */
  readonly rewind: () => void
}

/**
 * A place to read from. `seekable` tells whether `open` honours positions: a source that cannot seek is refused
 * together with a checkpoint. Positions name the next offset to read of each split.
 */
export interface Source<out T> {
  readonly kind: string
  readonly seekable: boolean
  /** Records stamped further ahead of their arrival than this do not move the watermark; connectors set 5 minutes. */
  readonly maxAheadMs?: number
  readonly open: (task: Task, positions?: readonly Position[]) => Promise<SourceReader<T>>
  /**
   * Where present, an exactly-once job reads it as one of several processes that share its splits: each has some tasks at
   * a time, which come and go. `Task.id` is the job's name.
   */
  readonly openShared?: (task: Task, events: TaskEvents) => Promise<SharedReader<T>>
}
