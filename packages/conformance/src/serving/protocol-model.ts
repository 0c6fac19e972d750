// A small model of how two tiers are filled from one log, explored state by state: one key, one log partition, windows
// with ends 1, 2, …. Each rule of the protocol can be left out; then the search finds the shortest way to a wrong answer.
import { answer, canRead } from './protocol-read.ts'
import { type Config, type State, initial, isCorrection, keyOf, pane, windowOf } from './protocol-state.ts'
import { steps } from './protocol-steps.ts'

export interface Verdict {
  readonly states: number
  /** Every reachable state was looked at. */
  readonly exhausted: boolean
  readonly violated?: string
  /** The steps that lead there. */
  readonly trace: readonly string[]
}

/** Breadth first, so a trace is as short as can be; stops at the first violation or after `limit` states. */
export function explore(config: Config, limit: number): Verdict {
  const first = initial(config)
  const found = new Map<string, number>([[keyOf(first), 0]])
  const states: State[] = [first]
  const came: { readonly from: number; readonly by: string }[] = [{ from: -1, by: '' }]
  for (let at = 0; at < states.length; at++) {
    if (at >= limit) return { states: at, exhausted: false, trace: [] }
    const state = states[at] as State
    const violated = wrong(config, state)
    if (violated !== undefined) {
      const trace: string[] = []
      for (let i = at; i > 0; i = came[i]!.from) trace.unshift(came[i]!.by)
      return { states: at + 1, exhausted: false, violated, trace }
    }
    for (const [by, next] of steps(config, state)) {
      const key = keyOf(next)
      if (found.has(key)) continue
      found.set(key, states.length)
      states.push(next)
      came.push({ from: at, by })
    }
  }
  return { states: states.length, exhausted: true, trace: [] }
}

function wrong(config: Config, s: State): string | undefined {
  const { out, corrections, doubled } = answer(config, s, s.readerB)
  if (doubled) return 'DOUBLE COUNT'
  for (let w = 1; w <= config.windows; w++) {
    // What a task delivers that was left out as idle may be answered a little later; nothing else may be missing.
    const excused = s.failedOver || s.belowFrontier[w] || s.log.includes(pane(w, 3, true))
    if (s.everHot[w] && out[w] === 0 && !excused) return `GAP window ${w}`
    if (config.monotone && canRead(s) && s.seen[w]! >> 1 > out[w]! >> 1) return `REGRESSION window ${w}`
  }
  const settled =
    s.hotAt === s.log.length &&
    s.hotKept === s.hotAt &&
    s.coldAt === s.log.length &&
    s.durable === s.coldAt &&
    s.coldKept === s.coldAt
  if (!settled) return undefined
  for (let w = 1; w <= config.windows; w++) {
    let newest = 0
    let expected = 0
    for (const entry of s.log) {
      if (windowOf(entry) !== w) continue
      if (isCorrection(entry)) expected = 1
      else if ((entry % 16) >> 1 > newest >> 1) newest = entry % 16
    }
    const visible = (cell: number): number => (cell & 1 ? 0 : cell)
    if (visible(newest) !== visible(out[w]!)) return `NOT CONVERGED window ${w}: want ${newest}, got ${out[w]}`
    if (corrections[w] !== expected) return `NOT CONVERGED corrections of window ${w}`
  }
  return undefined
}
