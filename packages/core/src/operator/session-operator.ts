/**
 * Owns windows that merge: sessions, and windows of the user's own with `merge`. Complete when W > end, for a record
 * exactly at the end would still join. A late record is tried for merging first.
 *
 * | state | when sessions merge | when bounds change |
 * |---|---|---|
 * | accumulator | merged, earlier session first | kept |
 * | PENDING, IN_TIME | or | kept |
 * | COMPLETED | or; cleared if the session is not complete any more | likewise |
 * | SETTLED, index, the gate's state | those of a new window: cleared | cleared |
 * | what stands published | to be withdrawn with the next pane, or in time | likewise |
 * | trigger | step.merge; of fast paths the earlier time | step.merge, alone |
 */
import type { Later } from '../aggregate/aggregator.ts'
import type { WindowAssigner } from '../window/assigner.ts'
import type { TimeWindow } from '../window/window.ts'
import { COMPLETED, IN_TIME, PENDING, SETTLED } from '../pane/numbering.ts'
import { checkWindows, identityOf } from './grid-operator.ts'
import type { OpenWindow, WindowOperator } from './operator.ts'
import { ALONE, familyId } from './slot-store.ts'
import { type SavedSlotWindows, SlotWindows } from './slot-windows.ts'
import type { WindowStage } from './window-stage.ts'

/** How long windows of the user's own may be, which nobody says. */
const USUAL_MS = 60_000

export class SessionOperator implements WindowOperator {
  readonly stage: WindowStage
  readonly gapMs: number | undefined
  readonly #assign: (timestamp: number, value: never) => readonly unknown[]
  readonly windows: SlotWindows

  constructor(stage: WindowStage, assigner: WindowAssigner<never, unknown>) {
    this.stage = stage
    this.gapMs = assigner.shape.type === 'session' ? assigner.shape.gapMs : undefined
    this.#assign = assigner.assign
    this.windows = new SlotWindows(stage, 1, this.gapMs ?? USUAL_MS)
  }

  get nextDue(): number {
    return this.windows.nextDue
  }

  get nextWakeUp(): number {
    return this.windows.nextWakeUp
  }

  record(key: unknown, id: unknown, value: unknown): void {
    const { stage } = this
    const { eventTime } = stage.cursor
    if (this.gapMs !== undefined) {
      if (!stage.prepare(value)) return
      const end = eventTime + this.gapMs
      const slot = this.extending(id, eventTime, end)
      if (slot === -1) this.#add(key, id, value, eventTime, end, undefined)
      else if (stage.add(this.windows.store.cells, slot, value)) this.#extend(slot, eventTime, end)
      return
    }
    let windows: readonly TimeWindow[]
    try {
      windows = checkWindows(this.#assign(eventTime, value as never), eventTime)
      stage.spec.prepare(value, stage.cursor)
    } catch (error) {
      stage.reject(error, value)
      return
    }
    if (windows.length === 0) stage.counters.noWindow++
    for (const [i, { start, end, ...rest }] of windows.entries()) {
      // A record counts as assigned once, however many windows it has.
      if (!this.#add(key, id, value, start, end, rest)) return
      if (i > 0) stage.counters.assigned--
    }
  }

  advance(): void {
    this.windows.advance()
  }

  tick(): void {
    this.windows.tick()
  }

  open(limit: number): readonly OpenWindow[] {
    return this.windows.open(limit)
  }

  save(later?: Later): SavedSlotWindows {
    return this.windows.save(later)
  }

  load(saved: SavedSlotWindows): void {
    this.windows.load(saved)
  }

  /** Adds the prepared record, with its own window, to the session it makes or joins; false: the user's add threw. */
  #add(key: unknown, id: unknown, value: unknown, start: number, end: number, rest: object | undefined): boolean {
    const { stage } = this
    const { store } = this.windows
    const family = rest === undefined || Object.keys(rest).length === 0 ? '' : identityOf({ start: 0, end: 0, ...rest })
    const chain = familyId(family, id)
    const joined = this.#touching(chain, start, end)
    let slot = joined[0]
    const fresh = slot === undefined
    if (slot === undefined) {
      const refused = this.windows.isFreed(end) ? 'tooLate' : stage.admit() ? undefined : 'shed'
      if (refused !== undefined) {
        stage.counters.assigned++
        stage.counters.assignments++
        stage.refuse(Object.freeze({ start, end, ...rest }), end, refused, key, value)
        return true
      }
      slot = store.open(chain, key, start, end)
      store.families[slot] = family
      store.rests[slot] = rest
    }
    if (!stage.add(store.cells, slot, value)) {
      if (fresh) {
        store.free(slot)
        stage.entries--
      }
      return false
    }
    stage.counters.assigned++
    stage.counters.assignments++
    const grown = !fresh && this.#widen(slot, joined, start, end)
    this.windows.bound(slot)
    if (grown) this.#mergeAll(slot, joined.slice(1))
    stage.added(store.cells, slot, this.windows.at(slot), this.windows.wakes)
    return true
  }

