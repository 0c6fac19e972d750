/** Owns what users ask: some keys, the latest windows of a key, everything in a range, what changes. */
import { type Clock, type Duration, type Signal, StreamError, type TimeWindow, problem } from '@tidemark/core'
import { type Fetched, type Gap, type Looks, timeText } from './fetch.ts'
import { rollUpMs, rollUpParts } from './roll-up.ts'
import { type Part, type Row, partsOf, rowOf } from './row.ts'
import { type Extent, mergeSessions, widen } from './sessions.ts'
import { type SliceOptions, sliced } from './slice.ts'
import type { View } from './view.ts'
import { Turn, sleep } from './wait.ts'

/** Windows by their ends: after `from`, up to and including `to`. */
export interface Range {
  /** −∞: from the oldest result that is kept. @throws StreamError RANGE_EXPIRED for another time before that */
  readonly from: number | Date
  readonly to: number | Date
}

export interface ReadOptions extends Range {
  /** Windows of one stretch of time as one, by merging: '1d'. Stretches begin at the epoch. */
  readonly rollUp?: Duration
  /**
   * What to do where a tier is not current, after waiting for it, or results have expired: 'fail' (default) with
   * RESULTS_INCOMPLETE or RANGE_EXPIRED, or 'report' what there is, with `incomplete` on the answer. A slice fails.
   */
  readonly incomplete?: 'fail' | 'report'
}

export type ReadQuery<K> = ReadOptions &
  ({ readonly key: K; readonly keys?: never } | { readonly keys: readonly K[]; readonly key?: never })

/** Rows in order of key as asked, then time. */
export type Rows<K, V, W> = readonly Row<K, V, W>[] & {
  /** Where rows may be missing or old, and why; only where it was asked for. */
  readonly incomplete?: readonly Gap[]
}

export interface LatestQuery<K> {
  readonly key: K
  /** How many windows, newest first. */
  readonly windows: number
}

const MOST_KEYS = 10_000
/** Rows of a slice that are handed over together. */
const SLICE_ROWS = 1_000
/** Keys of sessions that are read at once in a slice, and how long a stretch of them is, in gaps. */
const SESSION_KEYS = 256
const SESSION_GAPS = 16

export class Reader<K, V, W> {
  readonly #view: View<K>
  readonly #fetcher: Looks
  readonly #sources: SliceOptions
  readonly #clock: Clock

  constructor(view: View<K>, sources: SliceOptions) {
    this.#view = view
    this.#fetcher = sources.fetcher
    this.#sources = sources
    this.#clock = sources.clock
  }

  async read(query: ReadQuery<K>): Promise<Rows<K, V, W>> {
    const range = rangeOf(query)
    const expired = await this.#expired(range)
    if (expired !== undefined && query.incomplete !== 'report') throw rangeExpired(this.#view.name, range, expired)
    return this.#read(query, range, expired === undefined ? [] : [expired])
  }

  /** What of a range may have expired. Who asks from −∞ on asks for what is kept. */
  async #expired({ from, to }: Extent): Promise<Gap | undefined> {
    if (from === Number.NEGATIVE_INFINITY) return undefined
    const goneTo = await this.#fetcher.goneTo()
    return from < goneTo && from < to
      ? { from, to: Math.min(to, goneTo), why: 'cold keeps results for so long only' }
      : undefined
  }

