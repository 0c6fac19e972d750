/**
 * Owns how far time has run ahead of age. What is written to hot expires on the server's clock at the time when it will
 * not be needed any more if age goes on as time does; where age stands still for a day, everything expires a day early.
 * Kept for as far back as something in hot may have been written.
 */
export class Drift {
  readonly #spanMs: number
  /** Rising in both: how far time had run ahead, as age reached a point. The first is the least. */
  readonly #samples: { point: number; readonly ahead: number }[] = []
  #last: { readonly at: number; readonly point: number } | undefined
  #ahead = 0

  /** `spanMs`: how much age something in hot is needed for. */
  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  /** How much too early, ms, something that is in hot may expire. `at`: time that has passed; `point`: age reached. */
  note(at: number, point: number): number {
    const last = this.#last
    if (last !== undefined) {
      const aged = Number.isFinite(point) && Number.isFinite(last.point) ? point - last.point : 0
      this.#ahead += at - last.at - aged
    }
    this.#last = { at, point }
    const samples = this.#samples
    while (samples.length > 0 && (samples.at(-1) as { ahead: number }).ahead >= this.#ahead) samples.pop()
    // At the bound an older sample stands for a newer one: that says too much, never too little.
    if (samples.length < MOST_SAMPLES) samples.push({ point, ahead: this.#ahead })
    else (samples.at(-1) as { point: number }).point = point
    while (samples.length > 1 && (samples[0] as { point: number }).point < point - this.#spanMs) samples.shift()
    return this.#ahead - (samples[0] as { ahead: number }).ahead
  }
}

const MOST_SAMPLES = 1_024
