/**
 * Owns the life of windows that are kept slot by slot: completed, kept for the allowed lateness, freed, and woken in
 * between. A window is looked at when the watermark reaches the time it was armed for, and put off if it has grown since:
 * growing costs nothing.
 */
import type { Later } from '../aggregate/aggregator.ts'
import { DueQueue } from '../time/due-queue.ts'
import { DueWheel } from '../time/due-wheel.ts'
import type { TimeWindow } from '../window/window.ts'
import type { OpenWindow } from './operator.ts'
import { type SavedSlots, SlotStore } from './slot-store.ts'
import type { LiveWindow, Wakes, WindowStage } from './window-stage.ts'
import { dividable } from '../io/pieces.ts'

/** A slot that wants attention at a time; void when the slot has another user or another time by then. */
interface Ask {
  readonly slot: number
  readonly seq: number
  readonly at: number
}
export interface SavedSlotWindows {
  readonly store: SavedSlots
  readonly events: readonly Ask[]
  readonly wakes: readonly Ask[]
  readonly stale: readonly Ask[]
}

export class SlotWindows {
  store: SlotStore
  readonly #stage: WindowStage
  /** How far the watermark must be past the end: 1 where a record exactly at the end still joins. */
  readonly #slack: 0 | 1
  #view: View
  /** Slots by the watermark at which they are to be looked at. */
  readonly #due: DueWheel
  /** The watermark from which `advance` has something to do. */
  nextDue: number = Number.POSITIVE_INFINITY
  /** Watermarks that generic triggers asked for. */
  readonly #events: DueQueue<Ask> = new DueQueue()
  readonly #wakes: DueQueue<Ask> = new DueQueue()
  /** When what a session has published under other bounds must be withdrawn at the latest. */
  readonly #stale: DueQueue<Ask> = new DueQueue()

  /** `spanMs`: how long a window is about to wait. */
  constructor(stage: WindowStage, slack: 0 | 1, spanMs: number) {
    this.#stage = stage
    this.#slack = slack
    this.#due = new DueWheel(this, spanMs / 100)
    this.store = new SlotStore(stage.spec)
    this.#view = new View(this.store, slack)
  }

  get nextWakeUp(): number {
    return this.#wakes.nextAt
  }

  /** The window of a slot; good until the next call. */
  at(slot: number): LiveWindow {
    return this.#view.at(slot)
  }

  /** Whether the state of a window with this end would be gone. */
  isFreed(end: number): boolean {
    return this.#stage.cursor.watermark >= this.#stage.freesAt(end + this.#slack)
  }

  /** A window of a key that has none: not complete, and nothing but bounds of its own. `vacant`: the key's slot, or −1. */
  begin(id: unknown, key: unknown, start: number, end: number, vacant: number): number {
    const slot = this.store.open(id, key, start, end, vacant)
    this.#arm(slot, end + this.#slack)
    return slot
  }

  /** The slot's bounds are new: notes whether it is complete and sees that it is looked at in time. */
  bound(slot: number): void {
    const complete = this.#stage.cursor.watermark >= (this.store.end[slot] as number) + this.#slack
    if (!complete) this.reopen(slot)
    this.store.mark(slot, complete)
    this.#arm(slot)
  }

  /** A slot that was complete is part of a window that is not. */
  reopen(slot: number): void {
    if (this.store.complete[slot] === 0) return
    if (this.#stage.reopened(this.store.cells, slot)) this.store.wakeAt[slot] = Number.NaN
  }

  /** A session has got new bounds: what `from` has published is withdrawn with the next pane, or in time. */
  outdate(slot: number, from: number): void {
    const { cells } = this.store
    if (cells.shown?.[from] === undefined && (from === slot || cells.stale?.[from] === undefined)) return
    this.#stage.publisher.outdate(cells, slot, from)
    this.#watchStale(slot)
  }

  #watchStale(slot: number): void {
    for (const { window } of this.store.cells.stale?.[slot] ?? []) {
      const at = this.#finalAt(window)
      this.#stale.push({ slot, seq: this.store.seq[slot] as number, at }, at)
      if (at < this.nextDue) this.nextDue = at
    }
  }

