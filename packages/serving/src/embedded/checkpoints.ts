/** Owns checkpoints in a folder that holds other things too, for jobs that write elsewhere. */
import { type CheckpointStore, type Duration, periodMs } from '@tidemark/core'
import { type FolderOptions, checkFolder, openFolder } from './environment.ts'
import { JobSession } from './job-session.ts'

export interface EmbeddedCheckpointsOptions extends FolderOptions {
  /** How often a job writes one. Default '1s'. */
  readonly every?: Duration
}

const TASK = 'checkpoint'

/**
 * Checkpoints beside results in a folder on LMDB; of a state only the parts that have changed are written. A job that is
 * started a second time goes on, and the first fails with FENCED. Needs the optional peer `lmdb`; without it see `folder`
 * of `@tidemark/core/folder`.
 * @throws StreamError BAD_EMBEDDED, BAD_DURATION; a job fails with FENCED, EMBEDDED_FULL and CHECKPOINT_NOT_PLAIN
 * @example pipeline.start({ checkpoint: embeddedCheckpoints({ path: './results' }) })
 */
export function embeddedCheckpoints(options: EmbeddedCheckpointsOptions): CheckpointStore {
  checkFolder('embeddedCheckpoints', options)
  return Object.freeze({
    kind: `embeddedCheckpoints(${options.path})`,
    everyMs: periodMs(options.every ?? '1s', "'every' of embeddedCheckpoints"),
    open: async (name) => {
      const job = new JobSession(openFolder(options), name)
      return {
        load: () => job.load(TASK),
        save: async (checkpoint, pause = () => undefined) => {
          await job.save(TASK, checkpoint, pause)
          await job.commit()
        },
        close: () => job.close(),
      }
    },
  } satisfies CheckpointStore)
}
