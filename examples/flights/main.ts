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
  /** How many of the flights, all if not given. */
  flights: { type: 'string' },
} as const

/** Exit code 2: they cannot be had here. */
async function onServers(screen: Screen, flights: number): Promise<number> {
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
    return await demo(screen, stores, { flights: loadFlights().slice(0, flights) })
  } finally {
    await stores.close()
  }
}

async function main(screen: Screen): Promise<number> {
  const { memory, crash, services, worker, ...rest } = parseArgs({ options: OPTIONS }).values
  const all = loadFlights()
  const flights = Number(rest.flights ?? all.length)
  if (!(Number.isSafeInteger(flights) && flights > 0 && flights <= all.length)) {
    screen.line(`--flights: found '${rest.flights}', expected a whole number from 1 to ${all.length}`)
    return 2
  }
  if (worker !== undefined) return work(screen, worker, flights)
  if (services === true) return onServers(screen, flights)
  const some = { flights: all.slice(0, flights) }
  if (memory === true) return demo(screen, inMemory(), some)
  const path = mkdtempSync(join(tmpdir(), 'tidemark-flights-'))
  try {
    return crash === true ? await crashed(screen, path, { flights }) : await demo(screen, inFolder(path), some)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

// Whoever reads the output may stop reading (`| head`).
process.stdout.on('error', () => process.exit())
process.exitCode = await main(screenOf(process.stdout, process.env))
