/**
 * Owns the choice of ports: free ones on 127.0.0.1, each taken by one instance of this user at a time.
 * They lie below those that the kernel hands out to outgoing connections: else a client that tries again and again
 * to reach a killed server would one day be given that very port, and the server could not come back to it.
 */
import { mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const firstPort = 20_000
const portCount = 10_000

export interface PortSearch {
  /** Where to begin, 0 up to 1: spreads instances, so that a port just given up is not at once another's. */
  readonly start: number
  /** Takes a port for good; false when it is another's. */
  readonly take: (port: number) => boolean
  readonly isFree: (port: number) => Promise<boolean>
}

/** @throws Error when there are not as many */
export async function choosePorts(count: number, { start, take, isFree }: PortSearch): Promise<readonly number[]> {
  const chosen: number[] = []
  const begin = Math.floor(start * portCount)
  for (let tried = 0; tried < portCount && chosen.length < count; tried++) {
    const port = firstPort + ((begin + tried) % portCount)
    if ((await isFree(port)) && take(port)) chosen.push(port)
  }
  if (chosen.length < count) {
    const last = firstPort + portCount - 1
    throw new Error(`found ${chosen.length} free ports from ${firstPort} to ${last} on 127.0.0.1, need ${count}`)
  }
  return chosen
}

/** Whether nothing listens there. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Takes a port for an instance: making a link is one step of the file system, which only one process can win. */
export function takePort(folder: string, port: number, instance: string): boolean {
  mkdirSync(folder, { recursive: true })
  try {
    symlinkSync(instance, join(folder, String(port)))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Frees the ports of all instances but the living. */
export function freePorts(folder: string, isLiving: (instance: string) => boolean): void {
  for (const port of listing(folder)) {
    const link = join(folder, port)
    try {
      if (!isLiving(readlinkSync(link))) rmSync(link, { force: true })
    } catch (error) {
      // Another process has freed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

function listing(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
