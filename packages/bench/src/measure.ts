/**
 * Owns how time is taken: the sides in turn, each on new records, after a collection of garbage, medians of all runs. Time
 * is what the main thread was given by the machine where Node tells (23.9 and later), else what the clock on the wall says.
 */
import type { Bench, Contender, Trial } from './benches.ts'
import type { Profiler } from './profile.ts'
import { freshRecords } from './records.ts'

/** Times of one side, ns per run. */
interface Side {
  readonly contender: Contender
  readonly times: number[]
  readonly wall: number[]
}

export interface Measured {
  readonly name: string
  readonly records: number
  readonly results: number
  readonly nsPerRecord: number
  readonly unitNsPerRecord: number
  readonly ratio: number
  /** Lowest and highest ratio of a run of the engine to the run of the unit before it. */
  readonly lowest: number
  readonly highest: number
  /** The same ratio by the clock on the wall. */
  readonly wallRatio: number
  readonly rssMb: number
  readonly target: number | undefined
  /** Where panes are told apart: each one's cost, and the ratios that come out when they are counted in. */
  readonly panes?: {
    readonly nsPerPane: number
    readonly ratioWithPanes: number
    readonly handNsPerRecord: number
    readonly handRatio: number
  }
}

interface WithThreadTime {
  readonly threadCpuUsage?: () => { readonly user: number; readonly system: number }
}

/** Whose time it is. */
export const timeIs: string =
  (process as WithThreadTime).threadCpuUsage === undefined ? 'wall time' : 'CPU time of the main thread'

/** Now, ns, by the thread where possible. */
function threadNow(): number {
  const used = (process as WithThreadTime).threadCpuUsage?.()
  return used === undefined ? performance.now() * 1e6 : (used.user + used.system) * 1_000
}

/** @throws Error where the engine's results are wrong */
export async function measure(
  bench: Bench,
  options: { readonly runs: number; readonly scale: number; readonly profiler?: Profiler },
): Promise<Measured> {
  const trial = bench.make(options.scale)
  const results = await trial.check(freshRecords)
  const sides = sidesOf(trial)
  let rss = 0
  for (let run = 0; run < options.runs; run++) {
    await time(sides.unit, undefined)
    rss = Math.max(rss, await time(sides.engine, options.profiler))
    if (sides.hand !== undefined) await time(sides.hand, undefined)
    if (sides.panesOnly !== undefined) await time(sides.panesOnly, undefined)
  }
  return { name: bench.name, results, rssMb: Math.round(rss / 1e6), target: bench.target, ...compared(sides, results) }
}

interface Sides {
  readonly engine: Side
  readonly unit: Side
  readonly hand: Side | undefined
  readonly panesOnly: Side | undefined
}

function sidesOf({ engine, unit, hand, panesOnly }: Trial): Sides {
  const side = (contender: Contender): Side => ({ contender, times: [], wall: [] })
  return { engine: side(engine), unit: side(unit), hand: hand && side(hand), panesOnly: panesOnly && side(panesOnly) }
}

/** One run; tells the memory in use after it. */
async function time({ contender, times, wall }: Side, profiler: Profiler | undefined): Promise<number> {
  const records = freshRecords(contender.draft)
  globalThis.gc?.()
  profiler?.begin()
  const wallBegun = performance.now()
  const begun = threadNow()
  const kept = await contender.run(records)
  times.push(threadNow() - begun)
  wall.push((performance.now() - wallBegun) * 1e6)
  profiler?.end()
  const { rss } = process.memoryUsage()
  // Until here the results are reachable, as a user's would be.
  return kept === undefined ? 0 : rss
}

function compared(sides: Sides, results: number): Omit<Measured, 'name' | 'results' | 'rssMb' | 'target'> {
  const { engine, unit, hand, panesOnly } = sides
  const records = engine.contender.draft.keys.length
  const few = panesOnly?.contender.draft.keys.length ?? 0
  const ours = engine.times.map((whole, i) => (whole - (panesOnly?.times[i] ?? 0)) / (records - few))
  const theirs = unit.times.map((whole) => whole / records)
  const pairs = ours.map((own, i) => own / (theirs[i] as number))
  const nsPerRecord = median(ours)
  const unitNsPerRecord = median(theirs)
  const whole = median(engine.times) / records
  const handNsPerRecord = median(hand?.times ?? [Number.NaN]) / records
  return {
    records,
    nsPerRecord,
    unitNsPerRecord,
    ratio: nsPerRecord / unitNsPerRecord,
    lowest: Math.min(...pairs),
    highest: Math.max(...pairs),
    wallRatio: median(engine.wall) / median(unit.wall),
    ...(panesOnly === undefined
      ? {}
      : {
          panes: {
            nsPerPane: (median(panesOnly.times) - few * unitNsPerRecord) / results,
            ratioWithPanes: whole / unitNsPerRecord,
            handNsPerRecord,
            handRatio: whole / handNsPerRecord,
          },
        }),
  }
}

export function median(of: readonly number[]): number {
  const sorted = of.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
