/**
 * Owns what a checkpoint of a job holds and whether it fits the job that finds it: positions, state, watermark and the
 * interval's panes together, so that a restart publishes no second history.
 */
import { fromJS, is } from 'immutable'
import { StreamError } from '../errors/stream-error.ts'
import type { Position } from '../io/meta.ts'
import type { SavedTask } from '../operator/task-parts.ts'
import type { Layout } from '../pipeline/layout.ts'
import type { Outbox } from './egress.ts'
import { dividable } from '../io/pieces.ts'

const FORMAT = 1

export interface Checkpoint {
  readonly format: number
  readonly id: number
  /** What the state belongs to: window stages by name, with what their state depends on. */
  readonly layout: Layout
  readonly positions: readonly (readonly [source: string, position: Position])[]
  readonly task: SavedTask
  readonly outbox: Outbox
  readonly now: number
}

export function checkpoint(fields: Omit<Checkpoint, 'format'>): Checkpoint {
  return dividable({ format: FORMAT, ...fields })
}

/** Takes a stored value for a checkpoint of this job, or says what changed and what to do. */
export function readCheckpoint(stored: unknown, layout: Layout, job: string): Checkpoint {
  const found = stored as Checkpoint
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
