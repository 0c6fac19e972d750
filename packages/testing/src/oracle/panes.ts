/**
 * Owns what the slow reference says of one key and window: its records, the panes it has published, and what it owes: the
 * withdrawal of what was published for windows that became part of it.
 */
import type { OracleWindow } from './windows.ts'
import type { Arrival, When } from './when.ts'

interface OraclePaneBase {
  readonly key: string
  /** Undefined for the one window. */
  readonly window: OracleWindow | undefined
  readonly index: number
  readonly value: unknown
  readonly watermark: number
  readonly emittedAt: number
}

/** A pane as the engine makes it: a value, or with 'discarding' a delta. */
export interface OracleValuePane extends OraclePaneBase {
  readonly kind: 'value' | 'delta'
  readonly timing: 'early' | 'on-time' | 'late'
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly records: number
  readonly lateRecords: number
}

/** Withdraws the pane of the same key, window and index; `value` is the value withdrawn. */
export interface OracleRetraction extends OraclePaneBase {
  readonly kind: 'retraction'
}

export type OraclePane = OracleValuePane | OracleRetraction

/** A key and window that is not freed. */
export interface Live {
  readonly key: string
  readonly window: OracleWindow
  readonly arrivals: Arrival[]
  /** Panes of exactly this key and window so far. */
  readonly panes: OracleValuePane[]
  /** The last panes of windows that became part of this one, not withdrawn yet. */
  owed: readonly OracleValuePane[]
  readonly when: When
}

/** What a pane is made of beside its window's own story. */
export interface Firing {
  readonly accumulation: 'accumulating' | 'discarding' | 'retracting'
  readonly aggregate: (values: readonly number[]) => unknown
  readonly watermark: number
  readonly now: number
  readonly complete: boolean
  /** The window completes in this step. */
  readonly completing: boolean
  readonly isLast: boolean
  readonly one: boolean
}

/** The records that no pane has told of. */
export function pendingOf({ arrivals }: Live): readonly Arrival[] {
  return arrivals.filter(({ shown }) => !shown)
}

/** Publishes a window: withdrawals first, then its pane. */
export function publish(live: Live, firing: Firing): readonly OraclePane[] {
  const { accumulation, aggregate, watermark, now, complete, completing, isLast, one } = firing
  const { key, window, arrivals, panes } = live
  const settled = panes.some(({ timing }) => timing !== 'early')
  const inTime = pendingOf(live).some(({ late }) => !late)
  const told = accumulation === 'discarding' ? pendingOf(live) : arrivals
  const previous = panes.at(-1)
  const pane: OracleValuePane = {
    kind: accumulation === 'discarding' ? 'delta' : 'value',
    key,
    window: one ? undefined : window,
    index: panes.length,
    value: aggregate(told.map(({ value }) => value)),
    timing: !complete ? 'early' : !settled && (completing || inTime) ? 'on-time' : 'late',
    isFirst: panes.length === 0,
    isLast,
    records: arrivals.length,
    lateRecords: arrivals.filter(({ late }) => late).length,
    watermark,
    emittedAt: now,
  }
  const withdrawn = [...live.owed, ...(accumulation === 'retracting' && previous !== undefined ? [previous] : [])]
  for (const arrival of arrivals) arrival.shown = true
  panes.push(pane)
  live.owed = []
  return [...withdrawn.map((old) => retraction(old, watermark, now)), pane]
}

/** The withdrawal of a published pane. */
export function retraction(
  { key, window, index, value }: OracleValuePane,
  watermark: number,
  now: number,
): OracleRetraction {
  return { kind: 'retraction', key, window, index, value, watermark, emittedAt: now }
}
