/** Aggregators as a user writes them: one generic, one over a fixed type. */
import type { Aggregator } from '@tidemark/core'

interface Mean { readonly mean: number; readonly n: number }

/** A weighted mean; In comes from its argument or from the place of use. */
export function weighted<T>(of: (value: T) => number): Aggregator<T, Mean, number> {
  return {
    create: () => ({ mean: 0, n: 0 }),
    add: ({ mean, n }, value) => ({ mean: (mean * n + of(value)) / (n + 1), n: n + 1 }),
    merge: (a, b) => (a.n + b.n === 0 ? a : { mean: (a.mean * a.n + b.mean * b.n) / (a.n + b.n), n: a.n + b.n }),
    result: ({ mean }) => mean,
  }
}

/** From the first to the last record. */
export const span: Aggregator<{ readonly at: number }, { min: number; max: number }, { readonly ms: number }> = {
  create: () => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }),
  add: (acc, { at }) => ({ min: Math.min(acc.min, at), max: Math.max(acc.max, at) }),
  merge: (a, b) => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }),
  result: ({ min, max }) => ({ ms: Math.max(0, max - min) }),
}
