/**
 * Owns what makes an interval durable, a checkpoint store or a transactional sink, and what is kept of each task and
 * whether it fits the job that finds it: positions, state, watermark and the interval's panes together, so that a restart
 * publishes no second history.
 */
import { fromJS, is } from 'immutable'
import { StreamError } from '../errors/stream-error.ts'
import type { Position } from '../io/meta.ts'
import type { SavedTask } from '../operator/task-parts.ts'
import { isTransactional } from '../io/sink.ts'
import type { TransactionSession } from '../io/transaction.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { StartOptions } from '../pipeline/job.ts'
import type { Layout } from '../pipeline/layout.ts'
import type { Outbox } from './egress.ts'
import { dividable } from '../io/pieces.ts'

const FORMAT = 1

/** Where a job commits. A checkpoint store has one task, and a save is all of its commit. */
export interface Durable {
  readonly kind: 'checkpoint' | 'transaction'
  readonly everyMs: number
  /** Of a transaction, transactional sinks write into it. */
  readonly session: TransactionSession
}

/** Undefined: nothing of the job is durable. */
export async function openDurable(
  job: string,
  { task, sources }: Compiled,
  { checkpoint: store }: StartOptions,
): Promise<Durable | undefined> {
  const sinks = task.endpoints.filter(({ sink }) => isTransactional(sink))
  const primary = sinks.find(({ role }) => role === 'primary')?.sink
  if (primary !== undefined && isTransactional(primary)) {
    const { everyMs, open } = primary.transactions
    const shared = sources.map(({ source }) => source).filter((source) => source.openShared !== undefined)
    const session = await open({ job, sinks: sinks.map(({ sink }) => sink), sources: shared })
    return { kind: 'transaction', everyMs, session }
  }
  if (store === undefined) return undefined
  const checkpoints = await store.open(job)
  const session: TransactionSession = {
    load: () => checkpoints.load(),
    save: (_, state, pause) => checkpoints.save(state, pause),
    commit: () => Promise.resolve(undefined),
    abort: () => Promise.resolve(),
    close: () => checkpoints.close(),
  }
  return { kind: 'checkpoint', everyMs: store.everyMs, session }
}

export interface Saved {
  readonly format: number
  readonly id: number
  /** What the state belongs to: window stages by name, with what their state depends on. */
  readonly layout: Layout
  readonly positions: readonly (readonly [source: string, position: Position])[]
  readonly task: SavedTask
  readonly outbox: Outbox
  readonly now: number
}

export function checkpoint(fields: Omit<Saved, 'format'>): Saved {
  return dividable({ format: FORMAT, ...fields })
}

/** Takes a stored value for a checkpoint of this job, or says what changed and what to do. */
export function readCheckpoint(stored: unknown, layout: Layout, job: string): Saved {
  const found = stored as Saved
  if (found.format !== FORMAT) {
    throw new StreamError(
      'CHECKPOINT_FORMAT',
      `The checkpoint of '${job}': found format ${found.format}, expected ${FORMAT}. Use the version of Tidemark that wrote it, or start anew with an empty store.`,
    )
  }
  if (is(fromJS(found.layout), fromJS(layout))) return found
  const changes = differences(found.layout, layout)
  throw new StreamError(
    'LAYOUT_CHANGED',
    `The checkpoint of '${job}' belongs to another pipeline: ${changes.join('; ')}. Give the pipeline another name to start anew, or go back to the old definition.`,
  )
}

function differences(before: Layout, now: Layout): readonly string[] {
  const changes: string[] = []
  for (const stage of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [old, fresh] = [before[stage], now[stage]]
    if (old === undefined) changes.push(`'${stage}' is new`)
    else if (fresh === undefined) changes.push(`'${stage}' is gone`)
    else {
      for (const what of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
        if (old[what] !== fresh[what]) changes.push(`${what} of '${stage}' was ${old[what]} and is ${fresh[what]}`)
      }
    }
  }
  return changes
}
