/** Owns the processes of the tests on real services: who is started, who is killed, and when all of it is through. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Admin } from '@platformatic/kafka'
import { pipeline } from '@tidemark/core'
import { kafka, kafkaRecords } from '@tidemark/kafka'
import { type HBase, type Kafka, type Redis, startRedis } from '@tidemark/services'
import { type OpenTiers, type Places, openTiers } from './composed.ts'
import { PARTITIONS, Views } from './views.ts'

export const VICTIMS = ['job', 'tiers', 'redis', 'gateway', 'master', 'broker'] as const
export type Victim = (typeof VICTIMS)[number]

/** A process of ours, started again whenever it has ended. */
class Worker {
  readonly #args: readonly string[]
  #child: ChildProcess
  /** What all of its lives have said. */
  readonly lines: string[] = []

  constructor(script: string, args: readonly string[]) {
    this.#args = ['--conditions=@tidemark/source', fileURLToPath(new URL(script, import.meta.url)), ...args]
    this.#child = this.#start()
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, this.#args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => this.lines.push(line))
    return child
  }

  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async kill(): Promise<void> {
    if (!this.runs) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGKILL')
    await ended
  }

  /** Has it say what it waits for. */
  async ask(): Promise<void> {
    this.#child.kill('SIGUSR2')
    await setTimeout(1_000)
  }

  restart(): void {
    this.#child = this.#start()
  }
}

export interface Servers {
  readonly kafka: Kafka
  readonly hbase: HBase
}

/** Longer than what any store waits for another before it gives up. */
const PATIENCE_MS = 240_000
/**
 * A broker that is the only one and is killed between a commit and its markers may forget those when it begins anew
 * (Kafka 4.4: it finds no leader for the partitions while it still is registered by its last life, and "they can be
 * skipped"). The next commit of the same producer brings them. In a live topic it comes; here it is helped after so long.
 */
const UNTOLD_MS = 20_000
const VIEWS_TO_HELP = 100

let stages = 0

/** Topics, a table and a Redis of its own; the job and the tiers run in processes of their own. */
export class Stage implements AsyncDisposable {
  readonly views: Views
  readonly redis: Redis
  readonly open: OpenTiers
  readonly #servers: Servers
  readonly #places: Places
  readonly job: Worker
  readonly filler: Worker

  private constructor(servers: Servers, redis: Redis, places: Places, open: OpenTiers, seed: number) {
    this.#servers = servers
    this.#places = places
    this.redis = redis
    this.open = open
    this.views = new Views(seed)
    this.job = new Worker('run-job.ts', [JSON.stringify(places)])
    this.filler = new Worker('run-tiers.ts', [JSON.stringify(places)])
  }

  static async begin(servers: Servers, { appendOnly, seed }: { appendOnly: boolean; seed: number }): Promise<Stage> {
    const redis = await startRedis({ appendOnly })
    const name = `${Date.now()}-${stages++}`
    const brokers = servers.kafka.bootstrap
    const topics = { input: `views-${name}`, results: `stats-${name}` }
    const admin = new Admin({ clientId: 'tiers', bootstrapBrokers: [...brokers], retries: 20, retryDelay: 200 })
    await admin.createTopics({ topics: Object.values(topics), partitions: PARTITIONS, replicas: 1 })
    await admin.close()
    const places: Places = {
      ...topics,
      brokers,
      redisPort: redis.nodes[0]?.port as number,
      gateway: servers.hbase.framed as string,
      table: `stats_${name.replace('-', '_')}`,
    }
    return new Stage(servers, redis, places, await openTiers(places), seed)
  }

  /** Puts the next stretch of views into the topic. */
  async append(count: number): Promise<void> {
    const sink = kafkaRecords({
      kafka: kafka({ brokers: [...this.#places.brokers] }),
      topic: this.#places.input,
      key: ({ page }: { page: string }) => page,
      patience: '2m',
    })
    await pipeline('views').from(this.views.next(count)).to(sink).start().done
  }

  async kill(victim: Victim): Promise<void> {
    const { kafka: broker, hbase } = this.#servers
    if (victim === 'job') await this.job.kill()
    else if (victim === 'tiers') await this.filler.kill()
    else if (victim === 'redis') await this.redis.kill(1)
    else if (victim === 'broker') await broker.kill(1)
    else await hbase.kill(victim === 'gateway' ? 'framed' : 'master')
  }

  async restart(victim: Victim): Promise<void> {
    const { kafka: broker, hbase } = this.#servers
    if (victim === 'job') this.job.restart()
    else if (victim === 'tiers') this.filler.restart()
    else if (victim === 'redis') await this.redis.restart(1)
    else if (victim === 'broker') await broker.restart(1)
    else await hbase.restart(victim === 'gateway' ? 'framed' : 'master')
  }

  /** Waits until both tiers have everything that was appended. Who has given up is started again, as a supervisor would. */
  async through(): Promise<void> {
    const began = performance.now()
    for (let lookAt = UNTOLD_MS; ; await setTimeout(50)) {
      for (const worker of [this.job, this.filler]) if (!worker.runs) worker.restart()
      const health = await this.open.tiers.health()
      const { watermark, hot, partitions } = health
      const current = partitions.every(({ logEnd, hot: at, cold }) => at === logEnd && cold === logEnd)
      if (partitions.length > 0 && current && Math.min(watermark, hot.watermark) >= this.views.watermark) return
      const passed = performance.now() - began
      if (passed > lookAt) {
        lookAt += UNTOLD_MS
        if ((await this.#ends()).some(({ decided, written }) => decided !== written)) await this.append(VIEWS_TO_HELP)
      }
      if (passed > PATIENCE_MS) {
        await this.job.ask()
        const ends = await this.#ends()
        const said = [this.job, this.filler].map(({ lines }) => lines.slice(-80))
        throw new Error(`not through: ${inspect({ health, wanted: this.views.watermark, ends, said }, { depth: 5 })}`)
      }
    }
  }

  /** Of the results topic, what is decided and what is written: where they differ, a transaction is open or its end untold. */
  async #ends(): Promise<
    readonly { readonly partition: number; readonly decided: bigint; readonly written: bigint }[]
  > {
    const cluster = await kafka({ brokers: [...this.#places.brokers] }).connect()
    try {
      const [topic] = await cluster.metadata([this.#places.results])
      const ends = (topic?.partitions ?? []).map(async (place) => {
        const [decided, written] = await Promise.all(
          [true, false].map((committed) => cluster.offsets(place.leader, [place], -1n, committed)),
        )
        return {
          partition: place.partition,
          decided: decided?.[0]?.offset ?? -1n,
          written: written?.[0]?.offset ?? -1n,
        }
      })
      return await Promise.all(ends)
    } finally {
      await cluster.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.job.kill(), this.filler.kill()])
    await this.open[Symbol.asyncDispose]()
    await this.redis.stop()
  }
}