  async #read(query: ReadQuery<K>, { from, to }: Extent, gaps: Gap[]): Promise<Rows<K, V, W>> {
    const keys = query.keys ?? [query.key as K]
    if (keys.length > MOST_KEYS)
      throw problem('TOO_MANY_KEYS', "'keys' of read", {
        found: `${keys.length} keys`,
        expected: `at most ${MOST_KEYS}`,
        remedy: 'Read them in parts, or all keys by slice.',
      })
    const sizeMs = rollUpMs(this.#view, query.rollUp)
    const rows: Row<K, V, W>[] = []
    for await (const [key, parts, watermark] of this.#parts(keys, { from, to }, query.incomplete === 'report', gaps))
      this.#show(rows, key, sizeMs === undefined ? parts : rollUpParts(this.#view, parts, sizeMs), watermark)
    return gaps.length === 0 ? rows : Object.assign(rows, { incomplete: gaps })
  }

  /** The newest windows of a key, newest first. */
  async latest({ key, windows }: LatestQuery<K>): Promise<readonly Row<K, V, W>[]> {
    if (!Number.isSafeInteger(windows) || windows < 1 || windows > MOST_KEYS)
      throw problem('BAD_WINDOWS', "'windows' of latest", {
        found: String(windows),
        expected: `a whole number from 1 to ${MOST_KEYS}`,
        remedy: 'It is how many windows are returned.',
      })
    const { windowMs, gapMs } = this.#view
    const end = Number.POSITIVE_INFINITY
    const spanMs = windows * Math.max(windowMs, gapMs ?? 0)
    // The newest window is not known before it is read: from the last time known, then from further and further back.
    const anchor = await this.#fetcher.lastTime()
    for (let back = Number.isFinite(anchor) ? spanMs : Number.POSITIVE_INFINITY; ; back *= 8) {
      const from = back > 1e15 ? Number.NEGATIVE_INFINITY : anchor - back
      // However far back: what is no more is not among the newest.
      const rows = await this.#read({ key, from, to: end } as ReadQuery<K>, { from, to: end }, [])
      if (rows.length >= windows || from === Number.NEGATIVE_INFINITY) return rows.slice(-windows).toReversed()
    }
  }

  /** Rows of all keys, stretch by stretch of time, in no order of keys; some at a time. */
  async *slices(options: ReadOptions): AsyncGenerator<readonly Row<K, V, W>[], void> {
    const { from, to } = rangeOf(options)
    const view = this.#view
    const sizeMs = rollUpMs(view, options.rollUp)
    const expired = await this.#expired({ from, to })
    if (expired !== undefined) throw rangeExpired(view.name, { from, to }, expired)
    if (view.gapMs !== undefined)
      return yield* this.#sessions({ from, to }, options.rollUp, sizeMs ?? SESSION_GAPS * view.gapMs)
    const turn = new Turn(this.#clock)
    for await (const { keys, watermarks } of sliced(this.#sources, from, to, sizeMs ?? view.windowMs)) {
      let rows: Row<K, V, W>[] = []
      for (const { key: bytes, places } of keys) {
        const parts = partsOf(view, places, watermarks)
        this.#show(
          rows,
          view.decodeKey(bytes),
          sizeMs === undefined ? parts : rollUpParts(view, parts, sizeMs),
          watermarks.hot,
        )
        if (rows.length < SLICE_ROWS) continue
        yield rows
        rows = []
        await turn.pause()
      }
      yield rows
    }
  }

  /** What touches what is known key by key only. */
  async *#sessions(
    range: Extent,
    rollUp: Duration | undefined,
    stepMs: number,
  ): AsyncGenerator<readonly Row<K, V, W>[], void> {
    for await (const { keys, from, to } of sliced(this.#sources, range.from, range.to, stepMs))
      for (let i = 0; i < keys.length; i += SESSION_KEYS) {
        const some = keys.slice(i, i + SESSION_KEYS).map(({ key }) => this.#view.decodeKey(key))
        const query = { keys: some, from, to, ...(rollUp === undefined ? {} : { rollUp }) }
        yield await this.#read(query, { from, to }, [])
      }
  }

  /** Rows of a key that are new or have changed, looked for every `everyMs`. What is not current yet comes later. */
  async *watch(key: K, from: number, everyMs: number, signal?: Signal): AsyncGenerator<Row<K, V, W>, void> {
    let seen = new Map<string, string>()
    while (signal?.aborted !== true) {
      const query = { key, from, to: Number.POSITIVE_INFINITY, incomplete: 'report' } as const
      const rows = await this.#read(query, query, [])
      const now = new Map<string, string>()
      for (const row of rows) {
        const { start, end } = row.window as TimeWindow
        const state = `${row.version} ${row.status}`
        now.set(`${start},${end}`, state)
        if (seen.get(`${start},${end}`) !== state) yield row
      }
      seen = rows.incomplete === undefined ? now : new Map([...seen, ...now])
      await sleep(this.#clock, everyMs, signal)
    }
  }

  async *#parts(
    keys: readonly K[],
    range: Extent,
    partial: boolean,
    gaps: Gap[],
  ): AsyncGenerator<[K, readonly Part[], number], void> {
    const view = this.#view
    const { gapMs } = view
    const bytes = keys.map((key) => view.encodeKey(key))
    if (gapMs === undefined) {
      const found = await this.#fetcher.fetch(bytes, range.from, range.to, partial)
      gaps.push(...found.incomplete)
      for (const [i, key] of keys.entries())
        yield [key, partsOf(view, found.places[i] ?? [], found.watermarks), found.watermarks.hot]
      return
    }
    const first: Extent = { from: range.from - gapMs, to: range.to + gapMs }
    const all = await this.#fetcher.fetch(bytes, first.from, first.to, partial)
    for (const [i, key] of keys.entries()) {
      let [found, read]: [Fetched, Extent] = [all, first]
      let sessions = mergeSessions(view, partsOf(view, found.places[i] ?? [], found.watermarks))
      for (
        let wider = widen(sessions, range, read, gapMs);
        wider !== undefined;
        wider = widen(sessions, range, read, gapMs)
      ) {
        read = wider
        found = await this.#fetcher.fetch([bytes[i] as Uint8Array], read.from, read.to, partial)
        sessions = mergeSessions(view, partsOf(view, found.places[0] ?? [], found.watermarks))
      }
      gaps.push(...found.incomplete)
      yield [key, sessions.filter(({ end }) => end > range.from && end <= range.to), found.watermarks.hot]
    }
  }

  #show(rows: Row<K, V, W>[], key: K, parts: readonly Part[], watermark: number): void {
    for (const part of parts) {
      const row = rowOf<K, V, W>(this.#view, key, part, watermark)
      if (row !== undefined) rows.push(row)
    }
  }
}

function rangeOf({ from, to }: Range): Extent {
  const range = { from: Number(from), to: Number(to) }
  if (Number.isNaN(range.from) || Number.isNaN(range.to) || range.from > range.to)
    throw new StreamError(
      'BAD_RANGE',
      `The range of a read: found from ${String(from)} to ${String(to)}, expected two times of which the first is not the later, in ms or as Date. Windows are found by their ends, in (from, to].`,
    )
  return range
}

function rangeExpired(name: string, { from, to }: Extent, expired: Gap): StreamError {
  return problem('RANGE_EXPIRED', `A read of '${name}' with window ends in (${timeText(from)}, ${timeText(to)}]`, {
    found: `that results up to ${timeText(expired.to)} may have expired: ${expired.why}`,
    expected: 'a range that is kept whole',
    remedy:
      "Ask from that time on, or from -Infinity for all that is kept, or read with incomplete: 'report'. Older results are to be made anew from an archive; what is to stay needs a longer 'keepFor' of the cold store.",
  })
}
