/**
 * Owns tiers without a log: the pipeline runs here and writes both stores as its panes come. Nothing moves between the
 * stores and nothing can be filled again; a reader asks both for everything and takes the newest.
 */
import type {
  Aggregation,
  Cell,
  Clock,
  ColdSession,
  ColdStore,
  HotSession,
  HotStore,
  Key,
  Pane,
  Pipeline,
  Signal,
  Sink,
  SinkWriter,
  TimeWindow,
} from '@tidemark/core'
import { compareVersions } from '@tidemark/core'
import { placeOf } from './cold-buffer.ts'
import type { ColdWrites } from './cold-writes.ts'
import type { Ask, Fetched } from './fetch.ts'
import { cellOf } from './pane-cell.ts'
import { REGISTERS, decodeRegister, encodeRegister } from './registers.ts'
import { unite } from './unite.ts'
import { sleep } from './wait.ts'

export interface DirectOptions {
  readonly results: Pipeline<never>
  readonly hot: HotStore
  readonly cold: ColdStore
  readonly coldWrites: ColdWrites
  readonly maxWaiting: number
  readonly clock: Clock
}

type Item = Pane<Key, unknown, TimeWindow>

export class DirectRun {
  readonly #options: DirectOptions

  constructor(options: DirectOptions) {
    this.#options = options
  }

  /** Runs the pipeline to its end, or until the signal is aborted. */
  async run(view: Aggregation, signal: Signal | undefined): Promise<void> {
    const sink: Sink<Item> = {
      kind: 'tiers',
      keepsAccumulators: true,
      latestValuesOnly: true,
      open: () => DirectWriter.open(this.#options, view),
    }
    const job = (this.#options.results as unknown as Pipeline<Item>)
      .to(sink, { role: 'required', name: 'tiers' })
      .start({ clock: this.#options.clock, ...(signal === undefined ? {} : { signal }) })
    await job.done
  }
}

/** Writes hot at once and cold when it is due; what waits for cold is written at the latest when the job flushes. */
class DirectWriter implements SinkWriter<Item> {
  readonly #options: DirectOptions
  readonly #hot: HotSession
  readonly #cold: ColdSession
  readonly #waiting: Map<string, Cell> = new Map()
  #watermark: number = Number.NEGATIVE_INFINITY
  #due: number
  #closed = false

  constructor(options: DirectOptions, hot: HotSession, cold: ColdSession) {
    this.#options = options
    this.#hot = hot
    this.#cold = cold
    this.#due = options.clock.now() + options.coldWrites.periodMs
    void this.#writeInTime()
  }

  static async open(options: DirectOptions, aggregation: Aggregation): Promise<DirectWriter> {
    const { name, windowMs } = aggregation
    const [hot, cold] = await Promise.all([options.hot.open({ name, windowMs }), options.cold.open({ name, windowMs })])
    return new DirectWriter(options, hot, cold)
  }

  async write(batch: readonly Item[]): Promise<void> {
    const byShard = new Map<string, Cell[]>()
    for (const pane of batch) {
      const cell = cellOf(pane)
      const shard = this.#hot.shardOf(cell.key)
      const cells = byShard.get(shard)
      if (cells === undefined) byShard.set(shard, [cell])
      else cells.push(cell)
      if (pane.kind !== 'correction' && pane.timing === 'early') continue
      const place = placeOf(cell)
      const before = this.#waiting.get(place)
      if (before === undefined || compareVersions(cell, before) >= 0) this.#waiting.set(place, cell)
    }
    const watermark = this.#watermark
    await Promise.all([...byShard].map(([shard, cells]) => this.#hot.write(shard, cells, { watermark })))
    if (this.#waiting.size > this.#options.maxWaiting || this.#options.clock.now() >= this.#due) await this.flush()
  }

  progress(watermark: number): void {
    this.#watermark = watermark
  }

  async flush(): Promise<void> {
    this.#due = this.#options.clock.now() + this.#options.coldWrites.periodMs
    const cells = [...this.#waiting.values()]
    this.#waiting.clear()
    const watermark = this.#watermark
    if (cells.length > 0) await this.#cold.put(cells, { watermark })
    // For readers, who tell by it what is complete and what is final.
    const bytes = encodeRegister({ watermark })
    while (!(await this.#cold.compareAndSet(REGISTERS.direct, await this.#cold.register(REGISTERS.direct), bytes)));
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#hot.close(), this.#cold.close()])
  }

  /** Where no panes come any more, what waits is due all the same. */
  async #writeInTime(): Promise<void> {
    while (!this.#closed) {
      await sleep(this.#options.clock, this.#options.coldWrites.periodMs)
      if (this.#closed) return
      if (this.#waiting.size > 0 && this.#options.clock.now() >= this.#due) await this.flush().catch(() => {})
    }
  }
}

/** Both stores, asked for everything. */
export class DirectFetcher {
  readonly #hot: HotSession
  readonly #cold: ColdSession
  readonly #keepForMs: number | undefined

  constructor(hot: HotSession, cold: ColdSession, keepForMs?: number) {
    this.#hot = hot
    this.#cold = cold
    this.#keepForMs = keepForMs
  }

  async goneTo(): Promise<number> {
    return this.#keepForMs === undefined ? Number.NEGATIVE_INFINITY : (await this.lastTime()) - this.#keepForMs
  }

  async lastTime(): Promise<number> {
    const bytes = await this.#cold.register(REGISTERS.direct)
    const { watermark } =
      bytes === undefined
        ? { watermark: Number.NEGATIVE_INFINITY }
        : decodeRegister<{ watermark: number }>(REGISTERS.direct, bytes)
    return watermark
  }

  fetch(keys: readonly Uint8Array[], from: number, to: number, partial: boolean): Promise<Fetched> {
    return this.look(from, to, partial, () => ({
      hot: (after, upTo) => this.#hot.read(keys, after, upTo),
      cold: (after, upTo) => this.#cold.read(keys, after, upTo),
      columns: () => keys.length,
    }))
  }

  async look(from: number, to: number, _: boolean, ask: () => Ask): Promise<Fetched> {
    const asked = ask()
    const [hot, cold, watermark] = await Promise.all([asked.hot(from, to), asked.cold(from, to), this.lastTime()])
    return {
      places: Array.from({ length: asked.columns() }, (_one, i) =>
        unite(hot.cells[i] ?? [], cold[i] ?? [], Number.NEGATIVE_INFINITY, true),
      ),
      watermarks: { hot: watermark, cold: watermark },
      incomplete: [],
    }
  }
}
