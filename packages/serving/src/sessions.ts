/**
 * Owns reading sessions. A correction of a session is a session of its own until it is read: what touches is one. So a
 * read is widened until nothing outside of it touches what is inside, then merged, then cut to the range.
 */
import type { Part } from './row.ts'
import { mergeParts } from './row.ts'
import type { View } from './view.ts'

/** The part of the time line, of window ends, that was read: (from, to]. */
export interface Extent {
  readonly from: number
  readonly to: number
}

/** Sessions that touch or overlap, as one; in order of start. */
export function mergeSessions<K>(view: View<K>, parts: readonly Part[]): Part[] {
  const sorted = [...parts].sort((a, b) => a.start - b.start || a.end - b.end)
  const merged: Part[] = []
  let group: Part[] = []
  let end = Number.NEGATIVE_INFINITY
  const close = (): void => {
    const [only] = group
    if (only === undefined) return
    merged.push(group.length === 1 ? only : mergeParts(view, group, { start: only.start, end }))
    group = []
  }
  for (const part of sorted) {
    if (part.start > end) close()
    end = group.length === 0 ? part.end : Math.max(end, part.end)
    group.push(part)
  }
  close()
  return merged
}

/** A session longer than this many gaps that nothing else hints at is looked for with everything later. */
const LONG_GAPS = 64

/**
 * Where to read too, so that what ends in `wanted` is whole; undefined: it is. To the left that is what may touch the
 * first session. To the right, a session that is longer than all that was read may reach back, so that is looked for
 * step by step.
 */
export function widen(sessions: readonly Part[], wanted: Extent, read: Extent, gapMs: number): Extent | undefined {
  const inside = sessions.filter(({ start, end }) => end > wanted.from && start <= wanted.to)
  if (inside.length === 0) return undefined
  let [leftmost, reach] = [Number.POSITIVE_INFINITY, wanted.to]
  for (const { start, end } of inside) [leftmost, reach] = [Math.min(leftmost, start), Math.max(reach, end)]
  const from = Math.min(read.from, leftmost - 1)
  const apart = sessions.some(({ start }) => start > reach)
  const margin = read.to - wanted.to
  const to =
    apart || read.to === Number.POSITIVE_INFINITY
      ? read.to
      : margin > LONG_GAPS * gapMs
        ? Number.POSITIVE_INFINITY
        : wanted.to + 4 * margin
  return from === read.from && to === read.to ? undefined : { from, to }
}
