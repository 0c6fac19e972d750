/**
 * Owns the folder that outlives a run: jars and class archives, never data of a service.
 * Invariant: one process at a time installs into it; what is there under its final name is whole.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { bound } from './commands.ts'
import { ownTemporaryFolder } from './own-folder.ts'
import { thisMachine, whyNot } from './tools.ts'
import { type Say, ServiceUnavailable } from './unavailable.ts'

/** Longer than any installation takes: who waits longer waits for something that hangs. */
const lockTimeoutS = 900

/** `TIDEMARK_SERVICES_CACHE`, or a folder in the user's cache; where that cannot be written, one beside the data. */
export function cacheFolder(): string {
  const { homedir } = userInfo()
  const { TIDEMARK_SERVICES_CACHE: chosen, XDG_CACHE_HOME: caches, HOME: home } = process.env
  const folders = [
    chosen,
    caches && join(caches, 'tidemark-services'),
    join(home || homedir, '.cache', 'tidemark-services'),
  ]
  return folders.find((folder) => folder && isWritable(folder)) || ownTemporaryFolder('tidemark-services-cache')
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** A short name for exactly these inputs, so that what was made of other ones is not taken for it. */
export function keyOf(...inputs: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12)
}

/** Runs the work while no other process of this machine installs into the cache. Not to be nested. */
export async function whileInstalling<T>(say: Say, work: () => Promise<T>): Promise<T> {
  const problem = whyNot([], thisMachine())
  if (problem !== undefined) throw new ServiceUnavailable(problem)
  const release = await lock(join(cacheFolder(), 'lock'), say)
  try {
    return await work()
  } finally {
    await release()
  }
}

/** A lock that the kernel frees when this process ends, however it ends: a program holds it until its input closes. */
async function lock(file: string, say: Say): Promise<() => Promise<void>> {
  const holds = `flock --timeout ${lockTimeoutS} ${quoted(file)} sh -c 'echo locked; exec cat'`
  const [command, args] = bound('sh', ['-c', `exec ${holds}`])
  const holder = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  const ended = new Promise<void>((resolve) => {
    holder.on('error', () => resolve())
    holder.on('close', () => resolve())
  })
  const waits = setTimeout(() => say('another process is installing; waiting for it'), 2_000)
  const locked = await Promise.race([
    new Promise<boolean>((resolve) => holder.stdout.once('data', () => resolve(true))),
    ended.then(() => false),
  ])
  clearTimeout(waits)
  if (!locked)
    throw new Error(`${file} could not be locked within ${lockTimeoutS} s: another process installs or hangs`)
  return async () => {
    holder.stdin.end()
    await ended
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
