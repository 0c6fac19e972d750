/** Owns archives of classes: written once by a throw-away run of the service, read by every later start. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, keyOf } from './cache.ts'
import type { JavaProgram } from './java.ts'
import type { Say } from './unavailable.ts'

/**
 * The program with archives for all the roles; without, when they cannot be made: starts are slower then.
 * `train` starts the service with the program it is given and ends it in an orderly way. Call it while installing.
 */
export async function provideArchives(
  program: JavaProgram,
  name: string,
  roles: readonly string[],
  say: Say,
  train: (program: JavaProgram) => Promise<void>,
): Promise<JavaProgram> {
  const all = join(cacheFolder(), 'archives')
  const folder = join(all, `${name}-${keyOf(program.java.version, ...program.classPath)}`)
  const ready: JavaProgram = { ...program, archives: { folder, mode: 'read' } }
  if (existsSync(folder)) return ready
  say(`starting ${name} once to make later starts faster`)
  mkdirSync(all, { recursive: true })
  // Only one process installs at a time: other parts are of those that were killed.
  for (const left of readdirSync(all).filter((entry) => entry.startsWith('.part-'))) {
    rmSync(join(all, left), { recursive: true, force: true })
  }
  const part = mkdtempSync(join(all, '.part-'))
  try {
    await train({ ...program, archives: { folder: part, mode: 'write' } })
    const missing = roles.filter((role) => !existsSync(join(part, `${role}.jsa`)))
    if (missing.length > 0) throw new Error(`nothing was written for ${missing.join(', ')}`)
    renameSync(part, folder)
    return ready
  } catch (error) {
    say(`starts of ${name} stay slower: ${error instanceof Error ? error.message : String(error)}`)
    return program
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
}
