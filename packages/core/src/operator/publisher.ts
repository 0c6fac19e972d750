/**
 * Owns how panes leave a window stage: numbered, timed, and with the withdrawal of what they replace. It decides neither
 * when a pane comes nor for which window; it only knows what of a slot stands published.
 *
 * A pane may have to be withdrawn later where accumulation is retracting, where sessions merge, and where what is in a
 * window may leave it again; only there the pane that stands is kept beside the slot.
 */
import { PENDING, IN_TIME, SETTLED, timingOf } from '../pane/numbering.ts'
import { type Accumulation, type DeltaPane, type ValuePane, retractionOf } from '../pane/pane.ts'
import type { Cells } from './cells.ts'
import type { StageCounters } from './counters.ts'
import type { Frontier } from './cursor.ts'
import { PaneQueue } from './pane-queue.ts'

type AnyPane = ValuePane<unknown, unknown, unknown> | DeltaPane<unknown, unknown, unknown>

export class Publisher {
  readonly queue: PaneQueue = new PaneQueue()
  readonly #counters: StageCounters
  readonly #accumulation: Accumulation
  /** What stands published may have to be withdrawn. */
  readonly #remembers: boolean

  constructor(counters: StageCounters, accumulation: Accumulation, mayWithdraw: boolean) {
    this.#counters = counters
    this.#accumulation = accumulation
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
    const pane: AnyPane = {
      kind: this.#accumulation === 'discarding' ? 'delta' : 'value',
      key: cells.keys[slot],
      window,
      index,
      epoch: 0,
      watermark: frontier.watermark,
      emittedAt: frontier.now,
      value,
      timing,
      isFirst: index === 0,
      isLast,
      records: cells.records[slot] as number,
      lateRecords: cells.late === undefined ? 0 : (cells.late[slot] as number),
    }
    this.queue.push(pane)
    if (this.#remembers && !isLast) (cells.shown ??= [])[slot] = pane as ValuePane<unknown, unknown, unknown>
    if (cells.flags === undefined) return
    if (timing !== 'early') cells.flags[slot] = (cells.flags[slot] as number) | SETTLED
    ;(cells.index as Uint32Array)[slot] = index + 1
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
