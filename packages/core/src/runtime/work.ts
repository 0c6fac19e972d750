/** Owns what the driver is given to run, and what it tells of it. */
import type { Key } from '../io/meta.ts'
import type { Compiled } from '../pipeline/compile.ts'
import type { Layout } from '../pipeline/layout.ts'
import type { Lane } from './lane.ts'

export interface DriverEvents {
  /** A lane begins. */
  readonly lane: (lane: Lane) => void
  /** A lane is over, its task gone or to be begun anew: what it counted stays. */
  readonly laneGone: (lane: Lane) => void
  /** A batch went through. */
  readonly batch: (lane: Lane) => void
  /** The watermark moved without one. */
  readonly moved: () => void
  readonly checkpoint: (id: number, durationMs: number) => void
  readonly dropped: (endpoint: string, count: number, error: unknown) => void
}

export type Ending = 'completed' | 'stopped'

/** What is to run. */
export interface Work {
  readonly name: string
  readonly layout: Layout
  /** Puts the operators of a lane together; each call makes others. `owns`: which keys are of its task. */
  readonly compile: (owns?: (key: Key) => boolean) => Compiled
}
