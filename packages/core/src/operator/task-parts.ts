/** Owns what a task is put together from: ports, outputs, and the shape of its snapshot. */
import type { Clock } from '../time/clock.ts'
import type { Split } from '../time/splits.ts'
import type { OpenWindow, WindowOperator } from './operator.ts'
import type { ResultInput } from './result-input.ts'
import type { Timeline } from './timeline.ts'

/** When the records of a batch arrived, and the clock that stands where the last of them did when it is through. */
export interface Arrivals {
  readonly at: ArrayLike<number>
  readonly clock: Required<Pick<Clock, 'follow'>>
}

/** Takes records from .. to − 1 of a batch in. */
export type RunRecords = (records: readonly unknown[], from: number, to: number, arrivals: Arrivals | undefined) => void

/** Where the records of one source enter. */
export interface Port {
  readonly name: string
  readonly timelines: readonly Timeline[]
  /** The stages; set when they have been put together. */
  run: RunRecords
  /** Records that came in. */
  records: number
  splits: number
  finished: number
}

/** A window operator and where its panes go. */
export interface Output {
  readonly name: string
  readonly operator: WindowOperator
  readonly out: (pane: object) => void
  /** The same for many, where they go to one sink as they are. */
  readonly outAll: ((panes: object[]) => void) | undefined
  /** How far its watermark is behind the task's. */
  readonly delayMs: number
  /** Where its records come from, if they are results. */
  readonly input: ResultInput | undefined
  /** Its panes go into other windows: they are handed on in the step that made them. */
  readonly feeds: boolean
}

export interface TaskEvents {
  readonly split: (split: string, state: Split['state']) => void
  readonly stalled: (split: string, since: number, waiting: readonly OpenWindow[]) => void
  readonly ahead: (split: string, aheadMs: number) => void
}

export interface SavedTask {
  readonly watermark: number
  readonly splits: readonly Split[]
  readonly operators: { readonly [name: string]: unknown }
  readonly filters: { readonly [name: string]: unknown }
  readonly inputs: { readonly [name: string]: unknown }
}
