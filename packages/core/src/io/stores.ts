/**
 * Owns the contracts of the two serving layers: a hot store that answers fast and forgets, and a cold store that keeps.
 * Both hold cells by key and window END, newest version first; neither knows pipelines, boundaries or the other.
 * `memoryHotStore` and `memoryColdStore` are the reference; `verifyHotStore` and `verifyColdStore` in
 * `@tidemark/testing` check any other.
 */
import type { Cell } from './cell.ts'
import type { Signal } from './source.ts'

/** Whose results a session reads and writes. */
export interface Aggregation {
  /** Another name is another set of results. A new version of results has a name of its own. */
  readonly name: string
  /** The size of its windows, or how far apart their ends usually are, ms: how stores group them. Must not change. */
  readonly windowMs: number
  readonly signal?: Signal
}

/** How far a log partition has been applied. */
export interface Applied {
  /** The next offset to apply. */
  readonly offset: bigint
  /** Event time reached there, ms: the W of the partition. */
  readonly watermark: number
}

/** A step of a log partition, written behind the cells that it is about. */
export interface Move {
  readonly partition: string
  /** What the shard must say now; undefined: it must say nothing. */
  readonly from: bigint | undefined
  readonly to: Applied
}

export interface HotWritten {
  /** Cells that were older than what is kept. */
  readonly older: number
  /** Cells of windows that had been evicted: not written. */
  readonly evicted: number
  /**
   * False: the shard says another position than `from`, and still does, or its life has changed since the write began:
   * cells that it had acknowledged may be gone. Cells may have been written all the same.
   */
  readonly moved: boolean
  /** With a `move`: what the shard says now. */
  readonly applied: Applied | undefined
}

/** What a shard says of itself. Data and this are lost together or not at all. */
export interface ShardState {
  readonly applied: ReadonlyMap<string, Applied>
  /** The copy of the boundary, −∞ where none was written. Never becomes smaller. */
  readonly boundary: number
  /** Windows with ends up to here are gone, −∞ where none are. */
  readonly evictedTo: number
  /** A heartbeat was written and has not run out. */
  readonly alive: boolean
  /**
   * Another one whenever writes may be gone that were acknowledged: a server that began anew, a replica that took over.
   * All of one answer is of one life. Left out by a store that loses nothing.
   */
  readonly life?: string
  /**
   * By partition: cells of entries before these offsets may be there, though `applied` does not say so yet. Of a read it
   * is what was so after the cells were read. Left out by a store that shows cells and their position at once.
   */
  readonly announced?: ReadonlyMap<string, bigint>
}

export interface HotRead {
  /** For each key asked for, in order: what is kept, withdrawals and corrections too, in order of window end, then start. */
  readonly cells: readonly (readonly Cell[])[]
  /** Of every shard that a key asked for lies in; all but `announced` read before the cells. */
  readonly shards: ReadonlyMap<string, ShardState>
}

/**
 * One aggregation in a hot store. Ranges are (from, to] over window ends, both finite. A call resolves when the store has
 * acknowledged everything, or rejects; what it says about cells then is unknown, and the same may be written again.
 */
export interface HotSession {
  /** Parts that fail on their own; at least one. */
  readonly shards: readonly string[]
  readonly shardOf: (key: Uint8Array) => string
  /**
   * Applies cells of one shard, each if it is not older than what is kept and its window has not been evicted; then, with
   * `move`, the position by compare-and-set. `watermark` is W: what is kept expires on the server's clock when it would
   * be served for `serveForMs` and a slack more, never earlier than was set before. W = ±∞ sets the longest.
   */
  readonly write: (
    shard: string,
    cells: readonly Cell[],
    options: { readonly watermark: number; readonly move?: Move },
  ) => Promise<HotWritten>
  /** All keys in one round trip to each shard. */
  readonly read: (keys: readonly Uint8Array[], from: number, to: number) => Promise<HotRead>
  /** Cells of all keys in batches of some thousand at most, in no order; one key's window may come twice while it is written. */
  readonly slice: (from: number, to: number) => AsyncIterable<readonly Cell[]>
  readonly state: () => Promise<ReadonlyMap<string, ShardState>>
  /** Tells every shard a boundary; a smaller one than it has changes nothing. */
  readonly raiseBoundary: (boundary: number) => Promise<void>
  /** Lets every shard say for `forMs` that it holds what was written. */
  readonly beat: (forMs: number) => Promise<void>
  /** Removes windows with ends up to `to`, and refuses them from now on; says how many cells went. */
  readonly evict: (to: number) => Promise<number>
  /** Nothing that is kept expires earlier than `forMs` from now. For a watchdog, while the boundary is held back. */
  readonly extend: (forMs: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** The layer for recent results. A description: `open` connects. */
export interface HotStore {
  readonly kind: string
  /** How long results are served from here, in event time behind W. */
  readonly serveForMs: number
  readonly open: (aggregation: Aggregation) => Promise<HotSession>
}

/**
 * One aggregation in a cold store. Ranges are (from, to] over window ends, both finite.
 * Registers are a few small named values of at least one byte with compare-and-set, for whoever coordinates writers and
 * readers.
 */
export interface ColdSession {
  /**
   * Resolves when everything is durable: each cell, if it is not older than what is kept. Any number of cells, in any
   * order, several for one place too. `watermark` is W, for stores whose data expire.
   */
  readonly put: (cells: readonly Cell[], options: { readonly watermark: number }) => Promise<void>
  /** For each key, in order: what is kept, withdrawals and corrections too, in order of window end, then start. */
  readonly read: (keys: readonly Uint8Array[], from: number, to: number) => Promise<readonly (readonly Cell[])[]>
  /** Cells of all keys in batches of some thousand at most, in no order. */
  readonly slice: (from: number, to: number) => AsyncIterable<readonly Cell[]>
  readonly register: (name: string) => Promise<Uint8Array | undefined>
  /** Sets a register if it holds `expected` (undefined: nothing); false: it holds something else. Durable when it resolves. */
  readonly compareAndSet: (name: string, expected: Uint8Array | undefined, value: Uint8Array) => Promise<boolean>
  readonly close: () => Promise<void>
}

/** The layer for old results. A description: `open` connects, and makes or checks what it needs on the server. */
export interface ColdStore {
  readonly kind: string
  /** Stores that order cells by one number take results of epoch 0 only: of jobs that restart with what they knew. */
  readonly epochZeroOnly: boolean
  /**
   * How long cells stay behind W, in event time, where not for ever: one of a window that ends at e goes when as much time
   * has passed since it was put as e + this was ahead of W then.
   */
  readonly keepForMs?: number
  readonly open: (aggregation: Aggregation) => Promise<ColdSession>
}
