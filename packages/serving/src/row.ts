/** Owns what a reader gets: a row per key and window, which says how final it is and where it comes from. */
import { type Cell, type StoredResult, type Timing, decodeStoredResult } from '@tidemark/core'
import type { Place, Tier } from './unite.ts'
import type { View } from './view.ts'

/**
 * provisional: the window is not over; complete: the watermark has passed it, late updates may come; final: only
 * corrections may come. `version` changes whenever the value may have; `corrections`: how many are in it.
 */
export interface Row<K, V, W> {
  readonly key: K
  readonly window: W
  readonly value: V
  readonly status: Status
  readonly version: string
  readonly tier: Tier
  readonly corrections: number
}

export type Status = 'provisional' | 'complete' | 'final'

/** W by which rows are complete or final, by the tier they come from. */
export interface Watermarks {
  readonly hot: number
  readonly cold: number
}

/** A row before map and filter: what can still be merged. */
export interface Part {
  readonly start: number
  readonly end: number
  acc: unknown
  status: Status
  tier: Tier
  corrections: number
  epoch: number
  revision: number
  timing: Timing
  isLast: boolean
}

/** The parts of one key; withdrawn places leave none. Each correction is merged once. */
export function partsOf<K>(view: View<K>, places: readonly Place[], watermarks: Watermarks): Part[] {
  const parts: Part[] = []
  for (const place of places) {
    const { base, corrections, tier, start, end } = place
    const stored = base === undefined || base.value === null ? undefined : decodeStoredResult(base.value)
    if (stored === undefined && corrections.length === 0) continue
    let acc = stored === undefined ? undefined : view.decode(stored.body)
    for (const correction of corrections) {
      const delta = view.decode(bodyOf(correction))
      acc = acc === undefined ? delta : view.merge(acc, delta)
    }
    parts.push({
      start,
      end,
      acc,
      status: statusOf(view, end, stored, watermarks[tier]),
      tier,
      corrections: corrections.length,
      epoch: base?.epoch ?? 0,
      revision: base?.revision ?? 0,
      timing: stored?.timing ?? 'late',
      isLast: stored?.isLast ?? true,
    })
  }
  return parts
}

function bodyOf({ value }: Cell): Uint8Array {
  return decodeStoredResult(value as Uint8Array).body
}

/** What comes as a correction alone is of a window whose state is gone. */
function statusOf<K>(view: View<K>, end: number, stored: StoredResult | undefined, watermark: number): Status {
  if (stored === undefined || stored.isLast || end <= watermark - view.finalDelayMs) return 'final'
  return stored.timing !== 'early' || end <= watermark - view.completeDelayMs ? 'complete' : 'provisional'
}

const ORDER: readonly Status[] = ['provisional', 'complete', 'final']

/** One part of several: of roll-ups, and of sessions that are one. Its status is that of the least final. */
export function mergeParts<K>(
  view: View<K>,
  parts: readonly Part[],
  window: { readonly start: number; readonly end: number },
): Part {
  const [first, ...others] = parts as readonly [Part, ...Part[]]
  const merged: Part = { ...first, ...window }
  for (const part of others) {
    merged.acc = view.merge(merged.acc, part.acc)
    merged.corrections += part.corrections
    if (ORDER.indexOf(part.status) < ORDER.indexOf(merged.status)) merged.status = part.status
    if (part.tier === 'hot') merged.tier = 'hot'
    // The sum grows with every change of any of them.
    merged.epoch = Math.max(merged.epoch, part.epoch)
    merged.revision += part.revision + 1
    merged.isLast &&= part.isLast
    if (part.timing === 'early') merged.timing = 'early'
  }
  return merged
}

/** What the user sees of a part; undefined: a filter of results leaves it out. */
export function rowOf<K, V, W>(view: View<K>, key: K, part: Part, watermark: number): Row<K, V, W> | undefined {
  const { start, end, status, tier, corrections, epoch, revision, timing, isLast } = part
  const index = revision >> 1
  const shown = view.value(part.acc, key, { start, end, index, epoch, timing, isLast, watermark })
  if (shown === undefined) return undefined
  return {
    key,
    window: { start, end } as W,
    value: shown.value as V,
    status,
    version: `${epoch}.${revision}.${corrections}`,
    tier,
    corrections,
  }
}
