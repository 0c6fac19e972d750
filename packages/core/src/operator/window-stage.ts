/**
 * Owns what all window operators share: counting an assignment, asking the trigger, passing the gate. It does not know
 * which windows there are: operators say which slot belongs to which window and whether that is complete.
 */
import type { AggregateSpec } from '../aggregate/accumulators.ts'
import { StreamError } from '../errors/stream-error.ts'
import { LateReport } from '../pane/late-report.ts'
import { COMPLETED, IN_TIME, PENDING } from '../pane/numbering.ts'
import type { Accumulation, LateRecord } from '../pane/pane.ts'
import type { GateContext, GateDecision, PaneGate } from '../trigger/gate.ts'
import type { Trigger } from '../trigger/trigger.ts'
import type { Cells } from './cells.ts'
import { type StageCounters, stageCounters } from './counters.ts'
import type { Cursor, Frontier } from './cursor.ts'
import { NOTHING } from '../aggregate/nothing.ts'
import { type Part, refresh } from './contributions.ts'
import type { Corrections } from './correct.ts'
import { GateCalls } from './gate-calls.ts'
import { HeldBack } from './held-back.ts'
import type { PaneQueue } from './pane-queue.ts'
import { Publisher } from './publisher.ts'
import { Steps } from './steps.ts'
import { windowText } from './window-text.ts'
import { Withdrawals } from './withdrawals.ts'

/** A processing-time wake-up has been asked for and waits. */
export const WAITING = 8
/** The gate holds a pane of the slot back. */
export const HELD = 16
/** What a pane ends. */
const ENDED = PENDING | IN_TIME | WAITING | HELD

export interface StageOptions {
  readonly name: string
  readonly latenessMs: number
  readonly trigger: Trigger<never>
  readonly onTime: 'always' | 'nonEmpty'
  readonly closing: 'always' | 'nonEmpty'
  readonly accumulation: Accumulation
  readonly gate: PaneGate | undefined
  /** At most this many (key, window) entries are kept at a time. */
  readonly maxKeys: number
  readonly whenFull: 'fail' | 'shed'
  /** Windows of this kind can become one. */
  readonly merging: boolean
  /** What is in a window may leave it again, so that a published pane may have to be withdrawn. */
  readonly mayWithdraw: boolean
  /** Results carry their accumulators until they have left the stage. */
  readonly keeps: boolean
  /** Makes corrections of records that are too late, where somebody takes them. */
  readonly corrections: Corrections | undefined
}

/** What a stage reports to: the record's error policy and the late output. */
export interface StageOutputs {
  readonly reject: (error: unknown, value: unknown) => 'skipped' | 'deadLettered'
  readonly late: ((record: LateRecord<unknown, unknown>) => void) | undefined
}

/** Where an operator keeps a slot's window: enough to fire it. */
export interface LiveWindow {
  readonly window: unknown
  readonly complete: boolean
  readonly completesAt: number
}

/** How a stage asks its operator to come back to a slot: at a processing time, or at a watermark. */
export interface Wakes {
  readonly at: (slot: number, time: number) => void
  readonly atWatermark: (slot: number, watermark: number) => void
  /** The window of a slot; good until the next call. */
  readonly live: (slot: number) => LiveWindow
}

export class WindowStage {
  readonly options: StageOptions
  readonly spec: AggregateSpec
  readonly cursor: Cursor
  readonly counters: StageCounters = stageCounters()
  readonly lateReport: LateReport = new LateReport()
  readonly publisher: Publisher
  /** True where nothing has to be kept or asked per record before a window completes. */
  readonly plain: boolean
  /** All that comes of a window is one pane: it completes and goes in one step. */
  readonly once: boolean
  /** A record may make it want to be looked at at a watermark, beside those that complete and free its window. */
  readonly asksForWatermarks: boolean
  /** What its gate holds back, where that is bounded over all keys. */
  readonly heldBack: HeldBack | undefined
  /** What is in a window may leave it again. */
  readonly withdrawals: Withdrawals | undefined
  /** The contribution in hand, where results feed these windows and may change. */
  part: Part | undefined = undefined
  /** Entries of (key, window) that are kept. */
  entries = 0
  /** Entries whose pane the gate holds back. */
  held = 0
  /** The window that refused last. */
  lastRefused: unknown = undefined
  readonly #gate: GateCalls | undefined
  readonly outputs: StageOutputs
  readonly #steps: Steps

