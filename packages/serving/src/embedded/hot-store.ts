/**
 * Owns the hot store in a folder: one shard, whose cells, positions and state go back together or not at all. Expiry is
 * by window end: the latest that was said of any cell with it. Looking for what has expired costs a look at one time
 * unless something has.
 */
import {
  type Applied,
  type Clock,
  type Duration,
  type HotSession,
  type HotStore,
  type ShardState,
  durationMs,
  periodMs,
  systemClock,
} from '@tidemark/core'
import { Cells } from './cells.ts'
import { type Database, type FolderOptions, checkFolder, openFolder } from './environment.ts'
import { AREA, after, keyOf, time, timeAt, u32, u64 } from './keys.ts'
import { numberOf } from './names.ts'

export interface EmbeddedHotStoreOptions extends FolderOptions {
  /** How long results are served from here, in event time behind W. */
  readonly serveFor: Duration
  /** How much longer than that they are kept at least; as long again if not given. */
  readonly slack?: Duration
  /** What expiry and heartbeats go by. */
  readonly clock?: Clock
}

const SHARD = '0'
const SHARDS: readonly string[] = Object.freeze([SHARD])

/**
 * A hot store in a folder of this machine, on LMDB. Needs the optional peer `lmdb`.
 * @throws StreamError BAD_EMBEDDED, BAD_DURATION; sessions reject with EMBEDDED_FULL, EMBEDDED_DAMAGED
 * @example embeddedHotStore({ path: './results', serveFor: '14d' })
 */
export function embeddedHotStore(options: EmbeddedHotStoreOptions): HotStore {
  const { serveFor, slack = serveFor, clock = systemClock } = options
  checkFolder('embeddedHotStore', options)
  const serveForMs = periodMs(serveFor, "'serveFor' of embeddedHotStore")
  const keepMs = serveForMs + durationMs(slack, "'slack' of embeddedHotStore")
  return Object.freeze({
    kind: `embeddedHotStore(${options.path})`,
    serveForMs,
    open: async ({ name }): Promise<HotSession> => {
      const environment = openFolder(options)
      const { db, read, write } = environment
      const id = numberOf(environment, 'hot', name)
      const cells = new Cells(environment, id)
      const shard = new Shard(db, id, cells)
      const expire = (): void => {
        const now = clock.now()
        if (read(() => shard.firstExpiry) <= now) write(() => shard.expire(now))
      }
      return {
        shards: SHARDS,
        shardOf: () => SHARD,
        write: async (_, of, { watermark, move }) => {
          const now = clock.now()
          return write(() => {
            shard.expire(now)
            const [evictedTo, latest] = [shard.get('evictedTo'), new Map<number, number>()]
            let [older, evicted] = [0, 0]
            for (const cell of of) {
              if (cell.end <= evictedTo) evicted++
              else if (!cells.put(cell)) older++
              else
                latest.set(
                  cell.end,
                  now + keepMs + (Number.isFinite(watermark) ? Math.max(0, cell.end - watermark) : 0),
                )
            }
            for (const [end, until] of latest) shard.keepUntil(end, until)
            if (move === undefined) return { older, evicted, moved: true, applied: undefined }
            const { partition, from, to } = move
            const moved = shard.applied(partition)?.offset === from
            if (moved) shard.apply(partition, to)
            return { older, evicted, moved, applied: shard.applied(partition) }
          })
        },
        read: async (keys, from, to) => {
          expire()
          // Read in one turn: of one instant.
          const shards = new Map(keys.slice(0, 1).map(() => [SHARD, read(() => shard.state(clock.now()))] as const))
          return { cells: keys.map((key) => cells.read(key, from, to)), shards }
        },
        slice: async function* (from, to) {
          expire()
          yield* cells.slice(from, to)
        },
        state: async () => {
          expire()
          return read(() => new Map([[SHARD, shard.state(clock.now())]]))
        },
        raiseBoundary: async (boundary) => write(() => shard.raise('boundary', boundary)),
        beat: async (forMs) => write(() => shard.raise('aliveUntil', clock.now() + forMs)),
        evict: async (to) =>
          write(() => {
            const gone = cells.remove(Number.NEGATIVE_INFINITY, to)
            shard.forget(to)
            shard.raise('evictedTo', to)
            return gone
          }),
        extend: async (forMs) => write(() => shard.extend(clock.now() + forMs)),
        close: () => environment.close(),
      }
    },
  } satisfies HotStore)
}

