/** Owns one aggregation in Redis: cells into buckets and back. What a shard says of itself is `shards.ts`. */
import {
  type Aggregation,
  type Cell,
  type HotRead,
  type HotSession,
  type HotWritten,
  type Move,
  NewestCells,
  type ShardState,
} from '@tidemark/core'
import type { Argument, Commands } from '../client/port.ts'
import { fewAtATime, persist } from '../client/patient.ts'
import { Layout, checkCell, decodeCell, encodeField, encodeValue } from './layout.ts'
import type { RedisSettings } from './options.ts'
import { WRITE, run } from './scripts.ts'
import type { Shards } from './shards.ts'

/**
 * Cells that are sent together, and how many such groups are in flight: enough that the server never waits, and few, so
 * that it has begun with the first while later ones are encoded.
 */
const CELLS_PER_GROUP = 200
const GROUPS_IN_FLIGHT = 8
/** A wider range is cut to what the store holds, which is asked for first. */
const MOST_BUCKETS = 1_000
const SCAN_COUNT = '1000'
const SLICE = 1_000

interface Bucket {
  /** Its key in Redis, a character for each byte. */
  readonly text: string
  readonly bucket: number
  readonly cells: readonly Cell[]
}

interface FoundBucket {
  readonly redisKey: Buffer
  readonly key: Buffer
  readonly bucket: number
}

export class RedisHotSession implements HotSession {
  readonly #commands: Commands
  readonly #settings: RedisSettings
  readonly #keepMs: number
  readonly #windowMs: number
  readonly #layout: Layout
  readonly #shards: Shards

  constructor(settings: RedisSettings, keepMs: number, { name, windowMs }: Aggregation, shards: Shards) {
    this.#commands = settings.commands
    this.#settings = settings
    this.#keepMs = keepMs
    this.#windowMs = windowMs
    this.#layout = new Layout(name, windowMs)
    this.#shards = shards
  }

  get shards(): readonly string[] {
    return this.#shards.names
  }

  /** A function of its own: callers hand it around. */
  readonly shardOf = (key: Uint8Array): string =>
    this.#shards.of(this.#commands.cluster ? this.#layout.bucketKey(key, 0) : key)

