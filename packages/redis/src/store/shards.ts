/**
 * Owns the parts of a Redis that fail on their own, a server or the masters of a cluster, and what each says of itself. It
 * lies in a slot of that master, so that it is lost together with the results there, or not at all.
 */
import { type Applied, type Move, type ShardState, problem } from '@tidemark/core'
import type { Argument, Commands } from '../client/port.ts'
import { type Patience, persist } from '../client/patient.ts'
import { ANNOUNCE, GLANCE, MOVE, NEXT, RAISE, run } from './scripts.ts'
import { type Shard, type Topology, allMasters, isSame, readTopology, resharded, shardOf } from './topology.ts'

const BOUNDARY = 'b'
const EVICTED = 'e'
const EPOCH = 'n'
const WINDOW = 'w'
/** How long what a cluster has said of its slots is believed, ms. */
const BELIEVED_MS = 1_000
/** A server that begins anew this often during one read is none to wait for. */
const MOST_LIVES = 3

/** What is read after the cells. */
type Glance = Required<Pick<ShardState, 'announced' | 'life'>>

export class Shards {
  readonly #commands: Commands
  readonly #patience: Patience
  readonly #aggregation: string
  #topology: Topology
  #readAt: number
  #reading: Promise<void> | undefined
  /** What shards have said last of where windows are gone. */
  readonly #evictedTo: Map<string, number> = new Map()
  /** The life that each was found in last. */
  readonly #lives: Map<string, string> = new Map()
  #claimed: Promise<void> | undefined

  private constructor(commands: Commands, patience: Patience, aggregation: string, topology: Topology) {
    this.#commands = commands
    this.#patience = patience
    this.#aggregation = aggregation
    this.#topology = topology
    this.#readAt = patience.clock.now()
  }

  static async open(commands: Commands, patience: Patience, aggregation: string): Promise<Shards> {
    return new Shards(commands, patience, aggregation, await readTopology(commands, patience, aggregation))
  }