  /**
   * The common case: the key has one session, which is not complete and takes the record, and nothing is published before
   * it is; −1: it is not this one.
   */
  extending(id: unknown, start: number, end: number): number {
    const { store } = this.windows
    const slot = store.head(id)
    return slot !== -1 &&
      this.stage.plain &&
      store.busy[slot] === ALONE &&
      (store.start[slot] as number) <= end &&
      start <= (store.end[slot] as number)
      ? slot
      : -1
  }

  #extend(slot: number, start: number, end: number): void {
    const { store } = this.windows
    const { counters } = this.stage
    if (start < (store.start[slot] as number)) store.start[slot] = start
    if (end > (store.end[slot] as number)) store.end[slot] = end
    const flags = store.cells.flags as Uint8Array
    flags[slot] = (flags[slot] as number) | PENDING | IN_TIME
    counters.assigned++
    counters.assignments++
    counters.onTime++
  }

  /** The key's sessions that touch or overlap [start, end], earliest first. */
  #touching(chain: unknown, start: number, end: number): number[] {
    const { store } = this.windows
    const found: number[] = []
    for (let slot = store.head(chain); slot !== -1; slot = store.next[slot] as number) {
      if ((store.start[slot] as number) <= end && start <= (store.end[slot] as number)) found.push(slot)
    }
    return found.length < 2 ? found : found.sort((a, b) => (store.start[a] as number) - (store.start[b] as number))
  }

  /** The session has got new bounds, and with them those that it touches now. */
  #mergeAll(into: number, others: readonly number[]): void {
    const { stage } = this
    const { store } = this.windows
    for (let i = 0; i < others.length; i++) this.#merge(into, others[i] as number)
    stage.mergeTriggers(store.cells, into, others, this.windows.at(into), this.windows.wakes)
    for (let i = 0; i < others.length; i++) store.free(others[i] as number)
    stage.entries -= others.length
    if (others.length > 0) this.windows.bound(into)
  }

  #merge(into: number, from: number): void {
    const { stage } = this
    const { store } = this.windows
    const { cells } = store
    const flags = cells.flags as Uint8Array
    if (store.complete[into] === 0) this.windows.reopen(from)
    cells.accumulators.merge(into, cells.accumulators, from)
    cells.records[into] = (cells.records[into] as number) + (cells.records[from] as number)
    if (cells.late !== undefined) cells.late[into] = (cells.late[into] as number) + (cells.late[from] as number)
    // Before the flags are one: what each waits for depends on what is pending in each.
    stage.mergeWaiting(cells, into, from, store.wakeAt, this.windows.wakes)
    flags[into] = (flags[into] as number) | ((flags[from] as number) & (PENDING | IN_TIME | COMPLETED))
    this.windows.outdate(into, from)
  }

  /** New bounds make a new window: its panes are numbered from 0 and may be early again. True: they are new. */
  #widen(slot: number, joined: readonly number[], from: number, to: number): boolean {
    const { store } = this.windows
    let start = from
    let end = to
    for (let i = 0; i < joined.length; i++) {
      const other = joined[i] as number
      start = Math.min(start, store.start[other] as number)
      end = Math.max(end, store.end[other] as number)
    }
    if (start === store.start[slot] && end === store.end[slot]) return false
    this.windows.outdate(slot, slot)
    store.start[slot] = start
    store.end[slot] = end
    const { flags, index } = store.cells as { flags: Uint8Array; index: Uint32Array }
    flags[slot] = (flags[slot] as number) & ~SETTLED
    index[slot] = 0
    if (store.cells.gate !== undefined) store.cells.gate[slot] = undefined
    return true
  }
}
