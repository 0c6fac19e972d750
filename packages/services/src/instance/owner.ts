/** Owns whether the process that started a service is still the same one: a pid alone may be another's by now. */
import { readFileSync } from 'node:fs'

export interface Owner {
  readonly pid: number
  /** Boot and start tick, equal for the same process only. */
  readonly started: string
}

/** undefined: there is no such process. A zombie only waits to be noticed, so it is none either. */
export function ownerOf(pid: number): Owner | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    // The second field is a name that may hold spaces and brackets; then come the state and, 19 further, the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { pid, started: `${boot}/${fields[19]}` }
  } catch {
    return undefined
  }
}

export function isAlive({ pid, started }: Owner): boolean {
  return ownerOf(pid)?.started === started
}
