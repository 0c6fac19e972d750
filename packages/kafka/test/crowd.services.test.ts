// Processes in a group that come, go, are killed and stopped under load, and nodes that are killed: each record once.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@tidemark/core'
import { canTest, startKafka } from '@tidemark/services'
import { describe, expect, test } from 'vitest'
import { kafka } from '../src/index.ts'
import { Producer } from '../src/sink/producer.ts'
import { brokerStage } from './broker-stage.ts'
import type { Stage } from './stage.ts'

const changes = Number(process.env['TIDEMARK_CHANGES'] ?? 8)
const script = fileURLToPath(new URL('copy-in-group.ts', import.meta.url))
const PARTITIONS = 6

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A process of the group, and what it has said. */
class Copier {
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

  /** What it has by what it said. */
  get tasks(): ReadonlySet<string> {
    const tasks = new Set<string>()
    for (const line of this.lines) {
      if (line.startsWith('+')) tasks.add(line.slice(1))
      else if (line.startsWith('-')) for (const task of line.slice(1).split(',')) tasks.delete(task)
    }
    return tasks
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal)
    await this.ended
  }

  async until(done: (lines: readonly string[]) => boolean): Promise<void> {
    while (this.runs && !done(this.lines)) await wait(20)
  }
}

/** Two topics, a group between them, and records without end. */
class Load {
  readonly stage: Stage
  readonly input: string
  readonly output: string
  readonly group: string
  readonly #brokers: readonly string[]
  readonly #sessionMs: number
  readonly #copiers: Copier[] = []
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

  copier(name: string): Copier {
    const copier = new Copier([
      this.#brokers.join(','),
      this.input,
      this.output,
      this.group,
      `${this.#sessionMs}`,
      name,
    ])
    this.#copiers.push(copier)
    return copier
  }

  /** Each record once, whatever happens to the brokers. */
  async #write(): Promise<void> {
    const cluster = await kafka({ brokers: this.#brokers }).connect()
    const settings = { clock: systemClock, patienceMs: 60_000, maxBatchBytes: 10_000, maxPendingBytes: 1 << 20 }
    const producer = await Producer.open(cluster, [this.input], { ...settings, compression: 'none' })
    const out = producer.outlet(this.input)
    while (!this.#stop) {
      const partition = (this.written / 100) % PARTITIONS
      for (let i = 0; i < 100; i++) out.append(partition, Date.now(), null, Buffer.from(`${this.written++}`))
      await producer.flush()
      await wait(5)
    }
    await producer.close()
  }

  async copied(): Promise<readonly string[]> {
    return (await this.stage.records(this.output)).map(({ value }) => Buffer.from(value ?? []).toString())
  }

  /** Writes no more, and waits until those who run have copied everything: each record once, every offset committed. */
  async check(running: () => readonly Copier[]): Promise<void> {
    this.#stop = true
    await this.#writing
    let found = await this.copied()
    while (found.length < this.written && running().some(({ runs }) => runs)) {
      await wait(100)
      found = await this.copied()
    }
    // What they said last tells why, if somebody gave up.
    const last = (): string => JSON.stringify(running().map(({ lines }) => lines.slice(-3)))
    const counts = { found: found.length, different: new Set(found).size }
    expect({ ...counts, last: last() }).toMatchObject({ found: this.written, different: this.written })
    const committed = await this.stage.committed(this.group, this.input)
    expect([...committed.values()].reduce((a, b) => a + Number(b), 0)).toBe(this.written)
  }

  async end(): Promise<void> {
    this.#stop = true
    await this.#writing.catch(() => {})
    for (const copier of this.#copiers) if (copier.runs) await copier.end('SIGKILL')
    await this.stage.close()
  }
}

describe.skipIf(!(await canTest('kafka')))('processes in a group', () => {
  test(
    `come, go and are killed ${changes} times under load`,
    async () => {
      await using broker = await startKafka()
      const load = await Load.begin(broker.bootstrap, 3_000)
      try {
        const crowd = new Map<string, Copier>()
        const names = ['static-a', 'b', 'c']
        const start = (name: string): void => void crowd.set(name, load.copier(name))
        for (const name of names.slice(0, 2)) start(name)
        for (let i = 0; i < changes; i++) {
          await wait(500 + Math.random() * 1_500)
          const name = names[Math.floor(Math.random() * names.length)] as string
          const copier = crowd.get(name)
          if (copier === undefined || !copier.runs) start(name)
          else {
            await copier.end(i % 2 === 0 ? 'SIGTERM' : 'SIGKILL')
            crowd.delete(name)
          }
        }
        for (const name of names) if (crowd.get(name)?.runs !== true) start(name)
        await load.check(() => {
          // One that lost its tasks has given up and is started again, as a supervisor would.
          for (const name of names) if (crowd.get(name)?.runs !== true) start(name)
          return [...crowd.values()]
        })
      } finally {
        await load.end()
      }
    },
    120_000 + changes * 5_000,
  )

  test('one that was stopped for longer than its session writes nothing any more', async () => {
    await using broker = await startKafka()
    const load = await Load.begin(broker.bootstrap, 3_000)
    try {
      const [zombie, other] = [load.copier('zombie'), load.copier('other')]
      await Promise.all(
        [zombie, other].map((one) => one.until((lines) => lines.some((line) => /committed/.test(line)))),
      )
      zombie.child.kill('SIGSTOP')
      const before = load.written
      await other.until(() => other.tasks.size === PARTITIONS)
      // The other has copied what the zombie would.
      while (load.written < before + 2_000) await wait(20)
      zombie.child.kill('SIGCONT')
      await zombie.ended
      expect(zombie.lines.at(-1)).toMatch(/^gave up: /)
      expect(other.runs).toBe(true)
      await load.check(() => [other])
    } finally {
      await load.end()
    }
  })

  // A minute on a quiet machine: run by hand, with TIDEMARK_CHANGES set.
  test.skipIf(process.env['TIDEMARK_CHANGES'] === undefined)(
    'go on when the nodes are killed one after the other, whoever leads and coordinates',
    async () => {
      await using broker = await startKafka({ nodes: 3 })
      const load = await Load.begin(broker.bootstrap, 15_000, 3)
      try {
        const copiers = [load.copier('static-a'), load.copier('b')]
        await Promise.all(copiers.map((one) => one.until((lines) => lines.some((line) => /committed/.test(line)))))
        for (const node of [1, 2, 3]) {
          const before = load.written
          await broker.kill(node)
          while (load.written < before + 1_000) await wait(20)
          await broker.restart(node)
        }
        await load.check(() => copiers)
      } finally {
        await load.end()
      }
    },
  )
})
