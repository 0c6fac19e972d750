/**
 * Owns law 6, the life of each key and window: early* on-time? late*, indexes that strictly increase, nothing after the
 * last pane; and that a retraction withdraws what stands.
 */
import { type TimeWindow, sameValue } from '@tidemark/core'
import type { OracleWindows } from '@tidemark/testing'
import type { Accumulation } from '@tidemark/core'

export interface LivePane {
  readonly kind: string
  readonly key: unknown
  readonly window: unknown
  readonly index: number
  readonly value?: unknown
  readonly timing?: 'early' | 'on-time' | 'late'
  readonly isFirst?: boolean
  readonly isLast?: boolean
}

const RANK = { early: 0, 'on-time': 1, late: 2 }

interface Life {
  index: number
  rank: number
  ended: boolean
  /** What stands published; with 'retracting' a new pane finds nothing that does. */
  stands: LivePane | undefined
}

export function isMerging(windows: OracleWindows): boolean {
  return windows.kind === 'session' || (windows.kind === 'custom' && windows.merge === true)
}

/** Throws where the panes of a key and window break the law. `windows`: where they come from. */
export function checkLives(panes: readonly LivePane[], windows: OracleWindows, accumulation: Accumulation): void {
  const lives = new Map<string, Life>()
  for (const pane of panes) {
    const name = `${String(pane.key)} ${JSON.stringify(pane.window)}`
    const life = lives.get(name) ?? { index: -1, rank: 0, ended: false, stands: undefined }
    lives.set(name, life)
    const wrong =
      pane.kind === 'retraction' ? retract(life, pane, accumulation) : show(life, pane, windows, accumulation)
    if (wrong !== undefined) throw new Error(`${name}, pane ${pane.index}: ${wrong}`)
  }
}

function retract(life: Life, pane: LivePane, accumulation: Accumulation): string | undefined {
  const { stands } = life
  if (accumulation === 'discarding') return 'a difference was withdrawn'
  if (stands === undefined) return 'a retraction of nothing that stands'
  if (stands.isLast === true) return 'a retraction of a last pane'
  const same = (['index', 'value', 'timing', 'isFirst'] as const).every((field) =>
    sameValue(stands[field], pane[field]),
  )
  if (!same) return `a retraction of another pane than the one that stands, ${JSON.stringify(stands)}`
  life.stands = undefined
  return undefined
}

function show(life: Life, pane: LivePane, windows: OracleWindows, accumulation: Accumulation): string | undefined {
  // A session may get the bounds of one that was withdrawn or freed before: it is a new window, and begins anew.
  if (isMerging(windows) && pane.isFirst === true) Object.assign(life, { index: -1, rank: 0, ended: false })
  const rank = RANK[pane.timing ?? 'early']
  if (life.ended) return 'a pane after the last one'
  if (pane.index !== life.index + 1) return `follows ${life.index}`
  if (pane.isFirst !== (pane.index === 0)) return `isFirst is ${String(pane.isFirst)}`
  if (rank < life.rank) return `${String(pane.timing)} after ${Object.keys(RANK)[life.rank] ?? ''}`
  if (pane.timing === 'on-time' && life.rank > 0) return 'a second on-time pane'
  if (accumulation === 'retracting' && life.stands !== undefined) return 'the pane before still stands'
  Object.assign(life, { index: pane.index, rank, ended: pane.isLast === true, stands: pane })
  return undefined
}

/**
 * Throws where a pane or a withdrawal comes for a window that consumers were told to be final. `steps`: panes, and the
 * watermark told after them.
 */
export function checkFinality(
  steps: readonly { readonly panes: readonly LivePane[]; readonly progress: number }[],
  windows: OracleWindows,
  latenessMs: number,
): void {
  const slack = isMerging(windows) ? 1 : 0
  let told = Number.NEGATIVE_INFINITY
  for (const { panes, progress } of steps) {
    for (const { kind, key, window } of panes) {
      const { start, end = Number.POSITIVE_INFINITY } = window as Partial<TimeWindow>
      if (end + slack + latenessMs <= told)
        throw new Error(`${kind} of ${String(key)} [${start}, ${end}) after progress(${told})`)
    }
    if (progress < told) throw new Error(`progress(${progress}) after progress(${told})`)
    told = progress
  }
}
