/**
 * Owns functions on results: `map` changes the value only; `filter` withdraws a pane that stops passing, by a retraction
 * of the last one that did. What it remembers for that goes when the window is freed.
 */
import { type DeltaPane, type PaneMeta, type Retraction, type ValuePane, retractionOf } from '../pane/pane.ts'
import { keyId } from '../state/key.ts'
import type { TimeWindow } from '../window/window.ts'
import { DueQueue } from '../time/due-queue.ts'
import { BEFORE_ALL } from '../time/timestamp.ts'
import { identityOf } from './grid-operator.ts'
import type { Reject, Rejected } from './rejects.ts'
import { dividableList } from '../io/pieces.ts'

type AnyPane =
  ValuePane<unknown, unknown, unknown> | DeltaPane<unknown, unknown, unknown> | Retraction<unknown, unknown, unknown>
type Next = (pane: object) => void
type Fn = (value: unknown, pane: PaneMeta<unknown, unknown>) => unknown

/** Counts of one result stage. */
export interface ResultCounters {
  filtered: number
  skipped: number
  deadLettered: number
  withdrawn: number
}

export function resultCounters(): ResultCounters {
  return { filtered: 0, skipped: 0, deadLettered: 0, withdrawn: 0 }
}

function count(counters: ResultCounters, how: Rejected): void {
  counters[how]++
}

export function mapResults(fn: Fn, reject: Reject, counters: ResultCounters, next: Next): Next {
  return (item) => {
    const pane = item as AnyPane
    if (!('value' in pane) || pane.filtered === true) return next(pane)
    let value: unknown
    try {
      value = fn(pane.value, pane as PaneMeta<unknown, unknown>)
    } catch (error) {
      return count(counters, reject(error, pane))
    }
    next({ ...pane, value })
  }
}

/** What `filterResults` remembers: the last pane that passed, per key and window. */
export class ResultFilter {
  readonly #shown: Map<string, AnyPane> = new Map()
  readonly #frees: DueQueue<string> = new DueQueue()
  #step: number = BEFORE_ALL
  readonly #fn: Fn
  readonly #reject: Reject
  readonly #counters: ResultCounters
  readonly #next: Next
  readonly #latenessMs: number
  /** What does not pass goes on, marked, for sinks that keep accumulators. */
  readonly #marks: boolean

  constructor(fn: Fn, reject: Reject, counters: ResultCounters, latenessMs: number, marks: boolean, next: Next) {
    this.#fn = fn
    this.#reject = reject
    this.#counters = counters
    this.#latenessMs = latenessMs
    this.#marks = marks
    this.#next = next
  }

  readonly accept: Next = (item) => {
    const pane = item as AnyPane
    if (!('value' in pane) || pane.filtered === true) return this.#next(pane)
    this.#forget(pane.watermark)
    const name = paneName(pane)
    const shown = this.#shown.get(name)
    if (pane.kind === 'retraction') {
      if (shown?.index === pane.index) {
        this.#shown.delete(name)
        this.#next(pane)
      } else if (this.#marks) this.#next({ ...pane, filtered: true })
      return
    }
    let passes: unknown
    try {
      passes = this.#fn(pane.value, pane)
    } catch (error) {
      return count(this.#counters, this.#reject(error, pane))
    }
    if (passes === true || Boolean(passes)) {
      if (pane.kind === 'value') this.#remember(name, pane, shown === undefined)
      return this.#next(pane)
    }
    this.#counters.filtered++
    if (shown !== undefined) {
      this.#shown.delete(name)
      this.#counters.withdrawn++
      this.#next(retractionOf(shown as ValuePane<unknown, unknown, unknown>, pane))
    }
    if (this.#marks) this.#next({ ...pane, filtered: true })
  }

  /** Panes come in steps of the watermark: what was freed at a step goes when the next one begins. */
  #forget(watermark: number): void {
    if (watermark <= this.#step) return
    if (this.#frees.isDue(this.#step)) for (const name of this.#frees.take(this.#step)) this.#shown.delete(name)
    this.#step = watermark
  }

  save(): unknown {
    return dividableList([...this.#shown])
  }

  load(saved: unknown): void {
    for (const [name, pane] of saved as readonly (readonly [string, AnyPane])[]) this.#remember(name, pane, true)
  }

  #remember(name: string, pane: AnyPane, fresh: boolean): void {
    if ('isLast' in pane && pane.isLast) {
      this.#shown.delete(name)
      return
    }
    this.#shown.set(name, pane)
    const end = (pane.window as Partial<TimeWindow>).end ?? Number.POSITIVE_INFINITY
    // One millisecond more: sessions are freed when W > end + lateness.
    if (fresh) this.#frees.push(name, end + this.#latenessMs + 1)
  }
}

/** A text that two panes share when key and window are the same. */
export function paneName(pane: { readonly key: unknown; readonly window: unknown }): string {
  const id = keyId(pane.key as never)
  const window = pane.window as Partial<TimeWindow>
  return `${typeof id}:${String(id)}@${window.start === undefined ? 'one' : identityOf(window as TimeWindow)}`
}
