/** Owns the words of the bench: what a bench is, what measuring it yields, and when that is good enough. */
import type { Profiler } from './profile.ts'

/** Whether the process may generate code from strings; an engine that does is slower where it must not. */
export type Mode = 'generated' | 'plain'
export const MODES: readonly Mode[] = ['generated', 'plain']

/** The highest value that is good enough, in either mode. */
export type Targets = { readonly [M in Mode]: number }

/** One thing measured, as medians of all runs. */
export interface Figure {
  readonly what: string
  /** Of `ours` and `unit`. */
  readonly measure: 'ns/record' | 'ns/pane' | 'ms' | 'bytes/entry'
  readonly ours: number
  /** What ours is held against; undefined: nothing. */
  readonly unit?: number
  /** What the target is for: ours, or how many times the unit it is. */
  readonly judged: 'ours' | 'ratio'
  readonly value: number
  /** Lowest and highest value of a run. */
  readonly lowest: number
  readonly highest: number
  /** The ratio by the clock on the wall, where `value` is a ratio of the thread's own time. */
  readonly wallRatio?: number
  readonly targets?: Targets
}

export interface Outcome {
  readonly records: number
  readonly rssMb: number
  /** What the bench is named for leads. */
  readonly figures: readonly [Figure, ...Figure[]]
}

export interface Measured extends Outcome {
  readonly name: string
  readonly mode: Mode
  readonly results: number
}

export interface How {
  readonly runs: number
  readonly profiler?: Profiler | undefined
}

/** A bench at some scale. */
export interface Trial {
  /** Runs the engine and an independent recomputation once and throws where they differ; tells how many results there were. */
  readonly check: () => Promise<number>
  readonly measure: (how: How) => Promise<Outcome>
}

export interface Bench {
  readonly name: string
  readonly what: string
  /** `scale` shrinks the data. */
  readonly make: (scale: number) => Trial
}

/** Checks first: a wrong result has no time. */
export async function measure(
  { name, make }: Bench,
  mode: Mode,
  { scale, ...how }: How & { readonly scale: number },
): Promise<Measured> {
  const trial = make(scale)
  const results = await trial.check()
  return { name, mode, results, ...(await trial.measure(how)) }
}

/** Undefined where there is no target. */
export function isMet({ value, targets }: Figure, mode: Mode): boolean | undefined {
  return targets === undefined ? undefined : value <= targets[mode]
}

/** A figure from the values of all runs, as it is. */
export function plainFigure(
  what: string,
  measure: Figure['measure'],
  {
    ours,
    unit,
    targets,
  }: { readonly ours: readonly number[]; readonly unit?: readonly number[]; readonly targets?: Targets },
): Figure {
  return {
    what,
    measure,
    ours: median(ours),
    ...(unit === undefined ? {} : { unit: median(unit) }),
    judged: 'ours',
    value: median(ours),
    lowest: Math.min(...ours),
    highest: Math.max(...ours),
    ...(targets === undefined ? {} : { targets }),
  }
}

/** A figure that is a ratio: of the medians; lowest and highest of each run to its neighbour. */
export function ratioFigure(
  what: string,
  measure: Figure['measure'],
  of: {
    readonly ours: readonly number[]
    readonly unit: readonly number[]
    readonly wallRatio?: number
    readonly targets?: Targets | undefined
  },
): Figure {
  const pairs = of.ours.map((own, i) => own / (of.unit[i] as number))
  const ours = median(of.ours)
  const unit = median(of.unit)
  return {
    what,
    measure,
    ours,
    unit,
    judged: 'ratio',
    value: ours / unit,
    lowest: Math.min(...pairs),
    highest: Math.max(...pairs),
    ...(of.wallRatio === undefined ? {} : { wallRatio: of.wallRatio }),
    ...(of.targets === undefined ? {} : { targets: of.targets }),
  }
}

export function median(of: readonly number[]): number {
  const sorted = of.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