  constructor(options: StageOptions, spec: AggregateSpec, cursor: Cursor, outputs: StageOutputs) {
    const { trigger, accumulation, mayWithdraw, merging } = options
    this.options = options
    this.spec = spec
    this.cursor = cursor
    const gate = trigger.gate ?? options.gate
    this.#gate = gate === undefined ? undefined : new GateCalls(gate, options.name)
    this.asksForWatermarks = trigger.fastPath === undefined || gate !== undefined
    // A buffer counts from the first record that is pending.
    this.plain = trigger.fastPath?.early === 'never' && !mayWithdraw && gate?.buffer === undefined
    this.once = this.plain && options.latenessMs === 0 && gate === undefined && trigger.fastPath?.completion === true
    this.publisher = new Publisher(this.counters, accumulation, merging || mayWithdraw)
    this.heldBack = gate?.buffer === undefined ? undefined : new HeldBack(gate.buffer, this)
    this.withdrawals = mayWithdraw ? new Withdrawals(this) : undefined
    this.outputs = outputs
    this.#steps = new Steps(trigger, options.name, cursor, merging)
  }

  get queue(): PaneQueue {
    return this.publisher.queue
  }

  /** The watermark at which a window that completes at `completesAt` loses its state. */
  freesAt(completesAt: number): number {
    return completesAt + this.options.latenessMs
  }

  /** The user's code on the record in hand; false: it threw, and the policy has dealt with it. */
  prepare(value: unknown): boolean {
    try {
      this.spec.prepare(value, this.cursor)
      return true
    } catch (error) {
      this.reject(error, value)
      return false
    }
  }

  reject(error: unknown, value: unknown): void {
    this.counters[this.outputs.reject(error, value)]++
  }

  /** A window does not take the record. */
  refuse(window: unknown, endsAt: number, reason: 'tooLate' | 'shed', key: unknown, value: unknown): void {
    const { cursor, counters } = this
    counters[reason]++
    this.lastRefused = window
    const latenessMs = cursor.watermark - (window === undefined ? cursor.eventTime : endsAt)
    if (reason === 'tooLate') this.lateReport.add(windowText(window), latenessMs)
    if (reason === 'tooLate') this.options.corrections?.add(this, window, key, value)
    this.outputs.late?.({ value, meta: cursor.keep(), key, window, reason, latenessMs, watermark: cursor.watermark })
  }

  /** Whether there is room for one more entry; false: the assignment is to be shed. */
  admit(): boolean {
    const { maxKeys, whenFull, name } = this.options
    if (this.entries < maxKeys) {
      this.entries++
      return true
    }
    if (whenFull === 'shed') return false
    throw new StreamError(
      'STATE_FULL',
      `The state of '${name}': found ${this.entries} entries of (key, window), expected at most maxKeys = ${maxKeys}. Raise maxKeys or set whenFull: 'shed', which go on from the last checkpoint, or make windows or allowedLateness shorter, which begin anew.`,
      { at: { operator: name } },
    )
  }

  /** Adds the prepared record to a slot; false: the user's add threw, and the policy has dealt with the record. */
  add(cells: Cells, slot: number, value: unknown): boolean {
    try {
      cells.accumulators.add(slot, this.cursor)
    } catch (error) {
      this.reject(error, value)
      return false
    }
    cells.records[slot] = (cells.records[slot] as number) + 1
    return true
  }

  /**
   * Counts the assignment that was just added and asks the trigger. Needs flags in the cells. A new window may hold
   * earlier records as well: the trigger is told of all.
   */
  added(cells: Cells, slot: number, of: LiveWindow, wakes: Wakes, records = 1): void {
    const flags = cells.flags as Uint8Array
    const before = flags[slot] as number
    if (this.heldBack !== undefined && (before & PENDING) === 0) this.heldBack.begin(cells, slot)
    if (of.complete) {
      this.counters.late++
      cells.countLate(slot)
      flags[slot] = before | PENDING
    } else {
      this.counters.onTime++
      flags[slot] = before | PENDING | IN_TIME
    }
    this.touched(cells, slot, of, wakes, records)
  }

