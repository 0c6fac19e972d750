/** Owns a reader that reads all the time, whatever is killed: what it was told once, it must not be told less of later. */
import { setTimeout } from 'node:timers/promises'
import { StreamError } from '@tidemark/core'
import type { OpenTiers } from './composed.ts'
import type { Views } from './views.ts'

export class Reader {
  /** Answers, and questions that were refused because a tier was not current or away. */
  answers = 0
  readonly refused: Map<string, number> = new Map()
  /** Rows that were missing or had fewer records than before. */
  readonly backwards: string[] = []
  readonly #seen: Map<string, number> = new Map()
  readonly #reading: Promise<void>
  #stopped = false

  constructor({ tiers }: OpenTiers, views: Views) {
    this.#reading = this.#read(tiers, views)
    // A test that fails otherwise never asks for it.
    this.#reading.catch(() => {})
  }

  async #read(tiers: OpenTiers['tiers'], views: Views): Promise<void> {
    while (!this.#stopped) {
      await setTimeout(20)
      try {
        const rows = await tiers.read({ keys: views.pages, from: views.from - 1, to: views.watermark + 3_600_000 })
        this.answers++
        const now = new Map(rows.map(({ key, window, value }) => [`${key} ${window.start}`, value.views]))
        for (const [place, before] of this.#seen)
          if ((now.get(place) ?? 0) < before) this.backwards.push(`${place}: ${before}, then ${now.get(place)}`)
        for (const [place, views] of now) this.#seen.set(place, views)
      } catch (error) {
        if (!(error instanceof StreamError) || !error.retryable) throw error
        this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1)
      }
    }
  }

  /** Ends, and rejects with what it could not bear. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#reading
  }
}
