/**
 * Three hours of page views as they reach a collector: most within seconds and a little out of order, some minutes later
 * (a phone that was in a tunnel), a few far too late. Made by a fixed rule, so every run has the same ones.
 */
export interface View {
  readonly page: string
  readonly at: number
  readonly arrived: number
}

export const START: number = Date.UTC(2025, 2, 3, 9)
const HOURS = 3
const PAGES = ['/', '/', '/', '/docs', '/docs', '/price', '/blog'] as const

/** In order of arrival. */
export function views(): readonly View[] {
  const next = random(20_250_303)
  const made: View[] = []
  for (let at = START; at < START + HOURS * 3_600_000; at += 500 + Math.floor(next() * 4_000)) {
    const page = PAGES[Math.floor(next() * PAGES.length)] as string
    const lot = next()
    const delayMs = lot < 0.95 ? next() * 4_000 : lot < 0.995 ? next() * 480_000 : 900_000 + next() * 1_800_000
    made.push({ page, at, arrived: at + Math.floor(delayMs) })
  }
  return made.toSorted((a, b) => a.arrived - b.arrived)
}

/** Numbers in [0, 1) by a rule (mulberry32): the same for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
