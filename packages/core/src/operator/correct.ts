/**
 * Owns corrections: what records that are too late would have added to their windows, as panes of their own. Everything
 * that one record adds to one window is one correction, also where `flatMap` makes it several records, or several
 * windows of a stage before are corrected by it.
 */
import type { AccumulatorCodec } from '../aggregate/accumulator-codec.ts'
import type { Correction } from '../pane/pane.ts'
import type { Cursor } from './cursor.ts'
import { paneName } from './result-chain.ts'
import type { ResultInput } from './result-input.ts'
import type { WindowStage } from './window-stage.ts'

type Made = { -readonly [F in keyof Correction<unknown, unknown>]: Correction<unknown, unknown>[F] }

export class Corrections {
  /** Ways into windows over the results of the stage, whose own results are corrected. */
  readonly inputs: ResultInput[] = []
  readonly #codec: AccumulatorCodec
  /** Splits of several sources may have the same name. */
  readonly #manySources: boolean
  /** Of the record in hand, by key and window. Panes leave a task between batches, so these can still be added to. */
  readonly #made: Map<string, Made> = new Map()
  #id = ''

  constructor(codec: AccumulatorCodec, manySources: boolean) {
    this.#codec = codec
    this.#manySources = manySources
  }

  /** A record that the aggregate cannot take corrects nothing; it is late all the same. */
  add({ cursor, counters, publisher }: WindowStage, window: unknown, key: unknown, value: unknown): void {
    const delta = this.#codec.encodeRecord(value, cursor)
    if (delta === undefined) return
    counters.corrections++
    const id = this.#idOf(cursor)
    if (id !== this.#id) {
      this.#id = id
      this.#made.clear()
    }
    const name = paneName({ key, window })
    const made = this.#made.get(name)
    if (made !== undefined) made.delta = this.#codec.join(made.delta, delta)
    else this.#made.set(name, publisher.correct(key, window, id, delta, cursor))
    for (const input of this.inputs) input.correct({ key, window, id, delta, cursor })
  }

  #idOf({ position: { split, offset }, origin }: Cursor): string {
    return this.#manySources ? `${origin}/${split}@${offset}` : `${split}@${offset}`
  }
}
