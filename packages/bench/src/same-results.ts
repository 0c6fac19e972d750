/** Owns the check before any timing: that engine and hand loop have come to the same results, all of them. */
import type { Priced } from './hand/chain.ts'
import type { HandResult } from './hand/totals.ts'
import type { TotalsPane } from './pipelines.ts'

/** A result by hand; without more, the only pane of its key and window. */
export type Expected = HandResult & { readonly index?: number; readonly timing?: 'early' | 'on-time' }

/** Throws where they differ; order is free between windows and keys, each result must be there exactly once. */
export function samePanes(panes: readonly TotalsPane[], expected: readonly Expected[]): void {
  const windows = new Map<number, Map<string, Expected[]>>()
  for (const result of expected) {
    let window = windows.get(result.start)
    if (window === undefined) windows.set(result.start, (window = new Map()))
    const results = window.get(result.key)
    if (results === undefined) window.set(result.key, [result])
    else if (results.length === (result.index ?? 0)) results.push(result)
    else
      throw wrong(
        `result ${results.length} by hand for ${result.key} at ${result.start} has the number ${result.index ?? 0}`,
      )
  }
  // A key's panes must come in order, so each is held against the next one that is left.
  const next = new Map<HandResult[], number>()
  for (const pane of panes) {
    const results = windows.get(pane.window.start)?.get(pane.key) ?? []
    const index = next.get(results) ?? 0
    const found = results[index]
    if (found === undefined || !isSame(pane, found, index))
      throw wrong(`the pane ${JSON.stringify(pane)}, by hand ${JSON.stringify(found)}`)
    next.set(results, index + 1)
  }
  if (panes.length !== expected.length) throw wrong(`${panes.length} panes, by hand ${expected.length} results`)
}

function isSame(pane: TotalsPane, { end, count, sum, timing = 'on-time' }: Expected, index: number): boolean {
  return (
    pane.kind === 'value' &&
    pane.timing === timing &&
    pane.index === index &&
    pane.window.end === end &&
    pane.value.count === count &&
    pane.value.sum === sum &&
    pane.records === count
  )
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