  /** The watermark at which consumers take a window for final. */
  #finalAt(window: unknown): number {
    return this.#stage.freesAt((window as TimeWindow).end + this.#slack)
  }

  #withdrawStale(): void {
    const { cursor, publisher } = this.#stage
    for (const { slot, seq } of this.#stale.take(cursor.watermark)) {
      if (this.store.seq[slot] !== seq) continue
      publisher.withdraw(this.store.cells, slot, cursor, (window) => this.#finalAt(window) <= cursor.watermark)
    }
  }

  advance(): void {
    const stage = this.#stage
    const { watermark } = stage.cursor
    if (this.#stale.isDue(watermark)) this.#withdrawStale()
    while (this.#events.isDue(watermark) || this.#due.isDue(watermark)) {
      // Where time leaps over both, the window completes in this step: what was asked for before is no early pane.
      this.#lookAtDue(watermark)
      for (const ask of this.#events.take(watermark)) {
        if (this.store.seq[ask.slot] === ask.seq)
          stage.woken(this.store.cells, ask.slot, this.#view.at(ask.slot), this.wakes, ask.at, true)
      }
    }
    this.nextDue = Math.min(this.#due.nextAt, this.#events.nextAt, this.#stale.nextAt)
  }

  /** In order of time; those of one time in the order they were opened, whatever the heap's habits. */
  #lookAtDue(watermark: number): void {
    const due = this.#due
    for (let slot = due.take(watermark); slot !== -1; slot = due.take(watermark)) {
      const at = due.takenAt
      if (due.nextAt > at) {
        this.#look(slot)
        continue
      }
      const slots: number[] = []
      for (; slot !== -1; slot = due.take(at)) slots.push(slot)
      const { seq } = this.store
      slots.sort((a, b) => (seq[a] as number) - (seq[b] as number))
      for (const one of slots) this.#look(one)
    }
  }

  tick(): void {
    const store = this.store
    const fast = this.#stage.options.trigger.fastPath !== undefined
    for (const { slot, seq, at } of this.#wakes.take(this.#stage.cursor.now)) {
      if (store.seq[slot] !== seq || (fast && store.wakeAt[slot] !== at)) continue
      store.wakeAt[slot] = Number.NaN
      this.#stage.woken(store.cells, slot, this.#view.at(slot), this.wakes, at, false)
    }
  }

  open(limit: number): readonly OpenWindow[] {
    const store = this.store
    return [...store.live()]
      .sort((a, b) => (store.end[a] as number) - (store.end[b] as number))
      .slice(0, limit)
      .map((slot) => {
        const { window, completesAt, complete } = this.#view.at(slot)
        return { window, completesAt, keys: 1, complete }
      })
  }

  save(later?: Later): SavedSlotWindows {
    const list = (queue: DueQueue<Ask>): Ask[] =>
      queue.list().flatMap(([ask]) => (this.store.seq[ask.slot] === ask.seq ? [ask] : []))
    return dividable({
      store: this.store.save(later),
      events: list(this.#events),
      wakes: list(this.#wakes),
      stale: list(this.#stale),
    })
  }

  load(saved: SavedSlotWindows): void {
    this.store = new SlotStore(this.#stage.spec, saved.store, this.#stage.options.trigger.step.initial)
    this.#view = new View(this.store, this.#slack)
    const live = this.store.live()
    this.#stage.entries += live.length
    this.#stage.restored([{ cells: this.store.cells, slots: live, wakes: this.wakes }])
    for (const slot of live) this.#due.arm(slot, this.dueAt(slot))
    for (const ask of saved.events) this.#events.push(ask, ask.at)
    for (const ask of saved.wakes) this.#wakes.push(ask, ask.at)
    for (const ask of saved.stale) this.#stale.push(ask, ask.at)
    this.nextDue = Math.min(this.#due.nextAt, this.#events.nextAt, this.#stale.nextAt)
  }

  /** The watermark that completes the slot's window, or at which it is freed; NaN: there is none. */
  dueAt(slot: number): number {
    const { seq, end, complete } = this.store
    if (seq[slot] === 0) return Number.NaN
    const completesAt = (end[slot] as number) + this.#slack
    return complete[slot] === 1 ? this.#stage.freesAt(completesAt) : completesAt
  }

  /** Sees that a slot is looked at in time. */
  #arm(slot: number, at: number = this.dueAt(slot)): void {
    this.#due.arm(slot, at)
    if (this.#due.nextAt < this.nextDue) this.nextDue = this.#due.nextAt
  }

  #look(slot: number): void {
    const stage = this.#stage
    const { store } = this
    const { cells } = store
    const { watermark } = stage.cursor
    const view = this.#view.at(slot)
    const freeing = watermark >= stage.freesAt(view.completesAt)
    if (stage.once) {
      stage.publisher.once(cells, slot, view.window, stage.cursor)
    } else if (!view.complete) {
      store.mark(slot, true)
      stage.completed(cells, slot, view, freeing, stage.cursor, this.wakes)
    } else if (freeing) {
      stage.freed(cells, slot, view.window, stage.cursor)
    }
    if (freeing) {
      stage.entries--
      store.free(slot)
    } else {
      this.#arm(slot)
    }
  }

  readonly wakes: Wakes = {
    at: (slot, time) => {
      this.store.wakeAt[slot] = time
      this.#wakes.push({ slot, seq: this.store.seq[slot] as number, at: time }, time)
    },
    atWatermark: (slot, watermark) => {
      this.#events.push({ slot, seq: this.store.seq[slot] as number, at: watermark }, watermark)
      if (watermark < this.nextDue) this.nextDue = watermark
    },
    live: (slot) => this.#view.at(slot),
  }
}

/** One window at a time as a LiveWindow. */
class View implements LiveWindow {
  readonly #store: SlotStore
  readonly #slack: number
  #slot = 0

  constructor(store: SlotStore, slack: number) {
    this.#store = store
    this.#slack = slack
  }

  at(slot: number): this {
    this.#slot = slot
    return this
  }

  get window(): TimeWindow {
    const { start, end, rests } = this.#store
    const rest = rests[this.#slot] as object | undefined
    // Made for every pane: freezing it would cost more than all the rest.
    const window = { start: start[this.#slot] as number, end: end[this.#slot] as number }
    return rest === undefined ? window : { ...window, ...rest }
  }

  get completesAt(): number {
    return (this.#store.end[this.#slot] as number) + this.#slack
  }

  get complete(): boolean {
    return this.#store.complete[this.#slot] === 1
  }
}
