/**
 * Owns the way of results into windows over them: a pane's event time is the last instant of its window. Where panes of
 * a source can follow each other or be withdrawn, it knows what each source contributes at the moment; elsewhere a pane
 * is a record like any other.
 *
 * A withdrawal and what follows it in the same step are one change: its windows are told when the step has ended, if
 * nothing new has come into them by then.
 */
import type { DeltaPane, PaneMeta, Retraction, ValuePane } from '../pane/pane.ts'
import { copyKey, keyId } from '../state/key.ts'
import { DueQueue } from '../time/due-queue.ts'
import type { TimeWindow } from '../window/window.ts'
import type { Part } from './contributions.ts'
import type { Cursor } from './cursor.ts'
import type { WindowOperator } from './operator.ts'
import type { Reject } from './rejects.ts'
import { paneName } from './result-chain.ts'
import { dividableList } from '../io/pieces.ts'

type AnyPane =
  | ValuePane<unknown, unknown, TimeWindow>
  | DeltaPane<unknown, unknown, TimeWindow>
  | Retraction<unknown, unknown, TimeWindow>

/** records = skipped + deadLettered + filtered + what the windows account for. */
export interface ResultInputCounters {
  records: number
  filtered: number
  skipped: number
  deadLettered: number
  /** Contributions that a newer pane took the place of. */
  replaced: number
  /** Contributions that were withdrawn. */
  withdrawn: number
}

export interface ResultInputOptions {
  readonly key: (value: unknown, pane: PaneMeta<unknown, TimeWindow>) => unknown
  readonly reject: Reject
  readonly counters: ResultInputCounters
  /** Early panes are left out. */
  readonly fromCompletion: boolean
  /** Panes of a source can follow each other, or be withdrawn. */
  readonly replaces: boolean
  /** How long after its window's end a source can still change, in the time of `from`. */
  readonly settledAfterMs: number
  /** The value that a correction is, as results are seen here; undefined: none. */
  readonly valueOf: (delta: Uint8Array, pane: PaneMeta<unknown, TimeWindow>) => { readonly value: unknown } | undefined
}

/** A correction of the windows before. */
export interface CorrectionOf {
  readonly key: unknown
  readonly window: unknown
  readonly id: string
  readonly delta: Uint8Array
  readonly cursor: Cursor
}

export class ResultInput {
  operators: readonly WindowOperator[] = []
  readonly #from: Cursor
  readonly #options: ResultInputOptions
  readonly #parts: Map<string, Part> = new Map()
  readonly #settled: DueQueue<string> = new DueQueue()

  /** `from` is the cursor of the windows that the panes come from. */
  constructor(from: Cursor, options: ResultInputOptions) {
    this.#from = from
    this.#options = options
  }

  readonly accept = (item: object): void => {
    const pane = item as AnyPane
    const { counters, replaces, fromCompletion, reject } = this.#options
    this.#at(pane.window.end - 1)
    const source = replaces ? paneName(pane) : ''
    const known = replaces ? this.#parts.get(source) : undefined
    if (pane.kind === 'retraction') {
      if (known?.index !== pane.index) return
      counters.withdrawn++
      this.#withdraw(known)
      return
    }
    counters.records++
    if (fromCompletion && pane.timing === 'early') {
      counters.filtered++
      return
    }
    let key: unknown
    let id: unknown
    try {
      key = this.#options.key(pane.value, pane)
      id = keyId(key as never)
    } catch (error) {
      counters[reject(error, pane)]++
      if (known !== undefined) this.#withdraw(known)
      return
    }
    if (typeof key === 'object') key = copyKey(key as never)
    if (!replaces) {
      for (const operator of this.operators) operator.record(key, id, pane.value)
      return
    }
    this.#put({ source, index: pane.index, key, id, value: pane.value, eventTime: pane.window.end - 1 }, known, pane)
  }

  /**
   * A record was too late for the windows before: what it alone makes of their aggregate comes as one more value, as a
   * difference does, into those windows whose results are corrected. Where they are freed, it corrects them.
   */
  correct({ key: before, window, id: record, delta, cursor: { watermark, now } }: CorrectionOf): void {
    const { counters, replaces, reject, valueOf, key: keyOf } = this.#options
    const pane = {
      key: before,
      window: window as TimeWindow,
      index: 0,
      epoch: 0,
      watermark,
      emittedAt: now,
      timing: 'late',
      isFirst: true,
      isLast: true,
    } as const
    counters.records++
    const eventTime = pane.window.end - 1
    this.#at(eventTime)
    let value: unknown
    let key: unknown
    let id: unknown
    try {
      const found = valueOf(delta, pane)
      if (found === undefined) {
        counters.filtered++
        return
      }
      value = found.value
      key = keyOf(value, pane)
      id = keyId(key as never)
    } catch (error) {
      counters[reject(error, pane)]++
      return
    }
    if (typeof key === 'object') key = copyKey(key as never)
    const source = `${paneName(pane)}+${record}+${counters.records}`
    for (const operator of this.operators) {
      if (operator.stage.options.corrections === undefined) continue
      if (replaces) operator.stage.part = { source, index: 0, key, id, value, eventTime }
      operator.record(key, id, value)
      operator.stage.part = undefined
    }
  }

  /** A step has ended: windows that something was only withdrawn from are told. Forgets sources that cannot change. */
  settle(): void {
    for (const { stage } of this.operators) stage.withdrawals?.settle()
    if (!this.#settled.isDue(this.#from.watermark)) return
    for (const source of this.#settled.take(this.#from.watermark)) this.#parts.delete(source)
  }

  save(): unknown {
    return dividableList([...this.#parts.values()])
  }

  load(saved: unknown): void {
    for (const part of saved as readonly Part[]) this.#remember(part, true)
  }

  #put(
    part: Part,
    known: Part | undefined,
    pane: ValuePane<unknown, unknown, TimeWindow> | DeltaPane<unknown, unknown, TimeWindow>,
  ): void {
    if (known !== undefined) {
      this.#options.counters.replaced++
      // It leaves first: the new one may have another key or other windows, or be refused.
      this.#withdraw(known)
    }
    for (const operator of this.operators) {
      operator.stage.part = part
      operator.record(part.key, part.id, part.value)
      operator.stage.part = undefined
    }
    if (pane.isLast) this.#parts.delete(part.source)
    else this.#remember(part, known === undefined)
  }

  #withdraw(part: Part): void {
    this.#parts.delete(part.source)
    this.#at(part.eventTime)
    for (const operator of this.operators) operator.withdraw?.(part)
  }

  #remember(part: Part, fresh: boolean): void {
    this.#parts.set(part.source, part)
    if (fresh) this.#settled.push(part.source, part.eventTime + 1 + this.#options.settledAfterMs)
  }

  /** The windows' cursors follow the record in hand; each has a watermark of its own. */
  #at(eventTime: number): void {
    const { batch, origin, index, now } = this.#from
    for (const {
      stage: { cursor },
    } of this.operators) {
      cursor.batch = batch
      cursor.origin = origin
      cursor.index = index
      cursor.now = now
      cursor.eventTime = eventTime
    }
  }
}