  async write(
    shard: string,
    cells: readonly Cell[],
    { watermark, move }: { readonly watermark: number; readonly move?: Move },
  ): Promise<HotWritten> {
    this.#shards.check(shard)
    await this.#shards.claim(this.#windowMs)
    const evictedTo = this.#shards.evictedTo(shard)
    const kept = cells.filter(({ end }) => end > evictedTo)
    const buckets = this.#buckets(kept)
    let older = kept.length - buckets.reduce((sum, bucket) => sum + bucket.cells.length, 0)
    const life = move === undefined || kept.length === 0 ? undefined : await this.#shards.announce(shard, move)
    await fewAtATime(this.#groups(buckets), GROUPS_IN_FLIGHT, async (calls) => {
      const ready = calls.map((of) => ({
        keys: of.map(({ text }) => Buffer.from(text, 'latin1')),
        args: of.flatMap((bucket) => this.#arguments(bucket, watermark)),
      }))
      const answers = await this.#persist('Writing results', () =>
        Promise.all(ready.map(({ keys, args }) => run(this.#commands, WRITE, keys, args))),
      )
      for (const answer of answers) older += Number(answer)
    })
    const { moved, applied } =
      move === undefined ? { moved: true, applied: undefined } : await this.#shards.move(shard, move, life)
    return { older, evicted: cells.length - kept.length, moved, applied }
  }

  async read(keys: readonly Uint8Array[], from: number, to: number): Promise<HotRead> {
    await this.#shards.follow()
    const names = [...new Set(keys.map((key) => this.shardOf(key)))]
    let buckets = this.#bucketsIn(from, to)
    // States first where they are needed; else everything in one round trip.
    if (buckets === undefined) {
      const held = await this.#held(await Promise.all(names.map((name) => this.#shards.state(name))))
      buckets = this.#bucketsIn(Math.max(from, held.from), Math.min(to, held.to)) ?? []
    }
    const range = buckets
    const [cells, shards] = await this.#shards.around(names, () =>
      Promise.all(keys.map((key) => this.#readKey(key, range, from, to))),
    )
    return { cells, shards }
  }

  async *slice(from: number, to: number): AsyncGenerator<readonly Cell[], void> {
    let part: Cell[] = []
    for await (const found of this.#scan()) {
      if (found.bucket <= from || found.bucket - this.#layout.spanMs >= to) continue
      for (const cell of await this.#cells(found, from, to)) {
        part.push(cell)
        if (part.length < SLICE) continue
        yield part
        part = []
      }
    }
    if (part.length > 0) yield part
  }

  async state(): Promise<ReadonlyMap<string, ShardState>> {
    await this.#shards.follow()
    return new Map(await Promise.all(this.shards.map(async (name) => [name, await this.#shards.state(name)] as const)))
  }

  raiseBoundary(boundary: number): Promise<void> {
    return this.#shards.raiseBoundary(boundary)
  }

  beat(forMs: number): Promise<void> {
    return this.#shards.beat(forMs)
  }

  async evict(to: number): Promise<number> {
    await this.#shards.raiseEvicted(to)
    let gone = 0
    for await (const found of this.#scan()) {
      const { redisKey, bucket } = found
      if (bucket - this.#layout.spanMs >= to) continue
      const names = (await this.#cells(found, Number.NEGATIVE_INFINITY, to)).map((cell) => encodeField(cell, bucket))
      if (names.length === 0) continue
      gone += Number(
        await this.#persist('Evicting results', () => this.#commands.send(redisKey, ['HDEL', redisKey, ...names])),
      )
    }
    return gone
  }

  async extend(forMs: number): Promise<void> {
    const ms = String(Math.max(1, Math.round(forMs)))
    for await (const { redisKey } of this.#scan())
      await this.#persist('Keeping results longer', () =>
        this.#commands.send(redisKey, ['PEXPIRE', redisKey, ms, 'GT']),
      )
  }

  /** The connections are the user's. */
  async close(): Promise<void> {}

  #persist<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    return persist(this.#settings.patience, what, attempt)
  }

  #buckets(cells: readonly Cell[]): readonly Bucket[] {
    const buckets = new Map<string, { readonly bucket: number; readonly newest: NewestCells }>()
    for (const cell of cells) {
      const bucket = this.#layout.bucketOf(cell.end)
      checkCell(cell)
      const text = this.#layout.bucketText(cell.key, bucket)
      const found = buckets.get(text)
      if (found === undefined) buckets.set(text, { bucket, newest: new NewestCells(cell) })
      else found.newest.put(cell)
    }
    return [...buckets].flatMap(([text, { bucket, newest }]) => inParts({ text, bucket, cells: newest.cells }))
  }

  /** Groups of calls, each with its buckets: in a cluster only those of one slot can go in one call. */
  #groups(buckets: readonly Bucket[]): readonly (readonly (readonly Bucket[])[])[] {
    const groups: Bucket[][][] = []
    let size = 0
    let tag: string | undefined
    for (const bucket of buckets) {
      const own = this.#commands.cluster ? bucket.text.slice(0, -8) : ''
      const group = groups.at(-1)
      if (group === undefined || size + bucket.cells.length > CELLS_PER_GROUP) {
        groups.push([[bucket]])
        size = 0
      } else if (own === tag) group.at(-1)?.push(bucket)
      else group.push([bucket])
      size += bucket.cells.length
      tag = own
    }
    return groups
  }

  #arguments({ bucket, cells }: Bucket, watermark: number): readonly Argument[] {
    const ahead = Number.isFinite(watermark) ? Math.max(0, bucket - watermark) : this.#layout.spanMs
    const ttl = String(Math.ceil(ahead + this.#keepMs))
    const args: Argument[] = [ttl, String(cells.length)]
    for (const cell of cells) args.push(encodeField(cell, bucket), encodeValue(cell))
    return args
  }

  /** Ends of buckets that ends in (from, to] lie in; undefined: too many to ask for one by one. */
  #bucketsIn(from: number, to: number): readonly number[] | undefined {
    const { spanMs } = this.#layout
    if (!(to > from)) return []
    if (!((to - from) / spanMs < MOST_BUCKETS)) return undefined
    const first = this.#layout.bucketOf(Math.floor(from) + 1)
    const last = this.#layout.bucketOf(Math.floor(to))
    return Array.from({ length: Math.round((last - first) / spanMs) + 1 }, (_, i) => first + i * spanMs)
  }

  /** The range of ends that the store may hold: results are served for so long, and no window ends far ahead of W. */
  async #held(states: readonly ShardState[]): Promise<{ readonly from: number; readonly to: number }> {
    let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for await (const { bucket } of this.#scan()) {
      from = Math.min(from, bucket - this.#layout.spanMs)
      to = Math.max(to, bucket)
    }
    const evictedTo = Math.min(...states.map((state) => state.evictedTo))
    return { from: Math.max(from, evictedTo), to }
  }

  async #readKey(key: Uint8Array, buckets: readonly number[], from: number, to: number): Promise<readonly Cell[]> {
    const names = buckets.map((bucket) => this.#layout.bucketKey(key, bucket))
    const flats = await Promise.all(names.map((redisKey) => this.#commands.send(redisKey, ['HGETALL', redisKey])))
    const own = key.slice()
    return flats.flatMap((flat, i) => cellsOf(own, buckets[i] as number, flat, from, to))
  }

  /** The cells of a bucket with ends in (from, to], in order. */
  async #cells({ redisKey, key, bucket }: FoundBucket, from: number, to: number): Promise<readonly Cell[]> {
    const flat = await this.#persist('Reading results', () => this.#commands.send(redisKey, ['HGETALL', redisKey]))
    return cellsOf(new Uint8Array(key), bucket, flat, from, to)
  }

  /**
   * Buckets of all keys, each once as far as it was there all the time; what is added meanwhile may or may not come.
   * @throws StreamError REDIS_RESHARDED at the end, where slots moved meanwhile
   */
  async *#scan(): AsyncGenerator<FoundBucket, void> {
    const pattern = Buffer.concat([escaped(this.#layout.prefix), Buffer.from('*')])
    const { masters, checkStayed } = await this.#shards.masters()
    for (const send of masters) {
      const seen = new Set<string>()
      let cursor = '0'
      do {
        const answer = await this.#persist('Looking through all keys', () =>
          send(['SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT]),
        )
        const [next, keys] = answer as [Buffer, readonly Buffer[]]
        cursor = String(next)
        for (const redisKey of keys) {
          const found = this.#layout.parse(redisKey)
          const name = redisKey.toString('latin1')
          if (found === undefined || seen.has(name)) continue
          seen.add(name)
          yield { redisKey, ...found }
        }
      } while (cursor !== '0')
    }
    await checkStayed()
  }
}

/** A window may have any number of corrections; a script takes so many values at once. */
function inParts(bucket: Bucket): readonly Bucket[] {
  const { cells } = bucket
  if (cells.length <= CELLS_PER_GROUP) return [bucket]
  return Array.from({ length: Math.ceil(cells.length / CELLS_PER_GROUP) }, (_, i) => {
    const from = i * CELLS_PER_GROUP
    return { ...bucket, cells: cells.slice(from, from + CELLS_PER_GROUP) }
  })
}

/** What HGETALL says of a bucket as cells with ends in (from, to], in order; they share the key. */
function cellsOf(key: Uint8Array, bucket: number, answer: unknown, from: number, to: number): readonly Cell[] {
  const flat = answer as readonly Buffer[]
  const cells: Cell[] = []
  for (let i = 0; i < flat.length; i += 2) {
    const cell = decodeCell(key, bucket, flat[i] as Buffer, flat[i + 1] as Buffer)
    if (cell.end > from && cell.end <= to) cells.push(cell)
  }
  return cells.sort(
    (a, b) =>
      a.end - b.end || a.start - b.start || (a.correction < b.correction ? -1 : a.correction > b.correction ? 1 : 0),
  )
}

/** Bytes for a pattern of SCAN that stand for themselves. */
function escaped(bytes: Buffer): Buffer {
  const special = Buffer.from('*?[]^-\\')
  return Buffer.from([...bytes].flatMap((byte) => (special.includes(byte) ? [0x5c, byte] : [byte])))
}