/** What is said of itself, as numbers; −∞ where nothing was. */
type Said = 'boundary' | 'evictedTo' | 'aliveUntil' | 'firstExpiry'

/** One shard of one set of results; all but `state` and `firstExpiry` inside of a transaction. */
class Shard {
  readonly #db: Database
  readonly #id: Buffer
  readonly #cells: Cells

  constructor(db: Database, id: number, cells: Cells) {
    this.#db = db
    this.#id = u32(id)
    this.#cells = cells
  }

  get(what: Said): number {
    const bytes = this.#db.get(this.#said(what))
    return bytes === undefined ? Number.NEGATIVE_INFINITY : timeAt(bytes, 0)
  }

  raise(what: Said, to: number): void {
    if (to > this.get(what)) this.#db.putSync(this.#said(what), time(to))
  }

  applied(partition: string): Applied | undefined {
    const bytes = this.#db.get(this.#position(partition))
    return bytes === undefined ? undefined : appliedOf(bytes)
  }

  apply(partition: string, { offset, watermark }: Applied): void {
    this.#db.putSync(this.#position(partition), Buffer.concat([u64(offset), time(watermark)]))
  }

  state(now: number): ShardState {
    const prefix = this.#position('')
    const applied = new Map<string, Applied>()
    for (const { key, value } of this.#db.getRange({ start: prefix, end: after(prefix) }))
      applied.set(key.subarray(prefix.length).toString('utf8'), appliedOf(value))
    const alive = this.get('aliveUntil') > now
    return { applied, boundary: this.get('boundary'), evictedTo: this.get('evictedTo'), alive }
  }

  /** Nothing expires sooner; it may be that nothing expires then. +∞: nothing is kept. */
  get firstExpiry(): number {
    const bytes = this.#db.get(this.#said('firstExpiry'))
    return bytes === undefined ? Number.POSITIVE_INFINITY : timeAt(bytes, 0)
  }

  set firstExpiry(at: number) {
    this.#db.putSync(this.#said('firstExpiry'), time(at))
  }

  expire(now: number): void {
    if (this.firstExpiry > now) return
    let next = Number.POSITIVE_INFINITY
    for (const { key, end, until } of this.#expiries()) {
      if (until > now) next = Math.min(next, until)
      else {
        this.#db.removeSync(key)
        this.#cells.remove(before(end), end)
      }
    }
    this.firstExpiry = next
  }

  keepUntil(end: number, until: number): void {
    const key = this.#expiry(end)
    const kept = this.#db.get(key)
    if (kept !== undefined && timeAt(kept, 0) >= until) return
    this.#db.putSync(key, time(until))
    if (until < this.firstExpiry) this.firstExpiry = until
  }

  extend(until: number): void {
    for (const { end } of this.#expiries()) this.keepUntil(end, until)
  }

  /** What was evicted does not expire any more. */
  forget(to: number): void {
    for (const { key, end } of this.#expiries()) if (end <= to) this.#db.removeSync(key)
  }

  #expiries(): readonly { readonly key: Buffer; readonly end: number; readonly until: number }[] {
    const prefix = keyOf(AREA.expiry, this.#id)
    return [...this.#db.getRange({ start: prefix, end: after(prefix) })].map(({ key, value }) => ({
      key,
      end: timeAt(key, prefix.length),
      until: timeAt(value, 0),
    }))
  }

  #expiry(end: number): Buffer {
    return keyOf(AREA.expiry, this.#id, time(end))
  }

  #said(what: Said): Buffer {
    return keyOf(AREA.state, this.#id, Buffer.from(`s${what}`))
  }

  #position(partition: string): Buffer {
    return keyOf(AREA.state, this.#id, Buffer.from(`p${partition}`))
  }
}

function appliedOf(bytes: Buffer): Applied {
  return { offset: bytes.readBigUInt64BE(), watermark: timeAt(bytes, 8) }
}

/** Ends are whole numbers. */
function before(end: number): number {
  return end - 1
}
