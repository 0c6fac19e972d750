/**
 * Owns what a folder store does to a file system, so that what it writes is whole whenever it appears: a temporary file,
 * fsync, rename, fsync of the folder. `Files` is the slice of node:fs/promises it needs; tests hand in one that stops.
 */
import { link, mkdir, open, readFile, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { StreamError } from '../errors/stream-error.ts'

export interface OpenFile {
  /** Again: goes on where the last one ended. */
  readonly writeFile: (bytes: Uint8Array) => Promise<void>
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface Files {
  readonly mkdir: (path: string, options: { readonly recursive: true }) => Promise<unknown>
  readonly open: (path: string, flags: 'r' | 'w' | 'wx') => Promise<OpenFile>
  readonly readFile: (path: string) => Promise<Uint8Array>
  readonly readdir: (path: string) => Promise<readonly string[]>
  readonly rename: (from: string, to: string) => Promise<void>
  readonly unlink: (path: string) => Promise<void>
  readonly link: (existing: string, fresh: string) => Promise<void>
}

export const nodeFiles: Files = { mkdir, open, readFile, readdir: (path) => readdir(path), rename, unlink, link }

export const TEMPORARY = '.tmp'

/** Writes a file, chunk by chunk, and makes its content durable; its name is not durable before the folder is synced. */
export async function writeSynced(
  files: Files,
  path: string,
  chunks: readonly Uint8Array[],
  flags: 'w' | 'wx' = 'w',
): Promise<void> {
  const file = await files.open(path, flags)
  try {
    for (const chunk of chunks) await file.writeFile(chunk)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(files: Files, path: string): Promise<void> {
  // Windows has no fsync of folders; there the names are durable with the journal.
  if (process.platform === 'win32') return
  const folder = await files.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Removes a file; one that is gone is fine. */
export async function removeFile(files: Files, path: string): Promise<void> {
  await files.unlink(path).catch((cause: unknown) => {
    if (errno(cause) !== 'ENOENT') throw cause
  })
}

export function errno(cause: unknown): string | undefined {
  return (cause as { readonly code?: string } | undefined)?.code
}

/** Runs work on a folder; what the file system refuses becomes a StreamError that says where and what to look at. */
export async function onDisk<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof StreamError) throw cause
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new StreamError(
      'CHECKPOINT_FAILED',
      `${what} in '${path}': found ${text}, expected a folder this process may read and write. Check its space, rights and mount; the last checkpoint is untouched.`,
      { cause, retryable: true },
    )
  }
}

/**
 * A job's folder: readable for plain names, one-to-one for all of them, and never two names that differ in case only.
 * Names too long for a file system end in a digest.
 */
export function jobFolder(path: string, job: string, digest: (text: string) => string): string {
  const encoded = job.replace(/[^a-z0-9_-]/g, (unit) => {
    const code = unit.charCodeAt(0)
    return code < 256 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`
  })
  return join(path, `job-${encoded.length <= 150 ? encoded : `${encoded.slice(0, 100)}%-${digest(job)}`}`)
}
