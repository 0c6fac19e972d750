/**
 * Owns the processes of one instance: starting them, killing and restarting one, ending all.
 * Invariant: none outlives `stop()`, a start that failed, or the process that started them.
 */
import { onExit } from 'signal-exit'
import type { Instance } from './instance.ts'
import { type Plan, ServiceProcess } from './service-process.ts'
import { until } from './until.ts'

/** Quiet machines need seconds; one that runs other tests at the same time may need much longer. */
const readyTimeoutMs = 120_000
const endTimeoutMs = 60_000

export interface Member {
  readonly plan: Plan
  /** Whether it serves, with a real request. */
  readonly ready: () => Promise<boolean>
}

/** Signals after which a process goes on. */
const harmless: readonly NodeJS.Signals[] = ['SIGSTOP', 'SIGCONT']

export class ProcessGroup<Id extends string | number> {
  readonly #instance: Instance
  readonly #members: ReadonlyMap<Id, Member>
  readonly #facts: () => Readonly<Record<string, string>>
  readonly #processes = new Map<Id, ServiceProcess>()
  readonly #forgetExit: () => void
  #started = false
  #stopped = false

  /** `facts` is published with the pids each time they change. */
  constructor(instance: Instance, members: ReadonlyMap<Id, Member>, facts: () => Readonly<Record<string, string>>) {
    this.#instance = instance
    this.#members = members
    this.#facts = facts
    this.#forgetExit = onExit(() => {
      for (const process of this.#processes.values()) process.send('SIGKILL')
      instance.remove()
    })
  }

  /**
   * Starts all and waits until each is ready, and then what they do together. When one does not come up, none is left.
   */
  async start(together: () => Promise<boolean> = async () => true): Promise<void> {
    try {
      for (const id of this.#members.keys()) this.#launch(id)
      await Promise.all([...this.#members.keys()].map((id) => this.#becomesReady(id)))
      await until(`${this.#instance.name} becomes ready`, together, {
        timeoutMs: readyTimeoutMs,
        hopeless: () => [...this.#processes.values()].find(({ running }) => !running)?.failure,
      })
      this.#started = true
      this.#publish()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  pid(id: Id): number | undefined {
    const process = this.#processes.get(id)
    return process?.running === true ? process.pid : undefined
  }

  isRunning(id: Id): boolean {
    return this.#processes.get(id)?.running === true
  }

  /** Sends the signal, and waits for the end unless the process goes on after such a signal. */
  async kill(id: Id, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const process = this.#processes.get(this.#known(id))
    if (process?.running !== true)
      throw new Error(`${this.#called(id)} is not running: restart it before killing it again`)
    process.send(signal)
    if (harmless.includes(signal)) return
    await until(`${this.#called(id)} ends after ${signal}`, async () => !process.running, { timeoutMs: endTimeoutMs })
  }

  /** Starts one again on the data it has, and waits until it is ready; one that runs is ended by SIGTERM first. */
  async restart(id: Id): Promise<void> {
    this.#known(id)
    if (this.#stopped)
      throw new Error(`${this.#instance.name} has been stopped and its data deleted: start another one`)
    if (this.isRunning(id)) await this.kill(id, 'SIGTERM')
    this.#launch(id)
    await this.#becomesReady(id)
  }

  /** Ends all at once, since the data goes with them; nothing is left to be closed in an orderly way. */
  async stop(): Promise<void> {
    this.#stopped = true
    const processes = [...this.#processes.values()]
    for (const process of processes) process.send('SIGKILL')
    await Promise.all(processes.map(({ ended }) => ended))
    this.#forgetExit()
    this.#instance.remove()
  }

  #publish(): void {
    if (!this.#started || this.#stopped) return
    const pids = [...this.#members.keys()].map((id) => `${id}: ${this.pid(id) ?? 'not running'}`)
    this.#instance.publish({ ...this.#facts(), pids: pids.join(', ') })
  }

  #launch(id: Id): void {
    const process = new ServiceProcess(this.#members.get(id)!.plan)
    this.#processes.set(id, process)
    this.#publish()
    // Also when nobody asked for its end.
    void process.ended.then(() => this.#publish())
  }

  async #becomesReady(id: Id): Promise<void> {
    const process = this.#processes.get(id)!
    await until(`${this.#called(id)} becomes ready`, this.#members.get(id)!.ready, {
      timeoutMs: readyTimeoutMs,
      hopeless: () => process.failure,
    })
  }

  #known(id: Id): Id {
    if (this.#members.has(id)) return id
    throw new Error(`${this.#instance.name} has no process '${id}': there is ${[...this.#members.keys()].join(', ')}`)
  }

  #called(id: Id): string {
    return `${id} of ${this.#instance.name}`
  }
}
