/**
 * Owns how panes leave a window stage: numbered, timed, and with the withdrawal of what they replace. It decides neither
 * when a pane comes nor for which window; it only knows what of a slot stands published.
 *
 * A pane may have to be withdrawn later where accumulation is retracting, where sessions merge, and where what is in a
 * window may leave it again; only there the pane that stands is kept beside the slot.
 */
import { PENDING, IN_TIME, SETTLED, timingOf } from '../pane/numbering.ts'
import {
  type Accumulation,
  type Correction,
  type DeltaPane,
  type Timing,
  type ValuePane,
  retractionOf,
} from '../pane/pane.ts'
import type { Cells } from './cells.ts'
import type { StageCounters } from './counters.ts'
import type { Frontier } from './cursor.ts'
import { PaneQueue } from './pane-queue.ts'

/**
 * V8 keeps a property that has only ever been a number in a box of its own per object. What has been something else once
 * is kept as a reference, so that all panes of one watermark refer to one number.
 */
const NOT_YET = undefined as unknown as number

type AnyPane = ValuePane<unknown, unknown, unknown> | DeltaPane<unknown, unknown, unknown>

export class Publisher {
  readonly queue: PaneQueue = new PaneQueue()
  readonly #counters: StageCounters
  readonly #accumulation: Accumulation
  readonly #kind: 'value' | 'delta'
  /** The times of the newest pane. */
  #watermark: number = NOT_YET
  #now: number = NOT_YET
  /** What stands published may have to be withdrawn. */
  readonly #remembers: boolean

  constructor(counters: StageCounters, accumulation: Accumulation, mayWithdraw: boolean) {
    this.#counters = counters
    this.#accumulation = accumulation
    this.#kind = accumulation === 'discarding' ? 'delta' : 'value'
    this.#remembers = accumulation === 'retracting' || (mayWithdraw && accumulation === 'accumulating')
  }

