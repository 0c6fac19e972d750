// A job is killed with SIGKILL twenty times at random moments, then left to finish: what it published over all its lives
// is one history, and its results are those of a run that nobody disturbed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LateRecord, StreamError } from '@tidemark/core'
import { folder } from '@tidemark/core/folder'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { STAGES, type TotalPane, type Visit, random } from './job.ts'
import { type Ledger, differences, lateLedger, paneLedger } from './ledger.ts'
import { readLines } from './line-sink.ts'

const KILLS = 20
const RECORDS = 12_000
/** One batch of five in four milliseconds or more: the whole input takes longer than all the lives that end in a kill. */
const PACE_MS = 4
const BATCH = 5
const seed = Number(process.env['TIDEMARK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const child = fileURLToPath(new URL('child.ts', import.meta.url))

let path: string
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'tidemark-kill-'))
})
afterAll(() => rmSync(path, { recursive: true, force: true }))

interface Life {
  readonly killed: boolean
  readonly reading: boolean
}

/** One life of the job; killed some time after it began, or after it began to read. */
async function live(
  at: string,
  batch: number,
  paceMs: number,
  kill?: { readonly after: 'start' | 'reading'; readonly delayMs: number },
): Promise<Life> {
  const args = [
    '--conditions=@tidemark/source',
    child,
    at,
    String(seed),
    String(RECORDS),
    String(batch),
    String(paceMs),
  ]
  const life = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let complaint = ''
  let timer: NodeJS.Timeout | undefined
  const aim = (): void => {
    timer ??= setTimeout(() => life.kill('SIGKILL'), kill?.delayMs)
  }
  if (kill?.after === 'start') aim()
  life.stderr.on('data', (text: Buffer) => {
    complaint += text.toString()
  })
  life.stdout.on('data', (text: Buffer) => {
    said += text.toString()
    if (kill?.after === 'reading' && said.includes('reading\n')) aim()
  })
  const [code, signal] = (await once(life, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  // It ends because it is done or because it is killed, never because it cannot go on from what it finds.
  if (signal !== 'SIGKILL' && (code !== 0 || !said.endsWith('done\n')))
    throw new Error(`seed ${seed}: the job ended with ${code ?? signal}: ${said}${complaint}`)
  return { killed: signal === 'SIGKILL', reading: said.includes('reading\n') }
}

function ledgers(at: string): ReadonlyMap<string, Ledger & { readonly torn: number }> {
  return new Map(
    [...STAGES, 'late'].map((name) => {
      const { items, torn } = readLines(join(at, name))
      const ledger = name === 'late' ? lateLedger(items as LateRecord<Visit>[]) : paneLedger(items as TotalPane[])
      return [name, { ...ledger, torn }]
    }),
  )
}

test(`killed ${KILLS} times, the job publishes one history with the right results`, { timeout: 180_000 }, async () => {
  const next = random(seed)
  const begun = performance.now()
  await live(join(path, 'calm'), 1_000, 0)
  const calmMs = performance.now() - begun
  const hit = { starting: 0, reading: 0, checkpointing: 0 }
  let finished = false
  for (let kill = 0; kill < KILLS && !finished; kill++) {
    const after = kill % 4 === 0 ? 'start' : 'reading'
    const life = await live(join(path, 'killed'), 1 + Math.floor(next() * 2 * BATCH), PACE_MS, {
      after,
      delayMs: next() * (after === 'start' ? 600 : 500),
    })
    finished = !life.killed
    if (finished) break
    hit[life.reading ? 'reading' : 'starting']++
    const state = join(path, 'killed', 'state', 'job-visits')
    if (life.reading && readdirSync(state).some((name) => name.startsWith('checkpoint') && name.endsWith('.tmp')))
      hit.checkpointing++
  }
  if (!finished) await live(join(path, 'killed'), 1_000, 0)
  const calm = ledgers(join(path, 'calm'))
  const killed = ledgers(join(path, 'killed'))
  const sum = (of: (ledger: Ledger & { readonly torn: number }) => number): number =>
    [...killed.values()].reduce((all, ledger) => all + of(ledger), 0)
  const [items, repeated, torn] = [
    sum((ledger) => ledger.items),
    sum((ledger) => ledger.repeated),
    sum((ledger) => ledger.torn),
  ]
  console.info(
    `kill test, seed ${seed}: ${hit.starting} kills while starting, ${hit.reading} while running (${hit.checkpointing} in the middle of writing a checkpoint), ${items} items published, ${repeated} of them again, ${torn} lines torn; calm run ${Math.round(calmMs)} ms, all ${Math.round(performance.now() - begun)} ms`,
  )

  for (const [name, undisturbed] of calm) {
    const ledger = killed.get(name) as Ledger
    expect(ledger.contradictions, `${name}, seed ${seed}`).toEqual([])
    expect(differences(undisturbed, ledger), `${name}, seed ${seed}`).toEqual([])
    expect(undisturbed.repeated).toBe(0)
    expect(undisturbed.newest.size).toBeGreaterThan(100)
  }
  expect(hit.reading, `seed ${seed}: kills that hit a job at work`).toBeGreaterThanOrEqual(10)
  expect(torn).toBeLessThanOrEqual(KILLS)
})

test('while the job runs elsewhere, its folder is refused', async () => {
  const store = folder(join(path, 'killed', 'state'))
  const session = await store.open('visits')
  await expect(live(join(path, 'killed'), BATCH, PACE_MS)).rejects.toThrow(/CHECKPOINT_LOCKED/)
  await expect(store.open('visits')).rejects.toThrow(StreamError)
  await session.close()
})
