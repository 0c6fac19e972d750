/** Owns the demo whose process is killed, again and again, and what goes on from there. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Screen } from '../screen.ts'
import { loadFlights } from './data.ts'
import { demo } from './demo.ts'
import { inFolder } from './stores.ts'

export interface CrashOptions {
  /** Ten if not given. */
  readonly kills?: number
  /** How many of the flights, all if not given. */
  readonly flights?: number
}

/** What a worker tells. */
interface Told {
  readonly records: number
}

/** Kills some workers in one folder, each at another place, and lets the last one come to the end; answers its exit code. */
export async function crashed(screen: Screen, path: string, options: CrashOptions = {}): Promise<number> {
  const { kills = 10, flights = loadFlights().length } = options
  for (let kill = 1; kill <= kills; kill++) {
    const worker = start(path, flights)
    const reached = await until(worker, (kill * flights) / (kills + 1))
    if (reached === undefined) return worker.exitCode ?? 1
    // Somewhere in the middle of something.
    await new Promise((resolve) => setTimeout(resolve, 20 * Math.random()))
    worker.kill('SIGKILL')
    await once(worker, 'exit')
    screen.line(screen.paint('yellow', `  killed at ${reached.toLocaleString('en-US')} flights, and started again`))
  }
  const last = start(path, flights)
  const [code] = (await once(last, 'exit')) as [number | null]
  return code ?? 1
}

/** One process of it. */
export async function work(screen: Screen, path: string, flights: number): Promise<number> {
  const stores = inFolder(path)
  const log = await stores.log.open({})
  const { end } = await log.bounds(log.partitions[0] as string)
  await log.close()
  return demo(screen, stores, {
    flights: loadFlights().slice(0, flights),
    again: end > 0n,
    onProgress: (records) => process.send?.({ records } satisfies Told),
  })
}

function start(path: string, flights: number): ChildProcess {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  return fork(main, ['--worker', path, '--flights', String(flights)], { execArgv: ['--conditions=@tidemark/source'] })
}

/** How far a worker is when it has passed a place; undefined: it has ended before. */
function until(worker: ChildProcess, place: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve(undefined))
    worker.on('message', ({ records }: Told) => {
      if (records >= place) resolve(records)
    })
  })
}
