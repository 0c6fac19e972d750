/**
 * Owns checkpoints in a folder: one folder per job in it, the newest two checkpoints in that, and one owner at a time.
 * A checkpoint is there as a whole or not at all, whenever the process or the machine stops.
 *
 * | file | is |
 * |---|---|
 * | `checkpoint-<generation>` | a whole checkpoint; the greatest generation is the newest, whatever the clock said |
 * | `checkpoint-<generation>.damaged` | one that was found damaged and kept aside |
 * | `*.tmp` | what a crash interrupted; removed at the next start |
 * | `lock-<number>` | who owns the folder (see lock.ts) |
 */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { StreamError, configError } from '../errors/stream-error.ts'
import type { CheckpointSession, CheckpointStore, Pause } from '../io/checkpoint.ts'
import { type Duration, toPositiveMs } from '../time/duration.ts'
import { type Files, TEMPORARY, jobFolder, nodeFiles, onDisk, removeFile, syncFolder, writeSynced } from './files.ts'
import { Damage, decodeFrame, encodeFrame } from './frame.ts'
import { type FolderLock, lockFolder } from './lock.ts'
import { type Processes, machineProcesses } from './process-identity.ts'

export interface FolderOptions {
  /** How often a job writes a checkpoint; its results wait that long at most. Default '1s'. */
  readonly every?: Duration
}

const NAME = /^checkpoint-(\d+)(\.damaged)?$/
const KEPT = 2

/**
 * Makes a job durable without a server: positions, state, watermark and the interval's panes go into one file in this
 * folder, at every interval and at the end. Several jobs may share a folder; each must have a name of its own there.
 *
 * Values are kept as structured clones: an instance of a class comes back as a plain object.
 * @throws StreamError BAD_FOLDER, BAD_DURATION; a job's start fails with CHECKPOINT_LOCKED while another process runs it,
 * CHECKPOINT_DAMAGED when there are checkpoints but none is whole; a job fails with CHECKPOINT_NOT_PLAIN,
 * CHECKPOINT_OWNER_LOST or CHECKPOINT_FAILED
 * @example pipeline.start({ checkpoint: folder('./state', { every: '5s' }) })
 */
export function folder(path: string, options: FolderOptions = {}): CheckpointStore {
  return folderOn(nodeFiles, machineProcesses, path, options)
}

/** `folder` on a file system and processes handed in. */
export function folderOn(
  files: Files,
  processes: Processes,
  path: string,
  options: FolderOptions = {},
): CheckpointStore {
  if (typeof path !== 'string' || path === '') {
    throw configError('BAD_FOLDER', "'path' of folder", {
      found: path,
      expected: 'the path of a folder',
      remedy: 'It is made when it is not there.',
    })
  }
  const everyMs = toPositiveMs(options.every ?? '1s', "'every' of folder")
  const root = resolve(path)
  return Object.freeze({
    kind: `folder(${path})`,
    everyMs,
    open: async (job) => {
      const at = jobFolder(root, job, (text) => createHash('sha256').update(text).digest('hex'))
      return onDisk(`Opening the checkpoints of '${job}'`, at, async () => {
        await files.mkdir(at, { recursive: true })
        await syncFolder(files, root)
        return new FolderSession(at, job, files, await lockFolder(at, job, files, processes))
      })
    },
  } satisfies CheckpointStore)
}

class FolderSession implements CheckpointSession {
  readonly #at: string
  readonly #job: string
  readonly #files: Files
  readonly #lock: FolderLock
  /** Generations that may be whole, oldest first; undefined: the folder has not been looked at. */
  #kept: number[] | undefined
  #newest = 0

  constructor(at: string, job: string, files: Files, lock: FolderLock) {
    this.#at = at
    this.#job = job
    this.#files = files
    this.#lock = lock
  }

  load(): Promise<unknown> {
    return onDisk(`Loading the checkpoint of '${this.#job}'`, this.#at, async () => {
      const { kept, damaged } = await this.#look()
      const findings = damaged.map((generation) => `${this.#name(generation)}.damaged set aside before`)
      const torn: number[] = []
      for (let i = kept.length - 1; i >= 0; i--) {
        const generation = kept[i] as number
        const path = join(this.#at, this.#name(generation))
        const read = decodeFrame(path, await this.#files.readFile(path))
        if (!(read instanceof Damage)) {
          await this.#setAside(torn)
          return read.value
        }
        torn.push(generation)
        findings.push(`${this.#name(generation)} with ${read.reason}`)
      }
      if (findings.length === 0) return undefined
      throw new StreamError(
        'CHECKPOINT_DAMAGED',
        `The checkpoints of '${this.#job}' in '${this.#at}': found ${findings.join('; ')}; expected one that is whole. Put a backup there, or delete the folder to start anew from the beginning of the sources.`,
      )
    })
  }

  save(checkpoint: unknown, pause?: Pause): Promise<void> {
    const files = this.#files
    return onDisk(`Saving the checkpoint of '${this.#job}'`, this.#at, async () => {
      await this.#lock.verify()
      const frame = await encodeFrame(this.#job, checkpoint, pause)
      if (this.#kept === undefined) await this.#look()
      const kept = this.#kept as number[]
      const generation = ++this.#newest
      const path = join(this.#at, this.#name(generation))
      try {
        await writeSynced(files, `${path}${TEMPORARY}`, frame)
        // Writing took a while: a file under its final name must be the owner's.
        await this.#lock.verify()
        await files.rename(`${path}${TEMPORARY}`, path)
      } catch (cause) {
        await removeFile(files, `${path}${TEMPORARY}`).catch(() => {})
        throw cause
      }
      kept.push(generation)
      await syncFolder(files, this.#at)
      while (kept.length > KEPT) {
        await removeFile(files, join(this.#at, this.#name(kept[0] as number)))
        kept.shift()
      }
    })
  }

  close(): Promise<void> {
    return onDisk(`Closing the checkpoints of '${this.#job}'`, this.#at, () => this.#lock.release())
  }

  /** Takes stock, and removes what a crash left half-written. */
  async #look(): Promise<{ readonly kept: readonly number[]; readonly damaged: readonly number[] }> {
    const kept: number[] = []
    const damaged: number[] = []
    for (const name of await this.#files.readdir(this.#at)) {
      const [, generation, aside] = NAME.exec(name) ?? []
      if (name.endsWith(TEMPORARY)) await removeFile(this.#files, join(this.#at, name))
      else if (generation !== undefined) (aside === undefined ? kept : damaged).push(Number(generation))
    }
    this.#kept = kept.sort((a, b) => a - b)
    this.#newest = Math.max(0, ...kept, ...damaged)
    return { kept: [...kept], damaged }
  }

  /** Keeps damaged checkpoints for whoever wants to know, under a name that says so. */
  async #setAside(torn: readonly number[]): Promise<void> {
    if (torn.length === 0) return
    for (const generation of torn) {
      const path = join(this.#at, this.#name(generation))
      await this.#files.rename(path, `${path}.damaged`)
    }
    this.#kept = this.#kept?.filter((generation) => !torn.includes(generation))
    await syncFolder(this.#files, this.#at)
  }

  #name(generation: number): string {
    return `checkpoint-${String(generation).padStart(12, '0')}`
  }
}
