/**
 * `npm run demo`: log, hot and cold in a folder, which is removed at the end.
 * `-- --memory`: in memory; `-- --crash`: killed ten times in between; `-- --services`: on real Kafka, Redis and HBase.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ServiceUnavailable } from '@tidemark/services'
import { type Screen, screenOf } from '../screen.ts'
import { crashed, work } from './crash.ts'
import { loadFlights } from './data.ts'
import { demo } from './demo.ts'
import type { Stores } from './run.ts'
import { onServices } from './services.ts'
import { inFolder, inMemory } from './stores.ts'

const OPTIONS = {
  memory: { type: 'boolean' },
  crash: { type: 'boolean' },
  services: { type: 'boolean' },
  /** A process of --crash, on its folder. */
  worker: { type: 'string' },
  /** How many of the flights: of --crash and --services. */
  flights: { type: 'string' },
} as const

/** Exit code 2: they cannot be had here. */
async function onServers(screen: Screen, flights: string | undefined): Promise<number> {
  screen.line('Starting Kafka, Redis and HBase')
  let stores: Stores
  try {
    stores = await onServices()
  } catch (error) {
    if (!(error instanceof ServiceUnavailable)) throw error
    screen.line(error.message)
    return 2
  }
  try {
    return await demo(screen, stores, flights === undefined ? {} : { flights: loadFlights().slice(0, Number(flights)) })
  } finally {
    await stores.close()
  }
}

async function main(screen: Screen): Promise<number> {
  const { memory, crash, services, worker, flights } = parseArgs({ options: OPTIONS }).values
  if (worker !== undefined) return work(screen, worker, Number(flights))
  if (services === true) return onServers(screen, flights)
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
