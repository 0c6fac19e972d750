/**
 * Owns the parts of a Redis that fail on their own, a server or the masters of a cluster, and what each says of itself. It
 * lies in a slot of that master, so that it is lost together with the results there, or not at all.
 */
import type { Applied, Move, ShardState } from '@tidemark/core'
import type { Commands } from '../client/port.ts'
import { type Patience, persist } from '../client/patient.ts'
import { problem } from '../errors.ts'
import { MOVE, NEXT, RAISE, run } from './scripts.ts'
import { slotOf, tagIn } from './slots.ts'

const POSITION = 'p:'
const BOUNDARY = 'b'
const EVICTED = 'e'
const EPOCH = 'n'
const WINDOW = 'w'

interface Shard {
  readonly name: string
  readonly state: Buffer
  readonly alive: Buffer
  /** Ranges of slots, both ends included; none: all. */
  readonly slots: readonly (readonly [number, number])[]
}

export class Shards {
  readonly #commands: Commands
  readonly #patience: Patience
  readonly #shards: ReadonlyMap<string, Shard>
  /** What shards have said last of where windows are gone. */
  readonly #evictedTo: Map<string, number> = new Map()
  #claimed: Promise<void> | undefined

  private constructor(commands: Commands, patience: Patience, shards: readonly Shard[]) {
    this.#commands = commands
    this.#patience = patience
    this.#shards = new Map(shards.map((shard) => [shard.name, shard]))
  }

  static async open(commands: Commands, patience: Patience, aggregation: string): Promise<Shards> {
    const shard = (name: string, tag: string, slots: Shard['slots']): Shard => {
      const end = `{${tag}}${Buffer.byteLength(aggregation)}:${aggregation}`
      return { name, state: Buffer.from(`tms${end}`), alive: Buffer.from(`tma${end}`), slots }
    }
    if (!commands.cluster) return new Shards(commands, patience, [shard('0', '0', [])])
    const ranges = await persist(patience, 'Asking for the slots of the cluster', () => slotsOf(commands))
    const shards = [...ranges.values()].map((of) => {
      const [[first] = [0]] = of
      return shard(`slots-${first}`, tagIn(first), of)
    })
    return new Shards(commands, patience, shards)
  }

  get names(): readonly string[] {
    return [...this.#shards.keys()]
  }

  /** The shard that holds a key of Redis. */
  of(key: Uint8Array): string {
    if (!this.#commands.cluster) return '0'
    const slot = slotOf(key)
    for (const { name, slots } of this.#shards.values())
      if (slots.some(([first, last]) => slot >= first && slot <= last)) return name
    throw problem(
      'REDIS_AWAY',
      'Finding who has a key',
      {
        found: `nobody with slot ${slot} when the store was opened`,
        expected: 'a master for every slot',
        remedy: 'Open the store again when the cluster is whole.',
      },
      { retryable: true },
    )
  }

  evictedTo(name: string): number {
    return this.#evictedTo.get(name) ?? Number.NEGATIVE_INFINITY
  }

  async state(name: string): Promise<ShardState> {
    const { state, alive } = this.#shard(name)
    const [fields, beats] = await persist(this.#patience, `Reading the state of shard ${name}`, () =>
      Promise.all([this.#commands.send(state, ['HGETALL', state]), this.#commands.send(alive, ['EXISTS', alive])]),
    )
    const said = new Map<string, string>()
    const flat = fields as readonly Buffer[]
    for (let i = 0; i < flat.length; i += 2) said.set(String(flat[i]), String(flat[i + 1]))
    const time = (field: string): number => Number(said.get(field) ?? Number.NEGATIVE_INFINITY)
    const applied = new Map<string, Applied>()
    for (const [field, text] of said)
      if (field.startsWith(POSITION)) applied.set(field.slice(POSITION.length), appliedOf(text) as Applied)
    this.#evictedTo.set(name, time(EVICTED))
    return { applied, boundary: time(BOUNDARY), evictedTo: time(EVICTED), alive: beats === 1 }
  }

  async move(
    name: string,
    { partition, from, to }: Move,
  ): Promise<{ readonly moved: boolean; readonly applied: Applied | undefined }> {
    const { state } = this.#shard(name)
    const args = [POSITION + partition, from === undefined ? '' : String(from), `${to.offset} ${to.watermark}`]
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
    // An attempt whose answer was lost may have moved it.
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
    await Promise.all(
      [...this.#shards.values()].map(({ name, alive }) =>
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
    const [first] = this.#shards.values()
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
      [...this.#shards.values()].map(({ name, state }) =>
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
      [...this.#shards.values()].map(async ({ name, state }) =>
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
    await Promise.all(
      [...this.#shards.values()].map(({ name, state }) =>
        persist(this.#patience, `Writing the state of shard ${name}`, () =>
          run(this.#commands, RAISE, [state], [field, String(time)]),
        ),
      ),
    )
  }

  #shard(name: string): Shard {
    const found = this.#shards.get(name)
    if (found === undefined) throw new RangeError(`no shard '${name}', only ${this.names.join(', ')}`)
    return found
  }
}

function appliedOf(text: string): Applied | undefined {
  const [offset = '', watermark = ''] = text.split(' ')
  return offset === '' ? undefined : { offset: BigInt(offset), watermark: Number(watermark) }
}

/** Ranges of slots by master. */
async function slotsOf(commands: Commands): Promise<ReadonlyMap<string, (readonly [number, number])[]>> {
  const answer = (await commands.send(undefined, ['CLUSTER', 'SLOTS'])) as readonly [
    number,
    number,
    readonly unknown[],
  ][]
  const ranges = new Map<string, (readonly [number, number])[]>()
  for (const [first, last, [host, port]] of answer) {
    const master = `${String(host)}:${String(port)}`
    ranges.set(
      master,
      [...(ranges.get(master) ?? []), [first, last] as const].sort((a, b) => a[0] - b[0]),
    )
  }
  return ranges
}
