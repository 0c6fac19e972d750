/**
 * Owns that one process at a time owns a job's folder, also after an owner was killed. Locks are numbered files; the
 * highest number owns. A number is taken by creating its file (which only one process can), never by removing or
 * overwriting one that another may have taken meanwhile, and the highest file is never removed: a released lock stays as
 * a note. So two processes that find the same dead owner both try for the same next number, and one gets it.
 *
 * Deliberately no lease: an owner that stands still for long keeps its lock. Every save asks `verify` first, so an owner
 * whose lock was taken all the same (on a machine that cannot tell, by a person) notices before it writes.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { StreamError } from '../errors/stream-error.ts'
import { type Files, TEMPORARY, errno, removeFile, syncFolder, writeSynced } from './files.ts'
import type { Liveness, ProcessIdentity, Processes } from './process-identity.ts'

/** What a lock file says, as JSON. */
interface LockNote extends ProcessIdentity {
  readonly token: string
  readonly released?: true
}

const NAME = /^lock-(\d+)$/
/** A file system without hard links shows a lock a moment before it is written. */
const READ_ATTEMPTS = 20
const READ_PAUSE_MS = 10
const TAKE_ATTEMPTS = 1_000

export interface FolderLock {
  /** @throws StreamError CHECKPOINT_OWNER_LOST when somebody else owns the folder now */
  readonly verify: () => Promise<void>
  readonly release: () => Promise<void>
}

/** @throws StreamError CHECKPOINT_LOCKED while a live process owns the folder */
export async function lockFolder(folder: string, job: string, files: Files, processes: Processes): Promise<FolderLock> {
  const note: LockNote = { ...(await processes.self()), token: randomUUID() }
  const temporary = join(folder, `lock-${note.token}${TEMPORARY}`)
  for (let attempt = 0; attempt < TAKE_ATTEMPTS; attempt++) {
    const highest = await highestLock(folder, files)
    if (highest > 0) await refuseLive(folder, highest, job, note, files, processes)
    const mine = join(folder, `lock-${highest + 1}`)
    await writeSynced(files, temporary, [encode(note)])
    const taken = await create(temporary, mine, note, files)
    await removeFile(files, temporary)
    if (!taken) continue
    // Whoever took a higher number meanwhile may have removed the one we found: then we are too late.
    if ((await highestLock(folder, files)) !== highest + 1) {
      await removeFile(files, mine)
      continue
    }
    await syncFolder(files, folder)
    await removeLower(folder, highest + 1, files)
    return held(folder, highest + 1, note, job, files)
  }
  throw new StreamError(
    'CHECKPOINT_LOCKED',
    `The checkpoint folder of '${job}' ('${folder}'): found others taking its lock ${TAKE_ATTEMPTS} times in a row, expected to get it. Start one process per job.`,
    { retryable: true },
  )
}

function held(folder: string, number: number, note: LockNote, job: string, files: Files): FolderLock {
  const path = join(folder, `lock-${number}`)
  const isOurs = async (): Promise<boolean> => {
    if ((await highestLock(folder, files)) !== number) return false
    const found = await read(path, files)
    return found?.token === note.token && found.released !== true
  }
  return {
    verify: async () => {
      if (await isOurs()) return
      const highest = await highestLock(folder, files)
      const owner = highest === 0 ? undefined : await read(join(folder, `lock-${highest}`), files)
      const found =
        owner === undefined
          ? 'no readable lock'
          : owner.released === true
            ? 'a released lock'
            : `the lock of process ${owner.pid} on '${owner.host}'`
      throw new StreamError(
        'CHECKPOINT_OWNER_LOST',
        `The checkpoint folder of '${job}' ('${folder}'): found ${found}, expected the one process ${note.pid} took when it opened the folder. Nothing was written; let the new owner go on, and start one process per job.`,
      )
    },
    release: async () => {
      if (!(await isOurs())) return
      const temporary = `${path}-released${TEMPORARY}`
      await writeSynced(files, temporary, [encode({ ...note, released: true })])
      await files.rename(temporary, path)
      await syncFolder(files, folder)
    },
  }
}

async function refuseLive(
  folder: string,
  number: number,
  job: string,
  own: ProcessIdentity,
  files: Files,
  processes: Processes,
): Promise<void> {
  const path = join(folder, `lock-${number}`)
  const owner = await readPatiently(path, files)
  if (owner === undefined || owner.released === true) return
  const liveness: Liveness = await processes.liveness(owner)
  if (liveness === 'dead') return
  const remedy =
    liveness === 'elsewhere'
      ? `If that host is gone for good, delete '${path}' and start again.`
      : owner.pid === own.pid
        ? 'This process runs a job of that name already: drain it first, or give this one another name.'
        : `Stop process ${owner.pid} first, or give this job another name or folder.`
  throw new StreamError(
    'CHECKPOINT_LOCKED',
    `The checkpoint folder of '${job}' ('${folder}'): found it in use by process ${owner.pid} on '${owner.host}', expected no other owner. ${remedy}`,
    { retryable: true },
  )
}

/** Makes the lock appear with its whole content, or not at all; false: somebody was faster. */
async function create(temporary: string, mine: string, note: LockNote, files: Files): Promise<boolean> {
  try {
    try {
      await files.link(temporary, mine)
    } catch (cause) {
      // EEXIST: taken. ENOENT: the owner who tidied up took our temporary file for a leftover.
      if (errno(cause) === 'EEXIST' || errno(cause) === 'ENOENT') return false
      // No hard links here (exFAT, some network mounts).
      await writeSynced(files, mine, [encode(note)], 'wx')
    }
    return true
  } catch (cause) {
    if (errno(cause) === 'EEXIST') return false
    throw cause
  }
}

async function highestLock(folder: string, files: Files): Promise<number> {
  const names = await files.readdir(folder)
  return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)))
}

async function removeLower(folder: string, than: number, files: Files): Promise<void> {
  for (const name of await files.readdir(folder)) {
    const number = Number(NAME.exec(name)?.[1] ?? than)
    if (number < than) await removeFile(files, join(folder, name))
  }
}

function encode(note: LockNote): Uint8Array {
  return Buffer.from(`${JSON.stringify(note)}\n`)
}

async function read(path: string, files: Files): Promise<LockNote | undefined> {
  try {
    const note = JSON.parse(Buffer.from(await files.readFile(path)).toString('utf8')) as Partial<LockNote> | null
    return typeof note?.token === 'string' && typeof note.pid === 'number' && typeof note.host === 'string'
      ? (note as LockNote)
      : undefined
  } catch (cause) {
    if (cause instanceof SyntaxError || errno(cause) === 'ENOENT') return undefined
    throw cause
  }
}

/** Undefined: the lock is gone, or nobody finished writing it, so its owner died doing so. */
async function readPatiently(path: string, files: Files): Promise<LockNote | undefined> {
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const note = await read(path, files)
    if (note !== undefined) return note
    await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS))
  }
  return undefined
}
