/**
 * Owns a folder with an LMDB environment: one per folder and process, shared by everything that is kept there and closed
 * with its last user. Every write is one transaction, there as a whole or not at all whenever the process or the machine
 * stops; several processes may have a folder open, and their writes come one after the other. What does not fit, or is
 * damaged, is said in words.
 */
import { join, resolve } from 'node:path'
import { StreamError, problem } from '@tidemark/core'
import { type RootDatabase, open } from 'lmdb'
import { textOf } from '../text-of.ts'
import { damageOf } from './intact.ts'

export type Database = RootDatabase<Buffer, Buffer>

export interface FolderOptions {
  /** The folder; made when it is not there. On a disk of this machine: network file systems lose locks. */
  readonly path: string
  /** How large its file may become, bytes; 16 GiB if not given. */
  readonly maxBytes?: number
  /**
   * Whether what is acknowledged has waited for the disk. Default true. False: many times faster; it outlives the process,
   * but where the machine stops the folder may be damaged, and is to be filled anew. The same for all of a folder.
   */
  readonly sync?: boolean
}

export interface Environment {
  readonly db: Database
  /** One transaction: what `work` throws undoes it. Seen by everybody when this returns, durable with `flushed`. */
  readonly write: <T>(work: () => T) => T
  readonly read: <T>(work: () => T) => T
  /** Resolves when all that was written is on the disk; at once without `sync`. */
  readonly flushed: () => Promise<void>
  /** Told of every write of this process. Stops being told when called. */
  readonly onWrite: (listener: () => void) => () => void
  readonly close: () => Promise<void>
}

/** lmdb: undone when it fails, seen when it returns, flushed behind. */
const COMMITTED = 1 | 2 | 0x1_0000
const DEFAULT_MAX_BYTES = 16 * 2 ** 30
const LEAST_BYTES = 2 ** 20
/** So many writes go by between two looks at the size: a look costs as much as a small write. */
const LOOK_EVERY = 8
/** LMDB's name for it. */
const FILE = 'data.mdb'

interface Shared {
  readonly db: Database
  readonly sync: boolean
  readonly listeners: Set<() => void>
  users: number
}
const environments = new Map<string, Shared>()

/** @throws StreamError BAD_EMBEDDED for options that do not fit */
export function checkFolder(what: string, { path, maxBytes = DEFAULT_MAX_BYTES }: FolderOptions): void {
  if (typeof path !== 'string' || path === '')
    throw problem('BAD_EMBEDDED', `'path' of ${what}`, {
      found: typeof path === 'string' ? "''" : typeof path,
      expected: 'the path of a folder',
      remedy: 'It is made when it is not there.',
    })
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LEAST_BYTES)
    throw problem('BAD_EMBEDDED', `'maxBytes' of ${what}`, {
      found: String(maxBytes),
      expected: `a whole number of bytes, at least ${LEAST_BYTES}`,
      remedy: 'Leave it out for 16 GiB.',
    })
}

/** @throws StreamError EMBEDDED_DAMAGED where the folder cannot be opened, BAD_EMBEDDED where it is open in another way */
export function openFolder({ path, maxBytes = DEFAULT_MAX_BYTES, sync = true }: FolderOptions): Environment {
  const at = resolve(path)
  let shared = environments.get(at)
  if (shared === undefined)
    environments.set(at, (shared = { db: opened(at, sync), sync, listeners: new Set(), users: 0 }))
  if (shared.sync !== sync)
    throw problem('BAD_EMBEDDED', `'sync' of the embedded store in '${at}'`, {
      found: `${sync} beside ${shared.sync}`,
      expected: 'the same for everything in a folder',
      remedy: 'Give it to all of them, or to none.',
    })
  const { db, listeners } = shared
  shared.users++
  let isOpen = true
  let [writes, size] = [0, 0]
  return {
    db,
    write: (work) => {
      if (!isOpen) throw closed(at)
      if (writes++ % LOOK_EVERY === 0) size = sizeOf(db)
      if (size > maxBytes) throw full(at, `${(size = sizeOf(db))} bytes`, `at most ${maxBytes}`)
      const result = checked(at, () => db.transactionSync(work, COMMITTED))
      for (const listener of listeners) listener()
      return result
    },
    read: (work) => {
      if (!isOpen) throw closed(at)
      return checked(at, work)
    },
    flushed: async () => void (sync && (await db.flushed)),
    onWrite: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: async () => {
      if (!isOpen) return
      isOpen = false
      if (--shared.users > 0) return
      environments.delete(at)
      await db.flushed
      await db.close()
    },
  }
}

function opened(at: string, sync: boolean): Database {
  try {
    const damage = damageOf(join(at, FILE))
    if (damage !== undefined) throw damaged(at, damage)
    const how = sync ? {} : { noSync: true, overlappingSync: false }
    return open<Buffer, Buffer>({ path: at, encoding: 'binary', keyEncoding: 'binary', noSubdir: false, ...how })
  } catch (cause) {
    if (cause instanceof StreamError) throw cause
    throw damaged(at, textOf(cause), cause)
  }
}

/** What LMDB and the disk say, in words of ours. */
function checked<T>(at: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const text = textOf(cause)
    if (/ENOSPC|No space|MAP_FULL|mapsize/i.test(text)) throw full(at, text, 'space', cause)
    if (/MDB_(CORRUPTED|PAGE_NOTFOUND|INVALID|PANIC|BAD_TXN)|Input\/output/i.test(text)) throw damaged(at, text, cause)
    throw cause
  }
}

function damaged(at: string, found: string, cause?: unknown): StreamError {
  return new StreamError(
    'EMBEDDED_DAMAGED',
    `The embedded store in '${at}': found ${found}, expected a folder that this process may read and write, with what LMDB has written there or nothing. Check rights and disk; if the file is damaged, put a backup there, or move the folder away and fill it anew from the sources.`,
    { cause },
  )
}

/** Pages that were freed are used again; the file never becomes smaller. */
function sizeOf(db: Database): number {
  const { pageSize, lastPageNumber } = db.getStats() as { readonly pageSize: number; readonly lastPageNumber: number }
  return pageSize * (lastPageNumber + 1)
}

function full(at: string, found: string, expected: string, cause?: unknown): StreamError {
  return new StreamError(
    'EMBEDDED_FULL',
    `The embedded store in '${at}': found ${found}, expected ${expected}. Nothing of this was written, and nothing is lost: make room on the disk or raise 'maxBytes', and start again.`,
    { cause },
  )
}

function closed(at: string): StreamError {
  return new StreamError(
    'EMBEDDED_CLOSED',
    `The embedded store in '${at}': found a session that was closed, expected an open one. Open another.`,
  )
}
