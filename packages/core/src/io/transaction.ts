/**
 * Owns the contract of exactly-once: a system that keeps results, state and positions, and decides an interval of all
 * three together. After a crash at any instant either all of an interval is there or none of it. What two-phase commit
 * is for systems that take part one by one, one transaction is for a system that has everything (KIP-447).
 */
import type { StreamError } from '../errors/stream-error.ts'
import type { Pause } from './checkpoint.ts'
import type { Position } from './meta.ts'

/** How far a split was read, and what its watermark is there. */
export interface ReadPosition extends Position {
  readonly watermark: number
}

/** What is decided together with results and states: positions of a shared source, and who owns the splits. */
export interface SharedPositions {
  readonly positions: readonly ReadPosition[]
  /** As `SharedReader.asOwner` says it. */
  readonly owner: unknown
}

/** Where a split of a task begins. */
export interface TaskSplit {
  readonly split: string
  readonly offset: bigint
  /** What was committed beside the offset; empty where nothing was. */
  readonly metadata: string
}

/**
 * One process's transactions, one after the other: whatever is written or saved belongs to the one that is open. Calls
 * do not overlap.
 */
export interface TransactionSession {
  /**
   * What `save` made durable of a task by the last commit; undefined where there is none. An interval that was decided is
   * waited for; whoever wrote for the task before cannot commit any more. `splits`: where a shared source begins it.
   */
  load(task: string, splits: readonly TaskSplit[]): Promise<unknown>
  /** The state of a task at the end of the interval; durable with the commit. Takes what it needs of the value at once. */
  save(task: string, state: unknown, pause: Pause): Promise<void>
  /**
   * Decides everything since the last commit. Resolves with an error where it was aborted, and the same work may succeed
   * when done again from what was committed last. Throws what does not pass: the job fails.
   */
  commit(shared?: SharedPositions): Promise<StreamError | undefined>
  /** Drops everything since the last commit. */
  abort(): Promise<void>
  /** What is not committed is dropped. */
  close(): Promise<void>
}

/** What a system with transactions is told when a job opens it. */
export interface TransactionOptions {
  readonly job: string
  /** Every transactional sink of the job, as the user made it. */
  readonly sinks: readonly object[]
  /** Sources that other processes of the job read too. */
  readonly sources: readonly object[]
}

export interface Transactions {
  readonly kind: string
  /** How often a job commits, ms. */
  readonly everyMs: number
  /** Sinks with the same one share transactions. */
  readonly domain: object
  readonly open: (options: TransactionOptions) => Promise<TransactionSession>
}
