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
  /** The time of the clock until which the gate has what is pending wait; +∞: nothing waits. */
  heldUntil: number
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

/** What a pane of a window would show. */
export function valueOf(live: Live, { accumulation, aggregate }: Pick<Firing, 'accumulation' | 'aggregate'>): unknown {
  const told = accumulation === 'discarding' ? pendingOf(live) : live.arrivals
  return aggregate(told.map(({ value }) => value))
}

/** Nothing is pending any more. */
export function settle(live: Live): void {
  for (const arrival of live.arrivals) arrival.shown = true
  live.heldUntil = Number.POSITIVE_INFINITY
}

/** Publishes a window: withdrawals first, then its pane. */
export function publish(live: Live, firing: Firing): readonly OraclePane[] {
  const { accumulation, watermark, now, complete, completing, isLast, one } = firing
  const { key, window, arrivals, panes } = live
  const settled = panes.some(({ timing }) => timing !== 'early')
  const inTime = pendingOf(live).some(({ late }) => !late)
  const previous = panes.at(-1)
  const pane: OracleValuePane = {
    kind: accumulation === 'discarding' ? 'delta' : 'value',
    key,
    window: one ? undefined : window,
    index: panes.length,
    value: valueOf(live, firing),
    timing: !complete ? 'early' : !settled && (completing || inTime) ? 'on-time' : 'late',
    isFirst: panes.length === 0,
    isLast,
    records: arrivals.length,
    lateRecords: arrivals.filter(({ late }) => late).length,
    watermark,
    emittedAt: now,
  }
  const withdrawn = [...live.owed, ...(accumulation === 'retracting' && previous !== undefined ? [previous] : [])]
  settle(live)
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
