/**
 * Owns the life of one result as it is seen from outside: what each store holds of it, and what a reader is told. What
 * has changed between two looks is what has happened.
 */
import { type Cell, type ColdSession, type HotSession, decodeStoredResult, encodeKey } from '@tidemark/core'
import type { Row, Tiers } from '@tidemark/serving'
import type { Answer } from './batch.ts'

export type FlightTiers = Tiers<string, Answer, { readonly start: number; readonly end: number }>
export type FlightRow = Row<string, Answer, { readonly start: number; readonly end: number }>

/** Which result is watched: it is complete when some flights are still in the air, one of them until the state is gone. */
export const WATCHED: { readonly origin: string; readonly start: number; readonly end: number } = {
  origin: 'LAX',
  start: Date.UTC(2001, 1, 4, 7),
  end: Date.UTC(2001, 1, 4, 8),
}

export interface Sight {
  readonly hot: readonly Cell[]
  readonly cold: readonly Cell[]
  readonly boundary: number
  readonly evictedTo: number
  readonly row: FlightRow | undefined
}

export interface Stored {
  readonly hot: HotSession
  readonly cold: ColdSession
}

export async function look(tiers: FlightTiers, { hot, cold }: Stored): Promise<Sight> {
  const { origin, end } = WATCHED
  const keys = [encodeKey(origin)]
  const range = [end - 1, end] as const
  // The boundary as readers know it: as the shard says it.
  const { cells, shards } = await hot.read(keys, ...range)
  const [inCold] = await cold.read(keys, ...range)
  const [shard] = shards.values()
  const rows = await tiers.read({ key: origin, from: end - 1, to: end, incomplete: 'report' })
  return {
    hot: cells[0] ?? [],
    cold: inCold ?? [],
    boundary: shard?.boundary ?? Number.NEGATIVE_INFINITY,
    evictedTo: shard?.evictedTo ?? Number.NEGATIVE_INFINITY,
    row: rows[0],
  }
}

/** What has happened, in the order in which it must have. */
export function changes(before: Sight | undefined, now: Sight): readonly string[] {
  const out: string[] = []
  const [hotWas, hotIs, coldWas, coldIs] = [before?.hot ?? [], now.hot, before?.cold ?? [], now.cold]
  const fresh = isNew(hotWas, hotIs) ? timingOf(hotIs) : undefined
  if (fresh === 'early') out.push(hotWas.length === 0 ? 'an early pane: provisional' : 'another early pane')
  if (fresh === 'on-time') out.push('the on-time pane: complete')
  if (fresh === 'late') out.push('a late update, to hot')
  if (isNew(coldWas, coldIs)) out.push(timingOf(coldIs) === 'late' ? 'the late update, to cold' : 'in cold too')
  if (corrections(hotIs) > corrections(hotWas)) out.push('a flight landed too late: a correction, to hot')
  if (corrections(coldIs) > corrections(coldWas)) out.push('the correction, to cold')
  if (now.row?.status === 'final' && before?.row?.status !== 'final') out.push('final: its state is freed')
  const { end } = WATCHED
  if (now.boundary >= end && (before?.boundary ?? Number.NEGATIVE_INFINITY) < end)
    out.push('offloaded: the boundary has passed')
  if (now.evictedTo >= end && (before?.evictedTo ?? Number.NEGATIVE_INFINITY) < end) out.push('evicted: hot has let go')
  return out
}

/** Nothing more happens to it: its flights have landed, and hot has let go. */
export function isOver({ evictedTo }: Sight): boolean {
  return evictedTo >= WATCHED.end
}

function resultOf(cells: readonly Cell[]): Cell | undefined {
  return cells.find(({ correction }) => correction === '')
}

function isNew(before: readonly Cell[], now: readonly Cell[]): boolean {
  const [was, is] = [resultOf(before), resultOf(now)]
  return is !== undefined && is.revision !== was?.revision
}

function timingOf(cells: readonly Cell[]): string | undefined {
  const value = resultOf(cells)?.value
  return value ? decodeStoredResult(value).timing : undefined
}

function corrections(cells: readonly Cell[]): number {
  return cells.filter(({ correction }) => correction !== '').length
}
