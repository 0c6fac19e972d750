/**
 * Owns the last word of a run of service tests: which services could not be had. It is a global set-up of vitest, so
 * that it is said at the end, once, where it cannot be missed, and not somewhere between the results.
 */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Tells the processes that run test files where to write what they skip. */
const variable = 'TIDEMARK_SERVICES_SKIPS'
const banner = '!'.repeat(100)

export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-services-skips-'))
  const file = join(folder, 'skips')
  writeFileSync(file, '')
  process.env[variable] = file
  return () => {
    const lines = skips()
    rmSync(folder, { recursive: true, force: true })
    if (lines.length > 0) console.error(`\n${banner}\n${lines.join('\n')}\n${banner}`)
  }
}

/** What has been skipped so far in this run. */
export function skips(): readonly string[] {
  const file = process.env[variable]
  if (file === undefined) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

/** Said at the end of the run; outside of one, at once. */
export function addSkip(line: string): void {
  const file = process.env[variable]
  if (file === undefined) console.error(line)
  else appendFileSync(file, `${line}\n`)
}
