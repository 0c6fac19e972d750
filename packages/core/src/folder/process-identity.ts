/**
 * Owns who a process is, beyond a pid that another process may have by now: the host, the pid and when it started.
 * Where a start cannot be found out (Windows, a hidden /proc) the pid alone decides.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** When it started, as text that is equal for the same process only; undefined: not known. */
  readonly started: string | undefined
}

export type Liveness = 'alive' | 'dead' | 'elsewhere'

/** What can be found out about processes on this machine. */
export interface Processes {
  readonly self: () => Promise<ProcessIdentity>
  readonly liveness: (process: ProcessIdentity) => Promise<Liveness>
}

export const machineProcesses: Processes = {
  self: async () => ({ host: hostname(), pid: process.pid, started: (await look(process.pid)).started }),
  liveness: async ({ host, pid, started }) => {
    if (host !== hostname()) return 'elsewhere'
    if (!exists(pid)) return 'dead'
    const found = await look(pid)
    if (found.ended) return 'dead'
    return started !== undefined && found.started !== undefined && started !== found.started ? 'dead' : 'alive'
  },
}

function exists(pid: number): boolean {
  // 0 and negative numbers mean groups of processes to kill.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    // EPERM: it is there, and somebody else's.
    return (cause as { readonly code?: string }).code === 'EPERM'
  }
}

interface Look {
  readonly started: string | undefined
  readonly ended: boolean
}

/** `ended`: a zombie, which only waits for its parent to take notice. */
async function look(pid: number): Promise<Look> {
  if (process.platform === 'linux') return lookAtProc(pid)
  return { started: process.platform === 'win32' ? undefined : await askPs(pid), ended: false }
}

async function lookAtProc(pid: number): Promise<Look> {
  try {
    const stat = parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'))
    // Ticks count from the boot, so the same number means another process after the next one.
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')
    return {
      started: stat === undefined ? undefined : `${boot.trim()}/${stat.startTicks}`,
      ended: stat?.state === 'Z' || stat?.state === 'X',
    }
  } catch {
    return { started: undefined, ended: false }
  }
}

/** Fields 3 and 22 of /proc/<pid>/stat; the second field is a name that may hold spaces and brackets. */
export function parseStat(text: string): { readonly state: string; readonly startTicks: string } | undefined {
  const fields = text
    .slice(text.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/)
  const [state, startTicks] = [fields[0], fields[19]]
  return state === undefined || startTicks === undefined || !/^\d+$/.test(startTicks)
    ? undefined
    : { state, startTicks }
}

function askPs(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
    execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { env, timeout: 2_000 }, (error, text) => {
      resolve(error === null && text.trim() !== '' ? text.trim() : undefined)
    })
  })
}
