/** Owns the two modes: this process, and one that must not generate code from strings, where engines fall back. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, Mode } from './bench.ts'
import type { Options } from './options.ts'
import { runBenches } from './run.ts'

const FLAG = '--disallow-code-generation-from-strings'

/** Whether this process may generate code. */
export function mayGenerate(): boolean {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- whether this throws is the question
    return Boolean(new Function('return true')())
  } catch {
    return false
  }
}

export async function runInMode(mode: Mode, options: Options): Promise<readonly Measured[]> {
  if (mode === 'generated' && !mayGenerate())
    throw new Error(`found Node started with ${FLAG}, expected it without: the child process of --mode plain gets it`)
  return mode === 'generated' || !mayGenerate() ? runBenches(options, mode) : runPlainChild(options)
}

/** Measures in a child process that must not generate code. */
function runPlainChild(options: Options): Promise<readonly Measured[]> {
  const measured: Measured[] = []
  const child = fork(fileURLToPath(new URL('plain-child.ts', import.meta.url)), [JSON.stringify(options)], {
    execArgv: [...process.execArgv, FLAG],
  })
  child.on('message', (row) => measured.push(row as Measured))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(measured)
      else reject(new Error(`the process of --mode plain ended with ${code}`))
    })
  })
}
