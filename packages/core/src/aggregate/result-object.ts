/** Owns the object of several results where no code may be generated for its names. */
import type { Column } from './aggregator.ts'

export type ToResult = (columns: readonly Column[], slot: number) => unknown

/** So many objects settle how many fields V8 gives room in the objects of a constructor. */
const SETTLED_AFTER = 8

/**
 * Makes the object of results by these names, in their order: a plain one, but from a constructor of its own. One layout is
 * then kept for the names (an object of `{}` is given a layout name by name, among those of all pipelines, which takes half
 * as long again), with room for just as many fields.
 */
export function resultsBy(names: readonly string[]): ToResult {
  const Result = function () {} as unknown as { new (): Record<string, unknown>; kept: unknown }
  Result.prototype = Object.prototype
  // The layout is settled by the objects that are alive then, and forgotten with the last of them.
  for (let i = 0; i < SETTLED_AFTER; i++) {
    const first = new Result()
    for (const name of names) first[name] = undefined
    Result.kept = first
  }
  const { length } = names
  const [a = '', b = '', c = '', d = ''] = names
  return (columns, slot) => {
    const out = new Result()
    // Written out for few names: what the loop asks for each costs as much as setting it.
    out[a] = (columns[0] as Column).result(slot)
    if (length === 1) return out
    out[b] = (columns[1] as Column).result(slot)
    if (length === 2) return out
    out[c] = (columns[2] as Column).result(slot)
    if (length === 3) return out
    out[d] = (columns[3] as Column).result(slot)
    for (let i = 4; i < length; i++) out[names[i] as string] = (columns[i] as Column).result(slot)
    return out
  }
}
