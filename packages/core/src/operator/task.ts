/**
 * Owns a task: all operators of a job, their one watermark and processing time. A synchronous state machine: batches and
 * ticks go in, items for sinks come out at the endpoints. Reads no clock, awaits nothing.
 *
 * Invariant: a record meets the watermark before it, and every window that the watermark completes is dealt with before
 * the next record, so results do not depend on how records were batched.
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { Clock } from '../time/clock.ts'
import type { Batch, SourceReader } from '../io/source.ts'
import { SplitWatermarks } from '../time/splits.ts'
import { AFTER_ALL } from '../time/timestamp.ts'
import { Cursor } from './cursor.ts'
import type { Endpoint } from './endpoint.ts'
import type { OpenWindow } from './operator.ts'
import type { ResultFilter } from './result-chain.ts'
import type { ResultInput } from './result-input.ts'
import type { Arrivals, Output, Port, SavedTask, TaskEvents } from './task-parts.ts'
import type { SplitClock, Timeline } from './timeline.ts'
import { dividable } from '../io/pieces.ts'

const MOST_NAMED_WINDOWS = 10

export class Task {
  readonly cursor: Cursor = new Cursor()
  readonly watermarks: SplitWatermarks = new SplitWatermarks()
  readonly timelines: Timeline[] = []
  readonly ports: Port[] = []
  readonly outputs: Output[] = []
  readonly filters: Map<string, ResultFilter> = new Map()
  /** Ways of results into windows, by name. */
  readonly inputs: Map<string, ResultInput> = new Map()
  readonly endpoints: Endpoint[] = []
  /** Something is to be done whenever a step has ended: panes for other windows, a buffer bounded over all keys. */
  settles = false
  events: TaskEvents = { split: () => {}, stalled: () => {}, ahead: () => {} }
  #clock: Arrivals['clock'] | undefined
  /** Processing time at which the watermark last moved. */
  #movedAt = Number.NaN
  #announced = false
  /** Before this processing time there is no split to look after. */
  #watchAt = Number.NEGATIVE_INFINITY

  /** Processing time from here on follows the clock record by record, if the clock follows arrivals. */
  follow(clock: Clock): void {
    this.#clock = clock.follow === undefined ? undefined : (clock as Arrivals['clock'])
  }

  /** A split that is known from the start, or appears. */
  join(port: Port, split: string, reader: SourceReader<unknown> | undefined): void {
    port.splits++
    this.#watchAt = Number.NEGATIVE_INFINITY
    for (const timeline of port.timelines) {
      const before = timeline.clocks.size
      const clock = timeline.join(split, reader, this.cursor.now)
      if (timeline.clocks.size > before) this.events.split(clock.name, clock.split.state)
    }
  }

  /** Takes in a batch; afterwards the endpoints and pane queues hold what came out. */
  run(port: Port, batch: Batch<unknown>): void {
    const { cursor } = this
    const { records } = batch
    const clocks = port.timelines.map((timeline) => timeline.clocks.get(batch.split) as SplitClock)
    cursor.batch = batch
    cursor.origin = port.name
    if (port.timelines.length === 1) {
      this.#begin(port, clocks, records.length)
      try {
        this.#records(port, records, 0, records.length)
      } finally {
        this.#end(port, clocks)
      }
    } else {
      // Several clocks on one source: each record must see where the others stand.
      for (let i = 0; i < records.length; i++) {
        this.#begin(port, clocks, 1)
        try {
          this.#records(port, records, i, i + 1)
        } finally {
          this.#end(port, clocks)
        }
      }
    }
    for (const clock of clocks) clock.caughtUp = batch.caughtUp ?? false
    if (batch.finished === true) this.#finish(port, clocks)
    this.raise(this.watermarks.combine())
  }

  /** Processing time moves on: wakes who asked for it. True: somebody was woken, or looked after. */
  tick(now: number): boolean {
    const { cursor, outputs } = this
    if (now > cursor.now || Number.isNaN(this.#movedAt)) {
      cursor.now = Math.max(now, cursor.now)
      if (Number.isNaN(this.#movedAt)) this.#movedAt = cursor.now
    }
    let woken = false
    for (let i = 0; i < outputs.length; i++) {
      const { operator } = outputs[i] as Output
      operator.stage.cursor.now = cursor.now
      if (operator.nextWakeUp > cursor.now) continue
      operator.tick()
      woken = true
    }
    if (this.settles) this.settle()
    if (now < this.#watchAt) return woken
    this.#watch()
    return true
  }

  /** The processing time before which `tick` would only note it. */
  get quietUntil(): number {
    if (this.settles) return Number.NEGATIVE_INFINITY
    let next = this.#watchAt
    for (let i = 0; i < this.outputs.length; i++) next = Math.min(next, (this.outputs[i] as Output).operator.nextWakeUp)
    return next
  }

  /** A step has ended: what windows owe to other windows goes there, in the order of the plan. */
  settle(): void {
    for (const output of this.outputs) {
      output.input?.settle()
      // What leaves because there is no room goes on in this step, too: nothing waits between two windows over a cut.
      output.operator.stage.heldBack?.settle()
      this.#handOn(output)
    }
  }

  /** The processing time at which `tick` is wanted next; +∞: only when something arrives. */
  nextWakeUp(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { operator } of this.outputs) next = Math.min(next, operator.nextWakeUp)
    for (const timeline of this.timelines) {
      const { idleAfterMs, stalledAfterMs } = timeline.options
      if (idleAfterMs !== undefined) {
        for (const clock of timeline.clocks.values())
          if (isQuiet(clock)) next = Math.min(next, clock.activeAt + idleAfterMs)
      }
      if (!this.#announced && this.#waits()) next = Math.min(next, this.#movedAt + stalledAfterMs)
    }
    const advanced = this.advanced
    if (advanced > this.cursor.watermark || this.#mayAdvance()) {
      for (const { operator, delayMs } of this.outputs) {
        if (operator.nextDue !== Number.POSITIVE_INFINITY)
          next = Math.min(
            next,
            this.cursor.now + Math.max(1, operator.nextDue + delayMs - Math.max(advanced, this.cursor.watermark)),
          )
      }
    }
    return next
  }

  /** The watermark from which `raise` has something to do. */
  nextDue(): number {
    const { outputs } = this
    let next = Number.POSITIVE_INFINITY
    for (let i = 0; i < outputs.length; i++) {
      const { operator, delayMs } = outputs[i] as Output
      const due = operator.nextDue + delayMs
      if (due < next) next = due
    }
    return next
  }

  /** The watermark moves up to w, if that is up: completes and frees windows. */
  raise(w: number): void {
    const { cursor } = this
    if (w <= cursor.watermark) return
    cursor.watermark = w
    this.#movedAt = cursor.now
    if (this.#announced) {
      this.#announced = false
      this.#watchAt = Number.NEGATIVE_INFINITY
    }
    const { outputs } = this
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs[i] as Output
      const { operator, delayMs } = output
      if (delayMs !== 0 || output.input !== undefined) {
        // What the windows before it made in this step has come, and meets the watermark before it.
        output.input?.settle()
        operator.stage.cursor.watermark = w - delayMs
      }
      if (operator.nextDue <= w - delayMs) operator.advance()
      if (output.feeds) this.#handOn(output)
    }
    if (this.settles) this.settle()
  }

  /** Moves panes from the operators to the endpoints, about `limit`; false: there are more. */
  drain(limit: number): boolean {
    let done = true
    for (const { operator, out, outAll } of this.outputs)
      if (!operator.stage.queue.empty) done = operator.stage.queue.take(limit, out, outAll) && done
    return done
  }

  /** Pauses splits that are too far ahead of the slowest, resumes those that are not any more. */
  align(): void {
    for (const timeline of this.timelines) {
      const { maxDriftMs } = timeline.options
      if (maxDriftMs === undefined) continue
      let slowest = AFTER_ALL
      for (const { split, caughtUp } of timeline.clocks.values()) {
        if (split.state === 'active' && Number.isFinite(split.watermark) && !caughtUp)
          slowest = Math.min(slowest, split.watermark)
      }
      for (const clock of timeline.clocks.values()) {
        const pause = clock.split.state === 'active' && clock.split.watermark > slowest + maxDriftMs
        if (pause === clock.paused) continue
        clock.paused = pause
        if (pause) clock.reader?.pause([clock.name])
        else clock.reader?.resume([clock.name])
      }
    }
  }

  #handOn({ feeds, operator, out }: Output): void {
    if (feeds && !operator.stage.queue.empty) operator.stage.queue.take(Number.MAX_SAFE_INTEGER, out)
  }

  /** Splits are there, and no active one among them, but one that may come back. */
  get idle(): boolean {
    let idle = false
    for (const { state } of this.watermarks.all()) {
      if (state === 'active') return false
      idle ||= state === 'idle'
    }
    return idle
  }

  get ended(): boolean {
    return this.ports.length > 0 && this.ports.every((port) => port.splits > 0 && port.finished === port.splits)
  }

  /** Windows that wait, those that complete first leading. */
  openWindows(limit: number = MOST_NAMED_WINDOWS): readonly OpenWindow[] {
    return this.outputs
      .flatMap(({ operator, delayMs }) =>
        operator
          .open(limit)
          .map((open) => (delayMs === 0 ? open : { ...open, completesAt: open.completesAt + delayMs })),
      )
      .sort((a, b) => a.completesAt - b.completesAt)
      .slice(0, limit)
  }

  /** With `later` the snapshot is complete when the work given to it is done. */
  save(later?: Later): SavedTask {
    const operators: Record<string, unknown> = {}
    for (const { name, operator } of this.outputs) operators[name] = operator.save(later)
    const filters: Record<string, unknown> = {}
    for (const [name, filter] of this.filters) filters[name] = filter.save()
    const inputs: Record<string, unknown> = {}
    for (const [name, input] of this.inputs) inputs[name] = input.save()
    return dividable({
      watermark: this.cursor.watermark,
      splits: this.watermarks.save(),
      operators: dividable(operators),
      filters: dividable(filters),
      inputs: dividable(inputs),
    })
  }

  /** Takes a saved state over; splits join afterwards. */
  load(saved: SavedTask): void {
    this.cursor.watermark = saved.watermark
    this.watermarks.load(saved.splits, saved.watermark)
    for (const { name, operator, delayMs } of this.outputs) {
      operator.stage.cursor.watermark = saved.watermark - delayMs
      if (saved.operators[name] !== undefined) operator.load(saved.operators[name])
    }
    for (const [name, input] of this.inputs) if (saved.inputs[name] !== undefined) input.load(saved.inputs[name])
    for (const [name, filter] of this.filters) if (saved.filters[name] !== undefined) filter.load(saved.filters[name])
  }

  #begin(port: Port, clocks: readonly SplitClock[], records: number): void {
    for (const [i, timeline] of port.timelines.entries()) {
      const clock = clocks[i] as SplitClock
      const idle = clock.split.state === 'idle' && records > 0
      timeline.begin(clock, records, this.cursor.now)
      if (idle) this.events.split(clock.name, 'active')
    }
  }

  #end(port: Port, clocks: readonly SplitClock[]): void {
    for (const [i, timeline] of port.timelines.entries()) timeline.end(clocks[i] as SplitClock)
  }

  #records(port: Port, records: readonly unknown[], from: number, to: number): void {
    const { arrivals } = this.cursor.batch
    port.records += to - from
    this.cursor.eventTime = Number.NaN
    const clock = this.#clock
    port.run(records, from, to, arrivals === undefined || clock === undefined ? undefined : { at: arrivals, clock })
  }

  #finish(port: Port, clocks: readonly SplitClock[]): void {
    port.finished++
    for (const clock of clocks) {
      this.watermarks.leave(clock.split, 'finished')
      this.events.split(clock.name, 'finished')
    }
    if (this.ended && this.timelines.length > 0) this.raise(this.watermarks.raise(AFTER_ALL))
  }

  /** Looks after splits that went quiet and a watermark that stands still. */
  #watch(): void {
    const { now } = this.cursor
    for (const timeline of this.timelines) {
      const { idleAfterMs } = timeline.options
      if (idleAfterMs === undefined) continue
      for (const clock of timeline.clocks.values()) {
        if (!isQuiet(clock) || now - clock.activeAt < idleAfterMs) continue
        this.watermarks.leave(clock.split, 'idle')
        this.events.split(clock.name, 'idle')
      }
    }
    this.raise(this.watermarks.combine())
    const advanced = this.advanced
    if (Number.isFinite(advanced)) this.raise(this.watermarks.raise(advanced))
    this.#announceStall()
    this.#watchAt = this.#nextWatch()
  }

  /** The earliest time at which a split can be idle, or a stall be told of. Records only put it off. */
  #nextWatch(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { options, clocks } of this.timelines) {
      if (options.whenAllIdle === 'advance') return Number.NEGATIVE_INFINITY
      if (!this.#announced) next = Math.min(next, this.#movedAt + options.stalledAfterMs)
      if (options.idleAfterMs === undefined) continue
      for (const { split, activeAt } of clocks.values())
        if (split.state === 'active') next = Math.min(next, activeAt + options.idleAfterMs)
    }
    return next
  }

  #announceStall(): void {
    const { now } = this.cursor
    if (this.#announced) return
    const after = Math.min(...this.timelines.map((timeline) => timeline.options.stalledAfterMs))
    if (now - this.#movedAt < after || !this.#waits()) return
    this.#announced = true
    this.events.stalled(this.watermarks.slowest()?.name ?? 'no active split', this.#movedAt, this.openWindows())
  }

  /** Where the watermark may go while every split is idle and caught up; −∞: nowhere. */
  get advanced(): number {
    return Math.min(...this.timelines.map((timeline) => timeline.advanced(this.cursor.now)))
  }

  #mayAdvance(): boolean {
    return this.timelines.length > 0 && Number.isFinite(this.advanced)
  }

  #waits(): boolean {
    return this.outputs.some(({ operator }) => operator.nextDue !== Number.POSITIVE_INFINITY)
  }
}

/** A split that counts towards idleness: active, with nothing more to read, and not held back by us. */
function isQuiet(clock: SplitClock): boolean {
  return clock.split.state === 'active' && clock.caughtUp && !clock.paused
}
