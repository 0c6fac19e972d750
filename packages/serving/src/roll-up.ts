/** Owns rolling up: windows of one key that fall into one stretch of time become one, by merging what they hold. */
import { type Duration, StreamError, periodMs } from '@tidemark/core'
import { timeText } from './fetch.ts'
import { type Part, mergeParts } from './row.ts'
import type { View } from './view.ts'

/** @throws StreamError BAD_DURATION, and NO_ROLL_UP for results that cannot be merged */
export function rollUpMs<K>(view: View<K>, rollUp: Duration | undefined): number | undefined {
  if (rollUp === undefined) return undefined
  const sizeMs = periodMs(rollUp, "'rollUp' of a read")
  if (view.noRollUp !== undefined)
    throw new StreamError(
      'NO_ROLL_UP',
      `'rollUp' of '${view.name}': found ${view.noRollUp}, expected windows that can be merged. Read them as they are, or make the longer windows in a pipeline.`,
    )
  return sizeMs
}

/**
 * Stretches of `sizeMs` from the epoch on, each with the windows whose last instant is in it. Sessions count where they
 * end. In order of time, if the parts are.
 * @throws StreamError NO_ROLL_UP for a window that begins in another stretch
 */
export function rollUpParts<K>(view: View<K>, parts: readonly Part[], sizeMs: number): Part[] {
  const stretches = new Map<number, Part[]>()
  for (const part of parts) {
    const start = Math.floor((part.end - 1) / sizeMs) * sizeMs
    if (part.start < start && view.gapMs === undefined)
      throw new StreamError(
        'NO_ROLL_UP',
        `'rollUp' of '${view.name}': found the window [${timeText(part.start)}, ${timeText(part.end)}), which begins before the stretch of ${sizeMs}ms that it ends in, expected windows that fit into stretches. Roll up by a multiple of the window's size.`,
      )
    const stretch = stretches.get(start)
    if (stretch === undefined) stretches.set(start, [part])
    else stretch.push(part)
  }
  return [...stretches].map(([start, group]) => mergeParts(view, group, { start, end: start + sizeMs }))
}
