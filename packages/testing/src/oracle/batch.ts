/**
 * Owns the reference for windows over results: minutes made into hours, recomputed from the records themselves without
 * panes, triggers or retractions. For windows on a grid; sessions and record-aligned windows are not its business.
 */
import type { Script, ScriptRecord } from '../script.ts'
import { type OracleWindow, type OracleWindows, completesAt, windowsOf } from './windows.ts'

export interface BatchOverResultsOptions {
  readonly inner: OracleWindows
  readonly outer: OracleWindows
  /** Allowed lateness of the inner windows; 0 if not given. */
  readonly latenessMs?: number
  /** The key of an inner result in the outer windows; its own if not given. */
  readonly outerKey?: (key: string, window: OracleWindow) => string
  /** What an outer result is, from the values of its records; their sum if not given. */
  readonly aggregate?: (values: readonly number[]) => unknown
  /** The watermark follows the records: the greatest time − bound. */
  readonly boundMs?: number
  /** Which records their inner windows refused, where a run has said so; else it follows from the watermarks. */
  readonly tooLate?: (record: ScriptRecord, window: OracleWindow) => boolean
}

/** The final value of an outer key and window. */
export interface OuterResult {
  readonly key: string
  readonly window: OracleWindow
  readonly value: unknown
  readonly records: number
}

/**
 * What windows over results must end with. A record counts in the outer windows that hold the last instant of its inner
 * window, once for each inner window that did not refuse it.
 */
export function batchOverResults(script: Script, options: BatchOverResultsOptions): readonly OuterResult[] {
  const { inner, outer, outerKey = (key) => key, aggregate = sum } = options
  for (const windows of [inner, outer])
    if (!['tumbling', 'hopping', 'custom'].includes(windows.kind) || completesAt(windows, { start: 0, end: 0 }) !== 0)
      throw new Error(
        `Results can be made of tumbling, hopping and custom windows that do not merge, not ${windows.kind}.`,
      )
  const groups = new Map<string, { key: string; window: OracleWindow; values: number[] }>()
  for (const { record, window } of accepted(script, options)) {
    const key = outerKey(record.key, window)
    for (const wide of windowsOf(outer, window.end - 1)) {
      const name = JSON.stringify([key, wide])
      const group = groups.get(name) ?? { key, window: wide, values: [] }
      group.values.push(record.value)
      groups.set(name, group)
    }
  }
  return [...groups.values()].map(({ key, window, values }) => ({
    key,
    window,
    value: aggregate(values),
    records: values.length,
  }))
}

/** Each record with each inner window that takes it. A record meets the watermark before it. */
function accepted(
  { steps }: Script,
  { inner, latenessMs = 0, boundMs, tooLate }: BatchOverResultsOptions,
): readonly { readonly record: ScriptRecord; readonly window: OracleWindow }[] {
  let watermark = Number.NEGATIVE_INFINITY
  return steps.flatMap((step) => {
    if (step.kind === 'watermark') watermark = Math.max(watermark, step.at)
    if (step.kind === 'end') watermark = Number.POSITIVE_INFINITY
    if (step.kind !== 'records') return []
    return step.records.flatMap((record) => {
      const isRefused = tooLate ?? ((_, window) => watermark >= completesAt(inner, window) + latenessMs)
      const taken = windowsOf(inner, record.at).filter((window) => !isRefused(record, window))
      if (boundMs !== undefined) watermark = Math.max(watermark, record.at - boundMs)
      return taken.map((window) => ({ record, window }))
    })
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
