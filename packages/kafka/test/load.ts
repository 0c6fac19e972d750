// Records without end for processes of a counting job, and what they should make of them.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@tidemark/core'
import { expect } from 'vitest'
import { kafka, partitionOf } from '../src/index.ts'
import { Producer } from '../src/sink/producer.ts'
import { brokerStage } from './broker-stage.ts'
import type { Stage } from './stage.ts'
import { finals } from './finals.ts'

const script = fileURLToPath(new URL('counting.ts', import.meta.url))
export const PARTITIONS = 6
const PAGES = 40
/** Event time from one record to the next. */
const STEP_MS = 7
const WINDOW_MS = 1_000
/** Between a hundred records and the next: what many kills leave behind must still be read in the end. */
const PAUSE_MS = 50

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A process of the group, and what it has said. */
export class Counter {
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly ended: Promise<void>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, ['--conditions=@tidemark/source', script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.ended = new Promise((resolve) => this.child.once('exit', () => resolve()))
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => this.lines.push(line))
  }

  /** How many splits it had at its last commit. */
  get splits(): number {
    return (this.lines.at(-1) ?? '').split(' ').length - 1
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal)
    await this.ended
  }

  async until(done: (lines: readonly string[]) => boolean): Promise<void> {
    while (this.runs && !done(this.lines)) await wait(10)
  }
}

/** Two topics, and a group between them. */
export class Load {
  readonly stage: Stage
  readonly input: string
  readonly output: string
  readonly group: string
  readonly #brokers: readonly string[]
  readonly #sessionMs: number
  readonly #counters: Counter[] = []
  written = 0
  #stop = false
  #writing: Promise<void> = Promise.resolve()

  private constructor(
    stage: Stage,
    brokers: readonly string[],
    sessionMs: number,
    [input, output]: readonly [string, string],
  ) {
    this.stage = stage
    this.#sessionMs = sessionMs
    this.#brokers = brokers
    this.input = input
    this.output = output
    this.group = `group-of-${input}`
  }

  static async begin(brokers: readonly string[], sessionMs: number, replicas = 1): Promise<Load> {
    const stage = await brokerStage({ brokers }, replicas)
    const load = new Load(stage, brokers, sessionMs, [await stage.topic(PARTITIONS), await stage.topic(3)])
    load.#writing = load.#write()
    return load
  }

  counter(name: string, holdMs?: number): Counter {
    const counter = new Counter([
      this.#brokers.join(','),
      this.input,
      this.output,
      this.group,
      `${this.#sessionMs}ms`,
      name,
      ...(holdMs === undefined ? [] : [String(holdMs)]),
    ])
    this.#counters.push(counter)
    return counter
  }

  /** Each record once, whatever happens to the brokers; at the end one for each partition that completes all windows. */
  async #write(): Promise<void> {
    const cluster = await kafka({ brokers: this.#brokers }).connect()
    const settings = { clock: systemClock, patienceMs: 60_000, maxBatchBytes: 10_000, maxPendingBytes: 1 << 20 }
    const producer = await Producer.open(cluster, [this.input], { ...settings, compression: 'none' })
    const out = producer.outlet(this.input)
    const write = (page: string, at: number): void => {
      const key = Buffer.from(page)
      out.append(partitionOf(key, PARTITIONS), Date.now(), key, Buffer.from(JSON.stringify({ at })))
    }
    while (!this.#stop) {
      for (let i = 0; i < 100; i++, this.written++) write(`page ${this.written % PAGES}`, this.written * STEP_MS)
      await producer.flush()
      await wait(PAUSE_MS)
    }
    const closed = new Set<number>()
    for (let i = 0; closed.size < PARTITIONS; i++) {
      const partition = partitionOf(Buffer.from(`page ${i}`), PARTITIONS)
      if (!closed.has(partition)) write(`page ${i}`, this.written * STEP_MS + 1_000_000)
      closed.add(partition)
    }
    await producer.flush()
    await producer.close()
  }

  results(): Promise<readonly string[]> {
    return finals(this.stage.kafka, this.output)
  }

  get expected(): readonly string[] {
    const counts = new Map<string, number>()
    for (let i = 0; i < this.written; i++) {
      const at = i * STEP_MS
      const id = `page ${i % PAGES}@${at - (at % WINDOW_MS)}`
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return [...counts].map(([id, count]) => `${id}=${count}`).sort()
  }

  /** Writes no more, and waits until those who run have counted everything: each result once, every offset committed. */
  async check(running: () => readonly Counter[]): Promise<void> {
    this.#stop = true
    await this.#writing
    const { expected } = this
    let found = await this.results()
    while (found.length < expected.length && running().some(({ runs }) => runs)) {
      await wait(100)
      found = await this.results()
    }
    // What they said last tells why, if somebody gave up.
    const last = JSON.stringify(running().map(({ lines }) => lines.slice(-3)))
    expect({ results: found, last }).toEqual({ results: expected, last })
    const all = this.written + PARTITIONS
    for (let left = 100; left > 0 && (await this.#committed()) < all; left--) await wait(100)
    expect(await this.#committed()).toBe(all)
  }

  async end(): Promise<void> {
    this.#stop = true
    await this.#writing.catch(() => {})
    for (const counter of this.#counters) if (counter.runs) await counter.end('SIGKILL')
    await this.stage.close()
  }

  async #committed(): Promise<number> {
    const committed = await this.stage.committed(this.group, this.input)
    return [...committed.values()].reduce((a, b) => a + Number(b), 0)
  }
}