  /** Asks the trigger about a slot that has something pending. */
  touched(cells: Cells, slot: number, of: LiveWindow, wakes: Wakes, records = 1): void {
    const fast = this.options.trigger.fastPath
    if (fast === undefined) {
      if (!this.#steps.elements(cells, slot, records, of, wakes)) return
      this.#fire(cells, slot, of, wakes)
      this.#steps.wake(cells, slot, wakes)
      return
    }
    const cadence = of.complete ? fast.late : fast.early
    const flags = cells.flags as Uint8Array
    // Completion is what such a policy waits for: what comes first after it fires at once, then the late phase begins.
    const overdue = of.complete && fast.completion && ((flags[slot] as number) & COMPLETED) === 0
    if (of.complete) flags[slot] = (flags[slot] as number) | COMPLETED
    if (cadence === 'perRecord' || overdue) {
      this.#fire(cells, slot, of, wakes)
      return
    }
    if (cadence === 'never') return
    if (((flags[slot] as number) & WAITING) !== 0) return
    flags[slot] = (flags[slot] as number) | WAITING
    wakes.at(slot, this.cursor.now + cadence.afterMs)
  }

  /** A processing time, or a watermark, that was asked for has come. */
  woken(cells: Cells, slot: number, of: LiveWindow, wakes: Wakes, time: number, isWatermark: boolean): void {
    const flags = cells.flags as Uint8Array
    const held = ((flags[slot] as number) & HELD) !== 0
    const asked = isWatermark ? cells.askedWatermark : cells.asked
    if (asked !== undefined) asked[slot] = Number.POSITIVE_INFINITY
    // A pane that is held until a time of the clock waits for that one, whatever else the trigger has asked for.
    const heldUntil = isWatermark ? undefined : cells.heldUntil
    const over = heldUntil === undefined || (heldUntil[slot] as number) <= time
    if (over && heldUntil !== undefined) heldUntil[slot] = Number.POSITIVE_INFINITY
    if (over || !held) flags[slot] = (flags[slot] as number) & ~WAITING
    const fast = this.options.trigger.fastPath !== undefined
    const fires = !fast && this.#steps.firesAt(cells, slot, of, time, isWatermark)
    if (fast || fires || (held && over)) this.#fire(cells, slot, of, wakes)
    if (!fast) this.#steps.wake(cells, slot, wakes)
  }

  /** The watermark has completed the slot's window; with `freeing` it has passed the allowed lateness as well. */
  completed(cells: Cells, slot: number, of: LiveWindow, freeing: boolean, frontier: Frontier, wakes: Wakes): void {
    const { trigger, onTime, closing } = this.options
    const flags = ((cells.flags as Uint8Array)[slot] as number) | COMPLETED
    ;(cells.flags as Uint8Array)[slot] = flags
    const fires = trigger.fastPath?.completion ?? this.#steps.fires(cells, slot, of, frontier)
    const pending = (flags & PENDING) !== 0
    if (freeing) {
      if (pending || (fires && onTime === 'always') || closing === 'always')
        this.#emit(cells, slot, of.window, true, true, true, frontier)
      return
    }
    if (fires && (pending || onTime === 'always')) {
      if (trigger.emitsAtCompletion) this.#emit(cells, slot, of.window, true, true, false, frontier)
      else this.#pass(cells, slot, of, true, wakes)
    } else if (fires) {
      ;(cells.flags as Uint8Array)[slot] = flags & ~WAITING
    }
    if (trigger.fastPath === undefined) this.#steps.wake(cells, slot, wakes)
  }

  /** The state of a window that was complete before is about to go: whatever is pending leaves now. */
  freed(cells: Cells, slot: number, window: unknown, frontier: Frontier): void {
    const flags = (cells.flags as Uint8Array)[slot] as number
    if ((flags & PENDING) !== 0 || this.options.closing === 'always')
      this.#emit(cells, slot, window, true, false, true, frontier)
  }

  /** The gate's buffer is full: the slot's pane leaves now. */
  release(cells: Cells, slot: number, of: LiveWindow): void {
    this.#emit(cells, slot, of.window, of.complete, false, false, this.cursor)
  }

  /** The states of a trigger when windows merge; `from` empty: when a window has got new bounds. */
  mergeTriggers(cells: Cells, into: number, from: readonly number[], of: LiveWindow, wakes: Wakes): void {
    if (this.options.trigger.fastPath === undefined) this.#steps.merge(cells, into, from, of, wakes)
  }

  /** A window that grew is not complete any more: its early phase begins anew; true: what its late phase waited for is void. */
  reopened(cells: Cells, slot: number): boolean {
    const flags = cells.flags as Uint8Array
    const isVoid = this.options.trigger.fastPath?.completion === true && ((flags[slot] as number) & HELD) === 0
    flags[slot] = (flags[slot] as number) & (isVoid ? ~(COMPLETED | WAITING) : ~COMPLETED)
    return isVoid
  }

  /** Of two slots that wait for a time, the earlier time counts; what is held in one of them is held in both. */
  mergeWaiting(cells: Cells, into: number, from: number, wakeAt: Float64Array, wakes: Wakes): void {
    const flags = cells.flags as Uint8Array
    const [own, other] = [flags[into] as number, flags[from] as number]
    this.heldBack?.merge(cells, into, from, wakes)
    if ((own & other & HELD) !== 0) this.held--
    flags[into] = own | (other & (WAITING | HELD))
    if ((other & WAITING) === 0) return
    const watermark = cells.askedWatermark?.[from]
    if (watermark !== undefined) this.#steps.wakeAtWatermark(cells, into, watermark, wakes)
    const held = cells.heldUntil?.[from] ?? Number.POSITIVE_INFINITY
    if (held !== Number.POSITIVE_INFINITY) this.#steps.wakeAt(cells, into, held, wakes)
    // What a trigger has asked for by its step, it asks for anew when that is merged.
    if (held !== Number.POSITIVE_INFINITY || this.options.trigger.fastPath === undefined) return
    // Held until a watermark it waits for no time.
    const at = wakeAt[from] as number
    if (Number.isNaN(at) || ((own & WAITING) !== 0 && (wakeAt[into] as number) <= at)) return
    wakes.at(into, at)
    if (cells.heldUntil !== undefined) cells.heldUntil[into] = Number.POSITIVE_INFINITY
  }

  /** What came back from a snapshot, all of it at once: counts what the gate held back. */
  restored(all: readonly { readonly cells: Cells; readonly slots: Iterable<number>; readonly wakes: Wakes }[]): void {
    const held = all.flatMap(({ cells, slots, wakes }) =>
      [...slots].flatMap((slot) => (((cells.flags?.[slot] ?? 0) & HELD) === 0 ? [] : [{ cells, slot, wakes }])),
    )
    this.held += held.length
    this.heldBack?.restore(held)
  }

  #fire(cells: Cells, slot: number, of: LiveWindow, wakes: Wakes): void {
    const pending = (((cells.flags as Uint8Array)[slot] as number) & PENDING) !== 0
    if (pending || this.options.trigger.repeatsPanes === true) this.#pass(cells, slot, of, false, wakes)
  }

