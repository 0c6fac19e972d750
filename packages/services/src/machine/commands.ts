/**
 * Owns finding and running other programs, each with a time limit.
 * Invariant: a program that runs `bound` ends with this process, however this process ends.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program, looked up as a shell does. */
export function find(command: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find(isProgram)
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * The command with what makes the kernel end it when the thread that started it ends, be it by kill -9.
 * An exit handler alone would leave Java processes behind.
 */
export function bound(command: string, args: readonly string[]): readonly [command: string, args: string[]] {
  return ['setpriv', ['--pdeathsig=KILL', '--', command, ...args]]
}

export interface RunOptions {
  readonly timeoutMs: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** false lets it go on when this process ends: half an installation of a Debian package is worse than a late one. */
  readonly bound?: boolean
}

export interface Ran {
  readonly passed: boolean
  /** The end of what it printed, to both outputs. */
  readonly output: string
}

const keptOutput = 65_536
const graceMs = 10_000

/** Runs to the end, without input. What cannot be started or takes too long has not passed, and its output says so. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { timeoutMs, env, cwd } = options
  const [program, all] = options.bound === false ? [command, [...args]] : bound(command, args)
  return new Promise((resolve) => {
    let output = ''
    const keep = (text: string): void => {
      output = (output + text).slice(-keptOutput)
    }
    // A group of its own: Ctrl+C in a terminal reaches this process only, which then decides what ends.
    const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env, cwd })
    const limit = setTimeout(() => {
      keep(`\n${command} was still running after ${timeoutMs / 1000} s`)
      child.kill('SIGTERM')
      setTimeout(() => child.kill('SIGKILL'), graceMs).unref()
    }, timeoutMs)
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    child.on('error', (error) => {
      clearTimeout(limit)
      resolve({ passed: false, output: `${command} could not be started: ${error.message}` })
    })
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ passed: code === 0, output })
    })
  })
}

/** The last lines, of which those that say where in Java something was thrown are left out: what was is above them. */
export function lastLines(text: string, count: number): string {
  const lines = text.trimEnd().split('\n')
  return lines
    .filter((line) => !/^\s+at /.test(line))
    .slice(-count)
    .join('\n')
}
