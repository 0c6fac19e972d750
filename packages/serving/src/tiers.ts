/** Owns the two tiers as users hold them: the writers to run, the questions to ask, which version answers. */
import { EventEmitter } from 'eventemitter3'
import type { Clock, ColdStore, Duration, HotStore, ResultsLog, Signal } from '@tidemark/core'
import type { ColdWrites } from './cold-writes.ts'
import type { DirectRun } from './direct.ts'
import { type Difference, differences } from './diff.ts'
import type { TierEvents } from './events.ts'
import { type TiersHealth, healthOf } from './health.ts'
import { Layer } from './layer.ts'
import { type LayerOptions, runLayer } from './layer-run.ts'
import { oneByOne } from './one-by-one.ts'
import type { LatestQuery, Range, ReadOptions, ReadQuery, Rows } from './reader.ts'
import { REGISTERS, type ServedVersion, type Settings, decodeRegister, encodeRegister } from './registers.ts'
import type { Row } from './row.ts'
import type { Rules } from './rules.ts'
import type { View } from './view.ts'
import { inTime } from './wait.ts'

export interface RunOptions {
  readonly signal?: Signal
}

export interface WatchOptions {
  /** Window ends after this; all if not given. */
  readonly from?: number | Date
  /** How often the tiers are asked. Default 1s. */
  readonly every?: Duration
  readonly signal?: Signal
}

/** Two stores that answer as one. */
export interface Tiers<K, V, W> {
  /**
   * Fills both tiers from the log and moves the boundary, until the signal is aborted: hot writer, cold writer, eviction,
   * heartbeat, watchdog. What fails and may succeed later is tried again, with an alarm; what cannot rejects.
   */
  run(options?: RunOptions): Promise<void>
  /**
   * The results of one key or some, with window ends in (from, to], in order of time; one round trip to each tier. No
   * later read goes back behind an earlier one of the same tiers.
   * @throws StreamError RESULTS_INCOMPLETE (retryable) where a tier is not current
   */
  read(query: ReadQuery<K>): Promise<Rows<K, V, W>>
  /** The newest windows of a key, newest first. */
  latest(query: LatestQuery<K>): Promise<readonly Row<K, V, W>[]>
  /** The results of all keys with window ends in (from, to], stretch by stretch of time, in no order of keys. */
  slice(options: ReadOptions): AsyncIterable<Row<K, V, W>>
  /** Rows of a key as they come and change, the present ones first. Ends when the signal is aborted. */
  watch(key: K, options?: WatchOptions): AsyncIterable<Row<K, V, W>>
  /** How far log, hot and cold are. Never rejects, and waits for no store longer than `maxWait`: it is named then. */
  health(): Promise<TiersHealth>
  /** When each tier is written, and what late data does in each state of a window. For people. */
  explain(): string
  on<E extends keyof TierEvents>(event: E, listener: (about: TierEvents[E]) => void): () => void
  /** Where two versions of the results differ, key by key and window by window. */
  diff(one: string, other: string, range: Range): AsyncIterable<Difference<K, V, W>>
  /** From now on reads that name no version are answered by this one. Takes a lease to reach every reader. */
  promote(version: string): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export interface TiersParts<K> {
  readonly view: View<K>
  readonly log: ResultsLog | undefined
  readonly direct: DirectRun | undefined
  readonly hot: HotStore
  readonly cold: ColdStore
  readonly coldWrites: ColdWrites
  readonly settings: Omit<Settings, 'partitions'>
  /** Written by run; read where given, else what was promoted is. */
  readonly version: string | undefined
  readonly maxWaitMs: number
  readonly tickMs: number
  readonly extendAfterMs: number
  readonly maxWaiting: number
  readonly batchSize: number
  readonly clock: Clock
  readonly rules: Rules
  readonly explain: () => string
  readonly watchMs: (every: Duration | undefined) => number
}

/** The first version of results has no name of its own. */
export const FIRST_VERSION = ''

export class TwoTiers<K, V, W> implements Tiers<K, V, W> {
  readonly #parts: TiersParts<K>
  readonly #events: EventEmitter<{ [E in keyof TierEvents]: (about: TierEvents[E]) => void }> = new EventEmitter()
  readonly #layers: Map<string, Layer<K, V, W>> = new Map()
  #served: { readonly version: string; readonly at: number } | undefined