  /** Through the gate, if there is one. */
  #pass(cells: Cells, slot: number, of: LiveWindow, completing: boolean, wakes: Wakes): void {
    const gate = this.#gate
    const value = gate === undefined || cells.records[slot] === 0 ? NOTHING : this.#result(cells, slot)
    if (gate !== undefined && value !== NOTHING) {
      const decision = gate.decide(cells, slot, value, this.#gateContext(cells, slot, this.cursor))
      // Its value is known already, but not its accumulator: that leaves when the window completes, or is freed.
      if (decision === 'swallow') {
        if (!this.options.keeps) this.#end(cells, slot)
      } else if (decision !== 'emit') this.#hold(cells, slot, decision, wakes)
      if (decision !== 'emit') return
    }
    this.#emit(cells, slot, of.window, of.complete, completing, false, this.cursor)
  }

  #hold(cells: Cells, slot: number, until: Exclude<GateDecision, string>, wakes: Wakes): void {
    const flags = cells.flags as Uint8Array
    const before = flags[slot] as number
    // An empty pane is not worth waiting for.
    if ((before & PENDING) === 0) return
    if ('holdUntilWatermark' in until) this.#steps.wakeAtWatermark(cells, slot, until.holdUntilWatermark, wakes)
    else this.#steps.wakeAt(cells, slot, until.holdUntil, wakes)
    if ((before & HELD) === 0) this.held++
    flags[slot] = before | WAITING | HELD
    this.heldBack?.hold(cells, slot, wakes)
  }

  #gateContext(cells: Cells, slot: number, { now, watermark }: Frontier): GateContext {
    return { now, watermark, held: this.held, pendingSince: cells.waits?.since[slot] ?? Number.NaN }
  }

  #emit(
    cells: Cells,
    slot: number,
    window: unknown,
    complete: boolean,
    completing: boolean,
    freeing: boolean,
    frontier: Frontier,
  ): void {
    const gate = this.#gate
    const value = cells.records[slot] === 0 ? NOTHING : this.#result(cells, slot)
    if (value === NOTHING) {
      // Nothing is in the window any more: what stands published goes.
      if (this.publisher.retract(cells, slot, frontier))
        gate?.emitted(cells, slot, undefined, this.#gateContext(cells, slot, frontier))
      if (cells.flags !== undefined) this.#end(cells, slot)
      return
    }
    this.publisher.publish(cells, slot, window, complete, completing, freeing, frontier, value)
    if (gate !== undefined) {
      gate.emitted(cells, slot, value, this.#gateContext(cells, slot, frontier))
    }
    if (cells.flags !== undefined) this.#end(cells, slot)
    if (this.options.accumulation === 'discarding' && !freeing) cells.accumulators.open(slot)
  }

  #result(cells: Cells, slot: number): unknown {
    if (cells.parts !== undefined) refresh(cells, slot, this.cursor)
    return cells.accumulators.result(slot)
  }

  /** Nothing is pending any more. */
  #end(cells: Cells, slot: number): void {
    const flags = cells.flags as Uint8Array
    const before = flags[slot] as number
    if ((before & HELD) !== 0) {
      this.held--
      this.heldBack?.end(cells, slot)
      if (cells.heldUntil !== undefined) cells.heldUntil[slot] = Number.POSITIVE_INFINITY
    }
    flags[slot] = before & ~ENDED
  }
}
