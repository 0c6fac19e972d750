// The stores in memory behind a network with faults, a log, and a hot store that can lose its last writes.
import {
  type Applied,
  type ColdSession,
  type ColdStore,
  type HotSession,
  type HotStore,
  type LogEntry,
  type LogSession,
  type ResultsLog,
  type ShardState,
  memoryColdStore,
  memoryHotStore,
} from '@tidemark/core'
import { type PartitionRecord, decodeRegister } from '../../src/registers.ts'
import type { Process, World } from './world.ts'

/** What was committed, by partition. Offsets are positions in the lists. */
export class SimulatedLog {
  readonly entries: Map<string, LogEntry[]>
  readonly #waiting: Set<() => void> = new Set()

  constructor(partitions: readonly string[]) {
    this.entries = new Map(partitions.map((one) => [one, []]))
  }

  get partitions(): readonly string[] {
    return [...this.entries.keys()]
  }

  append(partition: string, ...made: readonly DistributiveOmit<LogEntry, 'offset'>[]): void {
    const list = this.entries.get(partition) as LogEntry[]
    for (const entry of made) list.push({ ...entry, offset: BigInt(list.length) } as LogEntry)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  as(process: Process): ResultsLog {
    const { partitions } = this
    const end = (partition: string): bigint => BigInt((this.entries.get(partition) as LogEntry[]).length)
    return {
      kind: 'simulated',
      open: () =>
        process.call('log', async (): Promise<LogSession> => ({
          partitions,
          bounds: (partition) => process.call('log', async () => ({ first: 0n, end: end(partition) })),
          read: async (partition, from, limit, waitMs) => {
            if (from >= end(partition) && waitMs > 0)
              await new Promise<void>((resolve) => {
                const done = (): void => {
                  cancel()
                  this.#waiting.delete(done)
                  resolve()
                }
                const cancel = process.world.after(waitMs, done)
                this.#waiting.add(done)
              })
            return process.call('log', async () => {
              const all = this.entries.get(partition) as LogEntry[]
              const entries = all.slice(Number(from), Number(from) + limit)
              const next = from + BigInt(entries.length)
              return { entries, next, caughtUp: next === end(partition) }
            })
          },
          close: async () => {},
        })),
    }
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/**
 * A hot store that remembers what it was told, so that a failover can forget the last of it. Like a server it is told of
 * cells some at a time, and of the position behind them last; what it says of itself and its cells are read apart.
 */
export class SimulatedHot {
  readonly #world: World
  readonly #options: { readonly serveForMs: number; readonly slackMs: number; readonly shards: number }
  #told: { readonly at: number; readonly again: (session: HotSession) => Promise<unknown> }[] = []
  #session: HotSession | undefined
  #life = 0
  /** By shard and partition. */
  #announced: Map<string, Map<string, bigint>> = new Map()
  full = false
  evictions: { readonly at: number; readonly to: number }[] = []

  constructor(
    world: World,
    options: { readonly serveForMs: number; readonly slackMs: number; readonly shards: number },
  ) {
    this.#world = world
    this.#options = options
  }

  async session(): Promise<HotSession> {
    this.#session ??= await memoryHotStore({ ...this.#options, clock: { now: () => this.#world.now } }).open({
      name: 'r',
      windowMs: 1_000,
    })
    return this.#session
  }

  /** All that was told in the last `lostMs` is gone. */
  async failOver(lostMs: number): Promise<void> {
    this.#told = this.#told.filter(({ at }) => at < this.#world.now - lostMs)
    this.#session = undefined
    this.#life++
    this.#announced = new Map()
    const session = await this.session()
    for (const { again } of this.#told) await again(session)
  }

  async positions(): Promise<ReadonlyMap<string, Applied>> {
    const found = new Map<string, Applied>()
    for (const { applied } of (await (await this.session()).state()).values())
      for (const [partition, at] of applied) {
        const before = found.get(partition)
        if (before === undefined || at.offset < before.offset) found.set(partition, at)
      }
    return found
  }

  #announce(shard: string, partition: string, offset: bigint): void {
    const of = this.#announced.get(shard) ?? new Map<string, bigint>()
    this.#announced.set(shard, of)
    if (offset > (of.get(partition) ?? -1n)) of.set(partition, offset)
  }

  async #states(): Promise<ReadonlyMap<string, ShardState>> {
    const said = [...(await (await this.session()).state())]
    return new Map(said.map(([shard, state]) => [shard, { ...state, ...this.#glance(shard) }]))
  }

  #glance(shard: string): Required<Pick<ShardState, 'life' | 'announced'>> {
    return { life: String(this.#life), announced: new Map(this.#announced.get(shard)) }
  }

  as(process: Process): HotStore {
    const tell = async <T>(again: (session: HotSession) => Promise<T>): Promise<T> => {
      const answer = await again(await this.session())
      this.#told.push({ at: this.#world.now, again })
      return answer
    }
    const call = <T>(kind: string, work: () => Promise<T>): Promise<T> => process.call(kind, work)
    return {
      kind: 'simulated',
      serveForMs: this.#options.serveForMs,
      open: () =>
        call('hot.open', async (): Promise<HotSession> => {
          const now = await this.session()
          return {
            shards: now.shards,
            shardOf: now.shardOf,
            write: async (shard, cells, { watermark, move }) => {
              const send = <T>(work: () => Promise<T>): Promise<T> =>
                call('hot.write', async () => {
                  if (this.full) throw new Error('OOM command not allowed')
                  return work()
                })
              const life = await send(async () => {
                if (move !== undefined) await tell(async () => this.#announce(shard, move.partition, move.to.offset))
                return this.#life
              })
              const written = { older: 0, evicted: 0 }
              const half = Math.ceil(cells.length / 2)
              for (const part of [cells.slice(0, half), cells.slice(half)]) {
                if (part.length === 0) continue
                const { older, evicted } = await send(() =>
                  tell((session) => session.write(shard, part, { watermark })),
                )
                written.older += older
                written.evicted += evicted
              }
              if (move === undefined) return { ...written, moved: true, applied: undefined }
              return send(async () => {
                if (life === this.#life)
                  return { ...(await tell((session) => session.write(shard, [], { watermark, move }))), ...written }
                const applied = (await (await this.session()).state()).get(shard)?.applied.get(move.partition)
                return { ...written, moved: false, applied }
              })
            },
            read: async (keys, from, to) => {
              for (;;) {
                const before = await call('hot.read', () => this.#states())
                const { cells, shards } = await call('hot.read', async () =>
                  (await this.session()).read(keys, from, to),
                )
                const after = await call('hot.read', async () =>
                  [...shards.keys()].map((one) => [one, this.#glance(one)] as const),
                )
                if (after.some(([shard, { life }]) => life !== before.get(shard)?.life)) continue
                return {
                  cells,
                  shards: new Map(
                    after.map(([shard, { announced }]) => [shard, { ...(before.get(shard) as ShardState), announced }]),
                  ),
                }
              }
            },
            slice: () => {
              throw new Error('not simulated')
            },
            state: () => call('hot.state', () => this.#states()),
            raiseBoundary: (boundary) => call('hot.boundary', () => tell((session) => session.raiseBoundary(boundary))),
            beat: (forMs) => call('hot.beat', () => tell((session) => session.beat(forMs))),
            evict: (to) =>
              call('hot.evict', async () => {
                this.evictions.push({ at: this.#world.now, to })
                return tell((session) => session.evict(to))
              }),
            extend: (forMs) => call('hot.extend', () => tell((session) => session.extend(forMs))),
            close: async () => {},
          }
        }),
    }
  }
}

/** A cold store behind the network. */
export class SimulatedCold {
  readonly store: ColdStore = memoryColdStore()
  readonly #world: World
  /** What was published when: how far cold covers each partition. */
  readonly published: { readonly at: number; readonly covered: ReadonlyMap<string, bigint> }[] = []

  constructor(world: World) {
    this.#world = world
  }

  #note({ partition, covered }: PartitionRecord): void {
    const before = this.published.at(-1)?.covered ?? []
    this.published.push({ at: this.#world.now, covered: new Map([...before, [partition, covered]]) })
  }

  session(): Promise<ColdSession> {
    return this.store.open({ name: 'r', windowMs: 1_000 })
  }

  as(process: Process): ColdStore {
    return {
      kind: 'simulated',
      epochZeroOnly: false,
      open: (aggregation) =>
        process.call('cold.open', async (): Promise<ColdSession> => {
          const session = await this.store.open(aggregation)
          return {
            put: (cells, options) => process.call('cold.put', () => session.put(cells, options)),
            read: (keys, from, to) => process.call('cold.read', () => session.read(keys, from, to)),
            slice: session.slice,
            register: (name) => process.call('cold.register', () => session.register(name)),
            compareAndSet: (name, expected, value) =>
              process.call('cold.set', async () => {
                const set = await session.compareAndSet(name, expected, value)
                if (set && name.startsWith('partition/')) this.#note(decodeRegister<PartitionRecord>(name, value))
                return set
              }),
            close: async () => {},
          }
        }),
    }
  }
}
