// kill -9 at any moment of a job that writes an embedded log: results, positions and state are those of one moment, so
// what is in the log is always a beginning of what an undisturbed job says, each result once.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type LogEntry, type ResultsLog, memoryLog } from '@tidemark/core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { embeddedLog } from '../src/embedded/index.ts'
import { counts } from './killed-job.ts'

/** More of them: TIDEMARK_KILLS=50. */
const kills = Number(process.env['TIDEMARK_KILLS'] ?? 4)
/** More records than any process gets to before it is killed. */
const FAR = 1e9

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-killed-'))
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

async function entriesOf(log: ResultsLog): Promise<readonly LogEntry[]> {
  const session = await log.open({})
  const entries: LogEntry[] = []
  for (let at = 0n, caughtUp = false; !caughtUp;) {
    const batch = await session.read(session.partitions[0] as string, at, 10_000, 0)
    entries.push(...batch.entries)
    ;({ next: at, caughtUp } = batch)
  }
  await session.close()
  return entries
}

/** Results in their order; where they lie in the log depends on how often a job commits. */
function results(entries: readonly LogEntry[]): readonly unknown[] {
  return entries.flatMap((entry) => (entry.kind === 'result' ? [{ ...entry, offset: undefined }] : []))
}

interface Life {
  /** Where it began, and up to where it said that everything is safe. */
  readonly from: number
  readonly safe: number
}

/** One process, killed some turns after so many commits; without: until it ends. */
async function live(sync: boolean, until: number, commits?: number): Promise<Life> {
  const script = fileURLToPath(new URL('killed-job.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=@tidemark/source', script, path, String(sync), String(until)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let [from, safe, left] = [0, 0, commits]
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, offset] = line.split(' ')
    if (what === 'from') from = safe = Number(offset)
    else safe = Math.max(safe, Number(offset))
    if (what !== 'safe' || left === undefined || --left !== 0) continue
    for (let turns = 1_000 * Math.random(); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    child.kill('SIGKILL')
  }
  const [code] = (await ended) as [number | null]
  if (commits === undefined) expect(code).toBe(0)
  return { from, safe }
}

test(
  `a log is exact after ${kills} kills`,
  async () => {
    let safe = 0
    for (let kill = 0; kill < kills; kill++) {
      // Also at the very first commit, and without waiting for the disk: that outlives a process, too.
      const life = await live(kill % 2 === 0, FAR, 1 + ((kill * 7) % 23))
      expect(life.from).toBeGreaterThanOrEqual(safe)
      ;({ safe } = life)
      const found = await entriesOf(embeddedLog({ path }))
      const all = memoryLog()
      await counts(all, safe + 2_000).start().done
      const expected = results(await entriesOf(all))
      expect(results(found)).toEqual(expected.slice(0, results(found).length))
    }
    const last = safe + 2_000
    const { from } = await live(true, last)
    expect(from).toBeGreaterThanOrEqual(safe)
    expect(from).toBeLessThan(last)
    const found = await entriesOf(embeddedLog({ path }))
    const all = memoryLog()
    await counts(all, last).start().done
    expect(results(found)).toEqual(results(await entriesOf(all)))
    // All kinds are among them: on time, late updates, corrections.
    const kinds = found.map((entry) => entry.kind === 'result' && (entry.cell.correction === '' ? entry.timing : 'not'))
    expect(new Set(kinds)).toEqual(new Set([false, 'on-time', 'late', 'not']))
    const watermarks = found.flatMap((entry) => (entry.kind === 'progress' ? [entry.watermark] : []))
    expect(watermarks).toEqual(watermarks.toSorted((a, b) => a - b))
    expect(watermarks.at(-1)).toBe(Number.POSITIVE_INFINITY)
  },
  60_000 + kills * 10_000,
)
