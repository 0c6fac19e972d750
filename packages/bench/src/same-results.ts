/** Owns the check before any timing: that engine and hand loop have come to the same results, all of them. */
import type { HandResult, Priced } from './hand-loops.ts'
import type { TotalsPane } from './pipelines.ts'

/** Throws where they differ; order is free between windows and keys, each result must be there exactly once. */
export function samePanes(panes: readonly TotalsPane[], expected: readonly HandResult[]): void {
  const windows = new Map<number, Map<string, HandResult>>()
  for (const result of expected) {
    let window = windows.get(result.start)
    if (window === undefined) windows.set(result.start, (window = new Map()))
    if (window.has(result.key)) throw wrong(`two results by hand for ${result.key} at ${result.start}`)
    window.set(result.key, result)
  }
  for (const pane of panes) {
    if (pane.kind !== 'value' || pane.timing !== 'on-time' || pane.index !== 0)
      throw wrong(`an unexpected pane ${JSON.stringify(pane)}`)
    const { key, value, window } = pane
    const found = windows.get(window.start)?.get(key)
    const same =
      found !== undefined &&
      found.end === window.end &&
      found.count === value.count &&
      found.sum === value.sum &&
      pane.records === value.count
    if (!same) throw wrong(`the pane ${JSON.stringify(pane)}, by hand ${JSON.stringify(found)}`)
    windows.get(window.start)?.delete(key)
  }
  if (panes.length !== expected.length) throw wrong(`${panes.length} panes, by hand ${expected.length} results`)
}

export function sameRecords(found: readonly Priced[], expected: readonly Priced[]): void {
  if (found.length !== expected.length) throw wrong(`${found.length} records, by hand ${expected.length}`)
  for (const [i, { key, cents }] of expected.entries()) {
    if (found[i]?.key !== key || found[i]?.cents !== cents)
      throw wrong(`record ${i} ${JSON.stringify(found[i])}, by hand ${JSON.stringify(expected[i])}`)
  }
}

function wrong(what: string): Error {
  return new Error(`wrong results: ${what}`)
}
