/** Owns the contract of checkpoint stores: one newest state of a job, written as a whole or not at all. */

import { StreamError } from '../errors/stream-error.ts'

/** One job's access to its checkpoints; exclusive until closed. */
export interface CheckpointSession {
  /** The newest checkpoint that is whole; undefined when there is none. */
  load(): Promise<unknown>
  /** Resolves when the checkpoint is durable. The value is structured-cloneable. */
  save(checkpoint: unknown): Promise<void>
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
  const kept = new Map<string, unknown>()
  return {
    kind: 'memoryCheckpoints()',
    everyMs: options.everyMs ?? 1_000,
    open: async (job) => ({
      load: async () => structuredClone(kept.get(job)),
      save: async (checkpoint) => {
        try {
          kept.set(job, structuredClone(checkpoint))
        } catch (cause) {
          throw new StreamError(
            'CHECKPOINT_NOT_PLAIN',
            `The checkpoint of '${job}': found what cannot be cloned (${String(cause)}), expected plain values (objects, arrays, Map, Set, Date, bigint, bytes). Keep only such values in records, keys and accumulators, or give the aggregator encode and decode.`,
            { cause },
          )
        }
      },
      close: async () => {},
    }),
  }
}
