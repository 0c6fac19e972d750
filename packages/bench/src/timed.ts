/**
 * Owns how the time per record is taken: the sides in turn, each on new records, after a collection of garbage, medians
 * of all runs.
 */
import {
  type Figure,
  type How,
  type Outcome,
  type Targets,
  type Trial,
  median,
  plainFigure,
  ratioFigure,
} from './bench.ts'
import type { Profiler } from './profile.ts'
import { collectGarbage, threadNow } from './thread.ts'

/** One side of a comparison. `prepare` makes its records anew, as cold as a decoder leaves them; only what it returns is timed. */
export interface Contender {
  readonly records: number
  readonly prepare: () => () => unknown
}

export interface Comparison {
  readonly engine: Contender
  /** What the engine is measured by. */
  readonly unit: Contender
  readonly targets: Targets | undefined
  readonly check: Trial['check']
  /** The hand loop, where that is not the unit. */
  readonly hand?: Contender
  /** Where panes are told apart: what they cost is taken off, but for those that the unit has as well. */
  readonly panes?: {
    /** The engine on so few records that nearly all its work is the same panes. */
    readonly only: Contender
    /** How many of the results the unit has as well. */
    readonly alsoOfUnit: number
  }
}

/** Times of one side, ns per run. */
interface Side {
  readonly contender: Contender
  readonly times: number[]
  readonly wall: number[]
}

export function timed(comparison: Comparison): Trial {
  let results = 0
  return {
    check: async () => (results = await comparison.check()),
    measure: (how) => timeAll(comparison, how, results),
  }
}

async function timeAll(comparison: Comparison, { runs, profiler }: How, results: number): Promise<Outcome> {
  const side = (contender: Contender): Side => ({ contender, times: [], wall: [] })
  const engine = side(comparison.engine)
  const unit = side(comparison.unit)
  const hand = comparison.hand && side(comparison.hand)
  const only = comparison.panes && side(comparison.panes.only)
  let rss = 0
  for (let run = 0; run < runs; run++) {
    await time(unit, undefined)
    rss = Math.max(rss, await time(engine, profiler))
    if (hand !== undefined) await time(hand, undefined)
    if (only !== undefined) await time(only, undefined)
  }
  const { records } = comparison.engine
  const theirs = perRecord(unit)
  const whole = perRecord(engine)
  const panes = only && panesApart(engine, only, results)
  const shared = (comparison.panes?.alsoOfUnit ?? 0) / records
  const ours = panes === undefined ? whole : panes.perRecord.map((ns, i) => ns + shared * (panes.perPane[i] as number))
  const { targets } = comparison
  const wallRatio = median(engine.wall) / median(unit.wall)
  const figures: Figure[] = []
  if (panes !== undefined) {
    figures.push(plainFigure('a pane, apart', 'ns/pane', { ours: panes.perPane }))
    figures.push(ratioFigure('time with all panes', 'ns/record', { ours: whole, unit: theirs }))
  }
  if (hand !== undefined)
    figures.push(
      ratioFigure('time with all panes, to the hand loop', 'ns/record', { ours: whole, unit: perRecord(hand) }),
    )
  return {
    records,
    rssMb: Math.round(rss / 1e6),
    figures: [ratioFigure('time', 'ns/record', { ours, unit: theirs, wallRatio, targets }), ...figures],
  }
}

/** One run; tells the memory in use after it. */
async function time({ contender, times, wall }: Side, profiler: Profiler | undefined): Promise<number> {
  const run = contender.prepare()
  collectGarbage()
  profiler?.begin()
  const wallBegun = performance.now()
  const begun = threadNow()
  const kept = await run()
  times.push(threadNow() - begun)
  wall.push((performance.now() - wallBegun) * 1e6)
  profiler?.end()
  const { rss } = process.memoryUsage()
  // Until here the results are reachable, as a user's would be.
  return kept === undefined ? 0 : rss
}

function perRecord({ contender, times }: Side): number[] {
  return times.map((whole) => whole / contender.records)
}

/** What a record and what a pane costs, of two runs with the same panes and different numbers of records. */
function panesApart(
  many: Side,
  few: Side,
  panes: number,
): { readonly perRecord: readonly number[]; readonly perPane: readonly number[] } {
  const records = many.contender.records - few.contender.records
  const perRecord = many.times.map((whole, i) => (whole - (few.times[i] as number)) / records)
  const perPane = perRecord.map((ns, i) => ((few.times[i] as number) - few.contender.records * ns) / panes)
  return { perRecord, perPane }
}
