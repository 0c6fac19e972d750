// How a reader of the model unites the tiers.
import type { Config, State } from './protocol-state.ts'

/** What a reader that holds boundary b is told: version per window (0: nothing), corrections counted once or not. */
export function answer(
  config: Config,
  s: State,
  b: number,
): { out: number[]; corrections: number[]; doubled: boolean } {
  const out: number[] = [0]
  const corrections: number[] = [0]
  let doubled = false
  for (let w = 1; w <= config.windows; w++) {
    const fromHot = w > b - config.overlap
    const fromCold = w <= b
    const hot = fromHot ? s.hot[w]! : 0
    const cold = fromCold ? s.cold[w]! : 0
    if (config.rules.addTiers && hot > 0 && cold > 0) doubled = true
    out[w] = hot >> 1 >= cold >> 1 ? hot : cold
    const parts = [fromHot ? s.hotCorrections[w]! : 0, fromCold ? s.coldCorrections[w]! : 0]
    corrections[w] = Math.max(...parts)
    if (corrections[w]! > 1) doubled = true
  }
  return { out, corrections, doubled }
}

/** Of a hot store that has begun another life the reader wants all that it may have seen. */
export function canRead(s: State): boolean {
  return s.believes || s.hotKept >= s.token
}
