/** Owns the list of benches: what each one runs, against what, and what it is to reach. */
import { evenly, perSlide, thinned, visits } from './drafts.ts'
import { type HandResult, chainByHand, hoppingByHand, sessionsByHand, tumblingByHand } from './hand-loops.ts'
import { type TotalsPane, chained, hoppingPanes, sessionPanes, tumblingPanes } from './pipelines.ts'
import type { Draft, Event } from './records.ts'
import { samePanes, sameRecords } from './same-results.ts'

/** One side of a comparison: some work on records that are made anew for each run. */
export interface Contender {
  readonly draft: Draft
  readonly run: (records: readonly Event[]) => unknown
}

export interface Trial {
  readonly engine: Contender
  /** What the engine is measured by. */
  readonly unit: Contender
  /** The hand loop, where that is not the unit. */
  readonly hand?: Contender
  /** The engine on so few records that nearly all its work is panes: what they cost is taken off and told apart. */
  readonly panesOnly?: Contender
  /** Runs both sides once and throws where their results differ; tells how many results there were. */
  readonly check: (fresh: (draft: Draft) => Event[]) => Promise<number>
}

export interface Bench {
  readonly name: string
  readonly what: string
  /** The highest ratio to the unit that is good enough; undefined: none is set yet. */
  readonly target: number | undefined
  /** `scale` shrinks the data. */
  readonly make: (scale: number) => Trial
}

const MINUTE = 60_000
const GAP = 30_000

export const benches: readonly Bench[] = [
  // 100 records per key and window, or 1.9.
  tumblingBench('tumbling-1k', 3_000_000, 1_000, 30, 0),
  tumblingBench('tumbling-disorder-1k', 3_000_000, 1_000, 30, 10_000),
  tumblingBench('tumbling-1m', 3_000_000, 1_000_000, 2, 0),
  tumblingBench('tumbling-disorder-1m', 3_000_000, 1_000_000, 2, 10_000),
  hoppingBench('hopping-60s-1s', 1_000, 180),
  hoppingBench('hopping-60s-100ms', 100, 180),
  {
    name: 'session-1k',
    what: 'gap 30 s, 4 to 5 records per session, 1,000 keys',
    target: undefined,
    make: (scale) => {
      const draft = visits(scaled(1_000_000, scale), scale < 1 ? 100 : 1_000, GAP)
      const engine = { draft, run: (records: readonly Event[]) => sessionPanes(records, GAP) }
      const unit = { draft, run: (records: readonly Event[]) => sessionsByHand(records, GAP) }
      return { engine, unit, check: checkPanes(engine, unit) }
    },
  },
  {
    name: 'chain-4',
    what: 'filter, map, map, filter; unit: inline code',
    target: undefined,
    make: (scale) => {
      const draft = evenly(scaled(3_000_000, scale), 1_000, 10, 0)
      const engine = { draft, run: chained }
      const unit = { draft, run: chainByHand }
      return {
        engine,
        unit,
        check: async (fresh) => {
          const found = await chained(fresh(draft))
          sameRecords(found, chainByHand(fresh(draft)))
          return found.length
        },
      }
    },
  },
]

function tumblingBench(name: string, records: number, keys: number, minutes: number, disorderMs: number): Bench {
  return {
    name,
    target: 3,
    what: `60 s, ${keys.toLocaleString('en')} keys${disorderMs === 0 ? ', in order' : `, ${disorderMs / 1_000} s disorder`}`,
    make: (scale) => {
      const draft = evenly(scaled(records, scale), Math.max(10, scaled(keys, scale)), minutes, disorderMs)
      const engine = { draft, run: (fresh: readonly Event[]) => tumblingPanes(fresh, MINUTE, disorderMs) }
      const unit = { draft, run: (fresh: readonly Event[]) => tumblingByHand(fresh, MINUTE, disorderMs) }
      return { engine, unit, check: checkPanes(engine, unit) }
    },
  }
}

/** 100 keys, 100 records per key and slide. */
function hoppingBench(name: string, everyMs: number, slides: number): Bench {
  return {
    name,
    target: 1.5,
    what: `60 s every ${everyMs} ms, 100 keys; unit: our own tumbling`,
    make: (scale) => {
      const draft = perSlide(Math.max(5, scaled(slides, scale)), everyMs, 100, Math.max(4, scaled(100, scale)))
      const engine = { draft, run: (fresh: readonly Event[]) => hoppingPanes(fresh, MINUTE, everyMs) }
      const hand = { draft, run: (fresh: readonly Event[]) => hoppingByHand(fresh, MINUTE, everyMs) }
      return {
        engine,
        hand,
        unit: { draft, run: (fresh) => tumblingPanes(fresh, MINUTE, 0) },
        panesOnly: { ...engine, draft: thinned(draft, everyMs, 100) },
        check: checkPanes(engine, hand),
      }
    },
  }
}

interface Yields<R> {
  readonly draft: Draft
  readonly run: (records: readonly Event[]) => R
}

function checkPanes(
  engine: Yields<Promise<readonly TotalsPane[]>>,
  hand: Yields<readonly HandResult[]>,
): Trial['check'] {
  return async (fresh) => {
    const panes = await engine.run(fresh(engine.draft))
    samePanes(panes, hand.run(fresh(hand.draft)))
    return panes.length
  }
}

function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale))
}
