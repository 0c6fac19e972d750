/**
 * Owns the contract of checkpoint stores: one newest state of a job, written as a whole or not at all.
 * `verifyCheckpointStore` in @tidemark/testing tries to break it.
 */

import { reasonOf } from '../errors/stream-error.ts'
import { notPlain } from './not-plain.ts'
import { type Piece, joined, piecesOf } from './pieces.ts'

/** Gives the host its turn when one is due: a promise then, else nothing. */
export type Pause = () => Promise<void> | undefined

/** One job's access to its checkpoints; exclusive until closed. */
export interface CheckpointSession {
  /** The newest checkpoint that is whole; undefined when there is none. */
  load(): Promise<unknown>
  /**
   * Resolves when the checkpoint is durable. The value is structured-cloneable and does not change before then.
   * `pause` is for stores with much to do at a time: what it returns is to be awaited before they go on.
   */
  save(checkpoint: unknown, pause?: Pause): Promise<void>
  close(): Promise<void>
}

/** Where a job without Kafka keeps positions, state, watermark and the panes of the interval. */
export interface CheckpointStore {
  readonly kind: string
  /** How often a job writes one, ms. */
  readonly everyMs: number
  readonly open: (job: string) => Promise<CheckpointSession>
}

declare const structuredClone: <T>(value: T) => T

/** Checkpoints in memory: for tests of what a restart does. Keeps the newest per job. */
export function memoryCheckpoints(options: { readonly everyMs?: number } = {}): CheckpointStore {
  const kept = new Map<string, readonly (readonly Piece[])[]>()
  return {
    kind: 'memoryCheckpoints()',
    everyMs: options.everyMs ?? 1_000,
    open: async (job) => ({
      load: async () => {
        const groups = kept.get(job)
        return groups === undefined ? undefined : joined(groups.map(copied))
      },
      save: async (checkpoint, pause) => {
        const groups: (readonly Piece[])[] = []
        for (const group of copiedGroups(job, checkpoint)) {
          groups.push(group)
          const turn = pause?.()
          if (turn !== undefined) await turn
        }
        kept.set(job, groups)
      },
      close: async () => {},
    }),
  }
}

function* copiedGroups(job: string, checkpoint: unknown): Generator<readonly Piece[], void> {
  try {
    for (const group of piecesOf(checkpoint)) yield copied(group)
  } catch (cause) {
    throw notPlain(`The checkpoint of '${job}'`, `what cannot be cloned (${reasonOf(cause)})`, cause)
  }
}

function copied(group: readonly Piece[]): readonly Piece[] {
  return group.map((piece) => (isOurs(piece) ? piece : structuredClone(piece)))
}

/** A piece that nobody can change: made by the engine for this checkpoint, with no object of a user's in it. */
function isOurs(piece: Piece): boolean {
  if (piece.is === 'whole') return isPrimitive(piece.value)
  return piece.is !== 'run' || piece.values.every(isPrimitive)
}

function isPrimitive(value: unknown): boolean {
  if (typeof value === 'object') return value === null
  return typeof value !== 'function' && typeof value !== 'symbol'
}