  /**
   * A pane of a slot: `complete` says whether the window is, `completing` whether it becomes so in this step, `isLast`
   * whether its state goes. Withdrawals come before it.
   */
  publish(
    cells: Cells,
    slot: number,
    window: unknown,
    complete: boolean,
    completing: boolean,
    isLast: boolean,
    frontier: Frontier,
    value: unknown,
  ): void {
    const counters = this.#counters
    const before = cells.flags === undefined ? PENDING | IN_TIME : (cells.flags[slot] as number)
    const index = cells.index === undefined ? 0 : (cells.index[slot] as number)
    const timing = timingOf(before, complete, completing)
    if (timing === 'early') counters.earlyPanes++
    else if (timing === 'on-time') counters.onTimePanes++
    else counters.latePanes++
    if (isLast) counters.lastPanes++
    if (cells.stale !== undefined) this.withdraw(cells, slot, frontier)
    if (this.#accumulation === 'retracting') this.retract(cells, slot, frontier)
    const { watermark, now } = frontier
    if (this.#now !== now) this.#now = now
    const pane = new PaneObject(
      this.#kind,
      (cells.keys as unknown[])[slot],
      window,
      index,
      watermark,
      this.#now,
      value,
      timing,
      isLast,
      cells.records[slot] as number,
      cells.late === undefined ? 0 : (cells.late[slot] as number),
    )
    this.queue.push(pane)
    if (this.#remembers && !isLast) (cells.shown ??= [])[slot] = pane as ValuePane<unknown, unknown, unknown>
    if (cells.flags === undefined) return
    if (timing !== 'early') cells.flags[slot] = (cells.flags[slot] as number) | SETTLED
    ;(cells.index as Uint32Array)[slot] = index + 1
  }

  /**
   * The pane of a record whose window is to come, the record's slot being as the last pane left it. Only where whole
   * values come and none is withdrawn.
   */
  early(cells: Cells, slot: number, window: unknown, frontier: Frontier, value: unknown): void {
    this.#counters.earlyPanes++
    this.#timed(frontier)
    const indexes = cells.index as Uint32Array
    const index = indexes[slot] as number
    indexes[slot] = index + 1
    const key = (cells.keys as unknown[])[slot]
    const records = cells.records[slot] as number
    this.queue.push(
      new PaneObject('value', key, window, index, this.#watermark, this.#now, value, 'early', false, records, 0),
    )
  }

  /**
   * The only panes of slots from `from` on, one for each of `keys`: of windows that nothing was asked about, complete and
   * freed in one step. What of a gate would be told of them goes with the slots.
   */
  only(cells: Cells, from: number, keys: readonly unknown[], window: unknown, frontier: Frontier): object[] {
    const counters = this.#counters
    const kind = this.#kind
    const { accumulators, records } = cells
    this.#timed(frontier)
    const watermark = this.#watermark
    const now = this.#now
    // oxlint-disable-next-line unicorn/no-new-array -- room, not items
    const panes = new Array<AnyPane>(keys.length)
    for (let i = 0; i < keys.length; i++) {
      const slot = from + i
      const value = accumulators.result(slot)
      // From a literal, and here: V8 then makes panes where old objects live if a program keeps them, and moving them there
      // is a third of what closing a window of a million keys costs. (In a function that is compiled soon it does not see it.)
      panes[i] = {
        kind: kind as 'value',
        key: keys[i],
        window,
        index: 0,
        epoch: 0,
        watermark,
        emittedAt: now,
        value,
        timing: 'on-time',
        isFirst: true,
        isLast: true,
        records: records[slot] as number,
        lateRecords: 0,
      }
    }
    counters.onTimePanes += keys.length
    counters.lastPanes += keys.length
    return panes
  }

  /** The same of one slot. */
  once(cells: Cells, slot: number, window: unknown, frontier: Frontier): void {
    const counters = this.#counters
    counters.onTimePanes++
    counters.lastPanes++
    this.#timed(frontier)
    const key = (cells.keys as unknown[])[slot]
    const value = cells.accumulators.result(slot)
    const records = cells.records[slot] as number
    this.queue.push(
      new PaneObject(this.#kind, key, window, 0, this.#watermark, this.#now, value, 'on-time', true, records, 0),
    )
  }

  /** Panes of one time share its numbers. */
  #timed({ watermark, now }: Frontier): void {
    if (this.#watermark !== watermark) this.#watermark = watermark
    if (this.#now !== now) this.#now = now
  }

  /** What a record adds to a window that is gone. */
  correct(
    key: unknown,
    window: unknown,
    id: string,
    delta: Uint8Array,
    { watermark, now }: Frontier,
  ): Correction<unknown, unknown> {
    const correction: Correction<unknown, unknown> = {
      kind: 'correction',
      key,
      window,
      index: 0,
      epoch: 0,
      watermark,
      emittedAt: now,
      id,
      delta,
    }
    this.queue.push(correction)
    return correction
  }

  /** Withdraws what stands published of a slot; false: nothing does. */
  retract(cells: Cells, slot: number, { watermark, now }: Frontier): boolean {
    const pane = cells.shown?.[slot]
    if (cells.shown === undefined || pane === undefined) return false
    cells.shown[slot] = undefined
    this.#counters.retractions++
    this.queue.push(retractionOf(pane, { watermark, emittedAt: now }))
    return true
  }

  /** A session has got new bounds: what it published under the old ones is to be withdrawn. */
  outdate(cells: Cells, into: number, from: number): void {
    const pane = cells.shown?.[from]
    const older = from === into ? undefined : cells.stale?.[from]
    if (pane === undefined && older === undefined) return
    const stale = (cells.stale ??= [])
    const list = (stale[into] ??= [])
    if (older !== undefined) list.push(...older)
    if (pane === undefined) return
    list.push(pane)
    ;(cells.shown as unknown[])[from] = undefined
  }

  /** Withdraws what sessions published that are part of this one now; with `isDue`, only where it says so. */
  withdraw(cells: Cells, slot: number, { watermark, now }: Frontier, isDue?: (window: unknown) => boolean): void {
    const list = cells.stale?.[slot]
    if (cells.stale === undefined || list === undefined) return
    const kept: typeof list = []
    for (const pane of list) {
      if (isDue?.(pane.window) === false) {
        kept.push(pane)
        continue
      }
      this.#counters.retractions++
      this.queue.push(retractionOf(pane, { watermark, emittedAt: now }))
    }
    cells.stale[slot] = kept.length === 0 ? undefined : kept
  }
}

/**
 * Makes all panes but those of `only`. Plain objects, but not from a literal: once panes of it were kept (a test's, a
 * table's), all later ones would be made where old objects live, also those of jobs that hand theirs on and forget them. A
 * pane per record costs a fifth more then.
 */
function setPane(
  this: { -readonly [F in keyof ValuePane<unknown, unknown, unknown>]: unknown },
  kind: 'value' | 'delta',
  key: unknown,
  window: unknown,
  index: number,
  watermark: number,
  emittedAt: number,
  value: unknown,
  timing: Timing,
  isLast: boolean,
  records: number,
  lateRecords: number,
): void {
  this.kind = kind
  this.key = key
  this.window = window
  this.index = index
  this.epoch = 0
  this.watermark = watermark
  this.emittedAt = emittedAt
  this.value = value
  this.timing = timing
  this.isFirst = index === 0
  this.isLast = isLast
  this.records = records
  this.lateRecords = lateRecords
}
setPane.prototype = Object.prototype
const PaneObject = setPane as unknown as new (...of: Parameters<typeof setPane>) => AnyPane

/** The two layouts of panes; kept (kept-shapes.ts), they keep the times of every pane references. */
export const firstPanes: readonly object[] = [
  {
    kind: 'value',
    key: '',
    window: undefined,
    index: 0,
    epoch: 0,
    watermark: NOT_YET,
    emittedAt: NOT_YET,
    value: undefined,
    timing: 'on-time',
    isFirst: true,
    isLast: true,
    records: 0,
    lateRecords: 0,
  },
  new PaneObject('value', '', undefined, 0, NOT_YET, NOT_YET, undefined, 'early', false, 0, 0),
]
