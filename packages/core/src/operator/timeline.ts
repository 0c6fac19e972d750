/**
 * Owns event time of one `eventTime` stage: the splits that feed it, how each record moves its split, the future-clock
 * guard, idleness and drift. The task owns the combined watermark of all timelines.
 */
import type { SourceReader } from '../io/source.ts'
import type { Split, SplitWatermarks } from '../time/splits.ts'
import { AFTER_ALL, BEFORE_ALL } from '../time/timestamp.ts'
import type { WatermarkStrategy } from '../time/watermark.ts'

export interface TimelineOptions {
  readonly name: string
  readonly watermark: WatermarkStrategy<never>
  readonly idleAfterMs: number | undefined
  readonly whenAllIdle: 'hold' | 'advance'
  readonly stalledAfterMs: number
  readonly maxAheadMs: number | undefined
  readonly maxDriftMs: number | undefined
}

/** What a timeline knows about one split beside its watermark. */
export interface SplitClock {
  readonly name: string
  readonly split: Split
  readonly reader: SourceReader<unknown> | undefined
  /** Processing time of its last record. */
  activeAt: number
  /** Processing time of the batch that last moved its watermark; before that, when it joined. */
  movedAt: number
  caughtUp: boolean
  paused: boolean
}

export class Timeline {
  readonly options: TimelineOptions
  readonly clocks: Map<string, SplitClock> = new Map()
  readonly #watermarks: SplitWatermarks
  /** The split in hand: the watermark it must exceed to matter, and the least of the others. */
  own: number = AFTER_ALL
  others: number = BEFORE_ALL
  /** Records stamped too far ahead of their arrival. */
  ahead = 0

  constructor(options: TimelineOptions, watermarks: SplitWatermarks) {
    this.options = options
    this.#watermarks = watermarks
  }

  /** The name of a split among the splits of all timelines. */
  #fullName(split: string): string {
    return `${this.options.name}/${split}`
  }

  join(split: string, reader: SourceReader<unknown> | undefined, now: number): SplitClock {
    const known = this.clocks.get(split)
    if (known !== undefined) return known
    const name = this.#fullName(split)
    const clock: SplitClock = {
      name: split,
      split: this.#watermarks.get(name) ?? this.#watermarks.add(name),
      reader,
      activeAt: now,
      movedAt: now,
      caughtUp: false,
      paused: false,
    }
    this.clocks.set(split, clock)
    return clock
  }

  /** Takes a split in hand before its records. */
  begin(clock: SplitClock, records: number, now: number): void {
    if (records > 0) {
      clock.activeAt = now
      clock.caughtUp = false
      this.#watermarks.activate(clock.split)
    }
    this.own = clock.split.watermark
    this.others = this.#watermarks.others(clock.split)
  }

  /** Gives back what the records have proven. */
  end(clock: SplitClock): void {
    if (this.own <= clock.split.watermark || clock.split.state === 'finished') return
    clock.movedAt = clock.activeAt
    this.#watermarks.observe(clock.split, this.own)
  }

  /** What the splits of this timeline allow by themselves while all are idle and caught up: their time plus the silence. */
  advanced(now: number): number {
    if (this.options.whenAllIdle !== 'advance') return BEFORE_ALL
    let furthest = BEFORE_ALL
    let live = false
    for (const clock of this.clocks.values()) {
      if (clock.split.state === 'finished') continue
      live = true
      if (clock.split.state !== 'idle' || !clock.caughtUp) return BEFORE_ALL
      furthest = Math.max(furthest, clock.split.watermark + (now - clock.activeAt))
    }
    // A source that has ended does not count.
    return live || this.clocks.size === 0 ? furthest : AFTER_ALL
  }
}
