/**
 * Owns composed triggers of the slow reference as data, and how a tree answers for one window. What each trigger does is
 * a small state machine in primitives.ts and combinators.ts, with the meaning of Beam's model but for what the semantics
 * page says otherwise: early and late parts begin anew with everything in them after each firing, and a time has come
 * when the clock reaches it.
 *
 * Where windows merge, a merge may take back that something has finished, and growth alone is a merge. So there afterEach
 * tells all its parts of each record and afterWatermark always its early one; elsewhere only the part in force is told.
 */
import { AfterAll, AfterEach, AfterFirst, OrFinally, Repeatedly } from './combinators.ts'
import type { Part } from './part.ts'
import { AfterCount, AfterTime, AfterWatermark, Never } from './primitives.ts'
import type { Arrival, Moment, When, Whens } from './when.ts'

/** A trigger as data. Counts are whole numbers from 1, times are ms of processing time; everyUpdate never finishes. */
export type OracleTree =
  | 'everyUpdate'
  | 'never'
  | { readonly afterWatermark: { readonly early?: OracleTree; readonly late?: OracleTree } }
  | { readonly afterCount: number }
  | { readonly afterProcessingTime: number }
  | { readonly alignedProcessingTime: number }
  | { readonly repeatedly: OracleTree }
  | { readonly afterFirst: readonly OracleTree[] }
  | { readonly afterAll: readonly OracleTree[] }
  | { readonly afterEach: readonly OracleTree[] }
  | { readonly orFinally: readonly [trigger: OracleTree, until: OracleTree] }

/** A tree for any number of windows. Once its root has finished in a window it never fires there again. */
export function treeWhens(tree: OracleTree): Whens {
  return {
    fresh: () => new TreeWhen(partOf(tree)),
    joined: (parts, at) => {
      const root = partOf(tree)
      root.join(
        parts.map((part) => (part as TreeWhen).root),
        at,
      )
      return new TreeWhen(root)
    },
  }
}

class TreeWhen implements When {
  readonly root: Part

  constructor(root: Part) {
    this.root = root
  }

  record(_: Arrival, at: Moment): void {
    if (!this.root.finished) this.root.record(at)
  }

  fires(at: Moment): boolean {
    if (this.root.finished || !this.root.ready(at)) return false
    this.root.fire(at)
    return true
  }

  nextClock({ now }: Moment): number {
    return this.root.finished ? Number.POSITIVE_INFINITY : this.root.wanted(now)
  }

  nextWatermark(): number {
    return Number.POSITIVE_INFINITY
  }
}

function partOf(tree: OracleTree): Part {
  if (tree === 'never') return new Never()
  if (tree === 'everyUpdate') return new Repeatedly([new AfterCount(1)])
  if (typeof tree === 'object') {
    if ('afterCount' in tree) return new AfterCount(whole(tree.afterCount, 1))
    if ('afterProcessingTime' in tree) {
      const delay = whole(tree.afterProcessingTime, 0)
      return new AfterTime((now) => now + delay)
    }
    if ('alignedProcessingTime' in tree) {
      const period = whole(tree.alignedProcessingTime, 1)
      return new AfterTime((now) => firstAbove(now, period))
    }
    if ('afterWatermark' in tree) {
      const { early, late } = tree.afterWatermark
      return new AfterWatermark(early && partOf(early), late && partOf(late))
    }
    if ('repeatedly' in tree) return new Repeatedly([partOf(tree.repeatedly)])
    if ('afterFirst' in tree) return new AfterFirst(tree.afterFirst.map(partOf))
    if ('afterAll' in tree) return new AfterAll(tree.afterAll.map(partOf))
    if ('afterEach' in tree) return new AfterEach(tree.afterEach.map(partOf))
    if ('orFinally' in tree) return new OrFinally(tree.orFinally.map(partOf))
  }
  throw new Error(`Found the trigger ${JSON.stringify(tree)}, expected one of OracleTree such as { afterCount: 2 }.`)
}

function whole(n: number, least: number): number {
  if (Number.isSafeInteger(n) && n >= least) return n
  throw new Error(`Found ${n} in a trigger, expected a whole number from ${least}.`)
}

/** The first whole multiple of a period above a time. */
export function firstAbove(at: number, period: number): number {
  return (Math.floor(at / period) + 1) * period
}