  get names(): readonly string[] {
    return [...this.#topology.keys()]
  }

  /** The shard that holds a key of Redis. */
  of(key: Uint8Array): string {
    return this.#commands.cluster ? shardOf(this.#topology, key) : '0'
  }

  /** Looks from time to time whether slots have moved: then there are other shards. */
  async follow(): Promise<void> {
    if (!this.#commands.cluster) return
    const age = this.#patience.clock.now() - this.#readAt
    // A clock that went back knows nothing of the age.
    if (age < 0 || age >= BELIEVED_MS) await this.#follow()
  }

  /** All masters as they are, and how to tell that they still are. @throws StreamError REDIS_RESHARDED */
  async masters(): Promise<{
    readonly masters: readonly ((args: readonly Argument[]) => Promise<unknown>)[]
    readonly checkStayed: () => Promise<void>
  }> {
    if (this.#commands.cluster) await this.#follow()
    const topology = this.#topology
    const masters = await allMasters(this.#commands, this.#patience, topology)
    const checkStayed = async (): Promise<void> => {
      if (!this.#commands.cluster) return
      await this.#follow()
      if (this.#topology !== topology) throw resharded('slots that have moved meanwhile')
      await allMasters(this.#commands, this.#patience, topology)
    }
    return { masters, checkStayed }
  }

  /** @throws StreamError REDIS_RESHARDED for a shard that is no more */
  check(name: string): void {
    this.#shard(name)
  }

  evictedTo(name: string): number {
    return this.#evictedTo.get(name) ?? Number.NEGATIVE_INFINITY
  }

  async state(name: string): Promise<ShardState> {
    await this.follow()
    const shard = this.#shard(name)
    const [said, glance] = await persist(this.#patience, `Reading the state of shard ${name}`, () =>
      Promise.all([this.#ask(shard), this.#glance(shard)]),
    )
    this.#lives.set(name, glance.life)
    return { ...said, ...glance }
  }

  /** What `work` reads, and what the shards say of themselves before and after it, all of it in one life of each. */
  async around<T>(
    names: readonly string[],
    work: () => Promise<T>,
  ): Promise<readonly [found: T, states: ReadonlyMap<string, ShardState>]> {
    const shards = names.map((name) => this.#shard(name))
    for (let tries = 0; tries < MOST_LIVES; tries++) {
      const known = names.map((name) => this.#lives.get(name))
      const [before, found, after] = await persist(this.#patience, 'Reading results', () =>
        // In one round trip: a server answers in the order in which it is asked.
        Promise.all([
          Promise.all(shards.map((shard) => this.#ask(shard))),
          work(),
          Promise.all(shards.map((shard) => this.#glance(shard))),
        ]),
      )
      for (const [i, { life }] of after.entries()) this.#lives.set(names[i] as string, life)
      if (after.every(({ life }, i) => life === known[i]))
        return [found, new Map(before.map((said, i) => [names[i] as string, { ...said, ...(after[i] as Glance) }]))]
    }
    throw problem(
      'REDIS_AWAY',
      'Reading results',
      {
        found: `another server, or one that had begun anew, ${MOST_LIVES} times in a row`,
        expected: 'one that stays for the time of a read',
        remedy:
          'What was read is not of one time; it may be read again. Look whether servers restart, or a proxy mixes them.',
      },
      { retryable: true },
    )
  }

  async #ask({ name, state, alive, position }: Shard): Promise<Omit<ShardState, keyof Glance>> {
    const [fields, beats] = await Promise.all([
      this.#commands.send(state, ['HGETALL', state]),
      this.#commands.send(alive, ['EXISTS', alive]),
    ])
    const said = new Map<string, string>()
    const applied = new Map<string, Applied>()
    const flat = fields as readonly Buffer[]
    for (let i = 0; i < flat.length; i += 2) {
      const [field, text] = [String(flat[i]), String(flat[i + 1])]
      if (field.startsWith(position)) applied.set(field.slice(position.length), appliedOf(text) as Applied)
      else said.set(field, text)
    }
    const time = (field: string): number => Number(said.get(field) ?? Number.NEGATIVE_INFINITY)
    this.#evictedTo.set(name, time(EVICTED))
    return { applied, boundary: time(BOUNDARY), evictedTo: time(EVICTED), alive: beats === 1 }
  }

  async #glance({ state, announced }: Shard): Promise<Glance> {
    const { connections } = this.#commands
    if (connections !== undefined) {
      // Asking a server for its life takes it longer than all else here.
      const fields = await this.#commands.send(state, ['HGETALL', state])
      return { life: `connection ${connections()}`, announced: offsetsIn(fields as readonly Buffer[], announced) }
    }
    const [life, ...fields] = (await run(this.#commands, GLANCE, [state], [announced])) as [Buffer, ...Buffer[]]
    return { life: String(life), announced: offsetsIn(fields, announced) }
  }

  /** Tells of a step before its cells are written. Gives back the life that the shard is in. */
  async announce(name: string, { partition, to }: Move): Promise<string> {
    await this.follow()
    const { state, announced } = this.#shard(name)
    const life = await persist(this.#patience, `Announcing a step to shard ${name}`, () =>
      run(this.#commands, ANNOUNCE, [state], [announced + partition, String(to.offset)]),
    )
    return String(life)
  }

  /** `life`: the one that the step's cells were written in; undefined: there were none. */
  async move(
    name: string,
    { partition, from, to }: Move,
    life: string | undefined,
  ): Promise<{ readonly moved: boolean; readonly applied: Applied | undefined }> {
    await this.follow()
    const { state, position } = this.#shard(name)
    const args = [
      position + partition,
      from === undefined ? '' : String(from),
      `${to.offset} ${to.watermark}`,
      position,
      life ?? '',
    ]
    let attempts = 0
    const attempt = (): Promise<unknown> => {
      attempts++
      return run(this.#commands, MOVE, [state], args)
    }
    const [moved, now] = (await persist(this.#patience, `Moving a position in shard ${name}`, attempt)) as [
      number,
      Buffer,
    ]
    const applied = appliedOf(String(now))
    // An attempt whose answer was lost may have moved it. Where a server knows that, it knows of the cells before it.
    return { moved: moved === 1 || (attempts > 1 && applied?.offset === to.offset), applied }
  }

  raiseBoundary(boundary: number): Promise<void> {
    return this.#raise(BOUNDARY, boundary)
  }

  async raiseEvicted(to: number): Promise<void> {
    await this.#raise(EVICTED, to)
    for (const name of this.names) this.#evictedTo.set(name, Math.max(to, this.evictedTo(name)))
  }

  async beat(forMs: number): Promise<void> {
    await this.follow()
    await Promise.all(
      [...this.#topology.values()].map(({ name, alive }) =>
        persist(this.#patience, `The heartbeat of shard ${name}`, () =>
          this.#commands.send(alive, ['SET', alive, '1', 'PX', String(Math.max(1, Math.round(forMs)))]),
        ),
      ),
    )
  }

  /** The greatest epoch that was taken; 0: none was. */
  async epoch(): Promise<number> {
    return Math.max(...(await this.#said(EPOCH)))
  }

  /** Takes an epoch that nobody had, as long as one shard is left that knows of the others. */
  async nextEpoch(): Promise<number> {
    const known = await this.epoch()
    const [first] = this.#topology.values()
    const { state } = first as Shard
    const taken = await persist(this.#patience, 'Taking an epoch', () =>
      run(this.#commands, NEXT, [state], [EPOCH, String(known)]),
    )
    await this.#raise(EPOCH, Number(taken))
    return Number(taken)
  }

  /** The size of windows that results lie in buckets for; undefined: nothing was written. */
  async windowMs(): Promise<number | undefined> {
    return (await this.#said(WINDOW)).find((size) => size > 0)
  }

  async checkWindows(windowMs: number): Promise<void> {
    const found = (await this.#said(WINDOW)).find((size) => size > 0 && size !== windowMs)
    if (found === undefined) return
    throw problem('REDIS_OTHER_WINDOWS', 'The results in Redis', {
      found: `buckets for windows of ${found} ms`,
      expected: `of ${windowMs} ms`,
      remedy: 'Results of another size want a name of their own.',
    })
  }

  /** Says once which windows results lie in buckets for. */
  claim(windowMs: number): Promise<void> {
    this.#claimed ??= this.#claim(windowMs).catch((error: unknown) => {
      this.#claimed = undefined
      throw error
    })
    return this.#claimed
  }

  async #claim(windowMs: number): Promise<void> {
    await Promise.all(
      [...this.#topology.values()].map(({ name, state }) =>
        persist(this.#patience, `Writing the state of shard ${name}`, () =>
          this.#commands.send(state, ['HSETNX', state, WINDOW, String(windowMs)]),
        ),
      ),
    )
    await this.checkWindows(windowMs)
  }

  /** A number of each shard, 0 where it has none. */
  #said(field: string): Promise<readonly number[]> {
    return Promise.all(
      [...this.#topology.values()].map(async ({ name, state }) =>
        Number(
          (await persist(this.#patience, `Reading the state of shard ${name}`, () =>
            this.#commands.send(state, ['HGET', state, field]),
          )) ?? 0,
        ),
      ),
    )
  }

  async #raise(field: string, time: number): Promise<void> {
    if (!Number.isFinite(time)) return
    await this.follow()
    await Promise.all(
      [...this.#topology.values()].map(({ name, state }) =>
        persist(this.#patience, `Writing the state of shard ${name}`, () =>
          run(this.#commands, RAISE, [state], [field, String(time)]),
        ),
      ),
    )
  }

  #follow(): Promise<void> {
    this.#reading ??= this.#readAnew().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readAnew(): Promise<void> {
    const now = await readTopology(this.#commands, this.#patience, this.#aggregation)
    this.#readAt = this.#patience.clock.now()
    if (!isSame(now, this.#topology)) this.#topology = now
  }

  #shard(name: string): Shard {
    const found = this.#topology.get(name)
    if (found !== undefined) return found
    if (this.#commands.cluster) throw resharded(`no master with '${name}' alone, only ${this.names.join(', ')}`)
    throw new RangeError(`no shard '${name}', only ${this.names.join(', ')}`)
  }
}

/** Of fields and values in turn those that begin alike. */
function offsetsIn(flat: readonly Buffer[], prefix: string): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>()
  for (let i = 0; i < flat.length; i += 2) {
    const field = String(flat[i])
    if (field.startsWith(prefix)) found.set(field.slice(prefix.length), BigInt(String(flat[i + 1])))
  }
  return found
}

function appliedOf(text: string): Applied | undefined {
  const [offset = '', watermark = ''] = text.split(' ')
  return offset === '' ? undefined : { offset: BigInt(offset), watermark: Number(watermark) }
}
