/** Owns one process of a service: its start, its end and its log. It ends with the process that started it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { bound, lastLines } from '../machine/commands.ts'

/** How to start it; starting it again by the same plan continues with the data it has. */
export interface Plan {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** What it prints is appended here. */
  readonly log: string
  /** Where else it writes what went wrong. */
  readonly moreLogs?: readonly string[]
}

export class ServiceProcess {
  readonly ended: Promise<void>
  readonly #plan: Plan
  readonly #child: ChildProcess
  #outcome: string | undefined

  constructor(plan: Plan) {
    this.#plan = plan
    const log = openSync(plan.log, 'a')
    const [command, args] = bound(plan.command, plan.args)
    // A session of its own: Ctrl+C in a terminal is for the owner, which decides what ends and when.
    this.#child = spawn(command, args, { cwd: plan.cwd, stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    this.ended = new Promise((resolve) => {
      const end = (outcome: string): void => {
        this.#outcome ??= outcome
        resolve()
      }
      this.#child.on('error', (error) => end(error.message))
      this.#child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  /** undefined when it could not even be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#outcome === undefined
  }

  /** How it ended, with the end of its logs; undefined while it runs. */
  get failure(): string | undefined {
    if (this.#outcome === undefined) return undefined
    const logs = [this.#plan.log, ...(this.#plan.moreLogs ?? [])].map((log) => lastLines(textOf(log), 20))
    return `it ended (${this.#outcome}):\n${logs.filter((text) => text !== '').join('\n')}`
  }

  /** Does nothing when it has ended. */
  send(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal)
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
