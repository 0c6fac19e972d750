/**
 * `npm run demo`: log, hot and cold in a folder, which is removed at the end.
 * `-- --memory`: in memory; `-- --crash`: killed ten times in between.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Screen, screenOf } from '../screen.ts'
import { crashed, work } from './crash.ts'
import { demo } from './demo.ts'
import { inFolder, inMemory } from './stores.ts'

const OPTIONS = {
  memory: { type: 'boolean' },
  crash: { type: 'boolean' },
  /** A process of --crash, on its folder. */
  worker: { type: 'string' },
  flights: { type: 'string' },
} as const

async function main(screen: Screen): Promise<number> {
  const { memory, crash, worker, flights } = parseArgs({ options: OPTIONS }).values
  if (worker !== undefined) return work(screen, worker, Number(flights))
  if (memory === true) return demo(screen, inMemory())
  const path = mkdtempSync(join(tmpdir(), 'tidemark-flights-'))
  try {
    return crash === true ? await crashed(screen, path) : await demo(screen, inFolder(path))
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

// Whoever reads the output may stop reading (`| head`).
process.stdout.on('error', () => process.exit())
process.exitCode = await main(screenOf(process.stdout, process.env))