  constructor(parts: TiersParts<K>) {
    this.#parts = parts
  }

  run({ signal }: RunOptions = {}): Promise<void> {
    const { version = FIRST_VERSION } = this.#parts
    const { log, direct } = this.#parts
    if (log === undefined) return (direct as DirectRun).run(this.#viewOf(version), signal)
    const options: LayerOptions = { ...this.#parts, log, view: this.#viewOf(version) }
    return runLayer(options, (event, about) => void this.#events.emit(event, about as never), signal)
  }

  async read(query: ReadQuery<K>): Promise<Rows<K, V, W>> {
    return (await this.#reader()).read(query)
  }

  async latest(query: LatestQuery<K>): Promise<readonly Row<K, V, W>[]> {
    return (await this.#reader()).latest(query)
  }

  slice(options: ReadOptions): AsyncIterableIterator<Row<K, V, W>> {
    return oneByOne(this.#slices(options))
  }

  async *#slices(options: ReadOptions): AsyncGenerator<readonly Row<K, V, W>[], void> {
    yield* (await this.#reader()).slices(options)
  }

  async *watch(key: K, { from, every, signal }: WatchOptions = {}): AsyncGenerator<Row<K, V, W>, void> {
    const everyMs = this.#parts.watchMs(every)
    yield* (await this.#reader()).watch(key, Number(from ?? Number.NEGATIVE_INFINITY), everyMs, signal)
  }

  async health(): Promise<TiersHealth> {
    const { log, clock, hot, version, maxWaitMs } = this.#parts
    const served = version ?? (await inTime(this.#version(), clock, maxWaitMs).catch(() => FIRST_VERSION))
    return healthOf(this.#layer(served), { log, clock, serveForMs: hot.serveForMs, version: served, maxWaitMs })
  }

  explain(): string {
    return this.#parts.explain()
  }

  on<E extends keyof TierEvents>(event: E, listener: (about: TierEvents[E]) => void): () => void {
    this.#events.on(event, listener as never)
    return () => void this.#events.off(event, listener as never)
  }

  async *diff(one: string, other: string, range: Range): AsyncGenerator<Difference<K, V, W>, void> {
    const readers = await Promise.all([one, other].map(async (version) => (await this.#layer(version).open()).reader))
    const [a, b] = readers as [(typeof readers)[0], (typeof readers)[0]]
    yield* differences(this.#parts.view, a, b, range)
  }

  async promote(version: string): Promise<void> {
    // A version that nobody has written is no version.
    await this.#layer(version).open()
    const { cold } = await this.#layer(FIRST_VERSION).open()
    const bytes = encodeRegister({ version } satisfies ServedVersion)
    while (!(await cold.compareAndSet(REGISTERS.serving, await cold.register(REGISTERS.serving), bytes)));
    this.#served = undefined
  }

  async close(): Promise<void> {
    await Promise.all([...this.#layers.values()].map((layer) => layer.close()))
    this.#layers.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #viewOf(version: string): View<K> {
    const { view } = this.#parts
    return version === FIRST_VERSION ? view : { ...view, name: `${view.name}@${version}` }
  }

  #layer(version: string): Layer<K, V, W> {
    let layer = this.#layers.get(version)
    if (layer === undefined)
      this.#layers.set(
        version,
        (layer = new Layer({ ...this.#parts, view: this.#viewOf(version), isDirect: this.#parts.log === undefined })),
      )
    return layer
  }

  async #reader(): Promise<Awaited<ReturnType<Layer<K, V, W>['open']>>['reader']> {
    return (await this.#layer(this.#parts.version ?? (await this.#version())).open()).reader
  }

  /** What was promoted, asked for as often as the boundary is. */
  async #version(): Promise<string> {
    const { clock, settings, cold, view } = this.#parts
    const now = clock.now()
    if (this.#served !== undefined && Math.abs(now - this.#served.at) < settings.leaseMs / 3)
      return this.#served.version
    const session = await cold.open({ name: view.name, windowMs: view.windowMs })
    try {
      const bytes = await session.register(REGISTERS.serving)
      const version =
        bytes === undefined ? FIRST_VERSION : decodeRegister<ServedVersion>(REGISTERS.serving, bytes).version
      this.#served = { version, at: now }
      return version
    } finally {
      await session.close()
    }
  }
}
