// What a reader may be told: compared with the log itself, and with what the reader was told before.
import { decodeKey } from '@tidemark/core'
import type { Row } from '../../src/row.ts'
import { partitionOf, valueOf } from './engine.ts'
import type { SimulatedLog } from './stores.ts'

export type SimRow = Row<string, number, { readonly start: number; readonly end: number }>

/** What the first entries of the log say of each key and window: the newest version, how many corrections. */
export function recompute(
  log: SimulatedLog,
  upTo: (partition: string) => bigint,
  ends: { readonly from: number; readonly to: number },
  early: boolean,
): Map<string, { revision: number; withdrawn: boolean; corrections: number }> {
  const found = new Map<string, { revision: number; withdrawn: boolean; corrections: number }>()
  for (const [partition, entries] of log.entries)
    for (const entry of entries.slice(0, Number(upTo(partition)))) {
      if (entry.kind !== 'result' || entry.cell.end <= ends.from || entry.cell.end > ends.to) continue
      if (!early && entry.timing === 'early') continue
      const place = `${String(decodeKey(entry.cell.key))}@${entry.cell.end}`
      const before = found.get(place) ?? { revision: -1, withdrawn: true, corrections: 0 }
      if (entry.cell.correction !== '') before.corrections++
      else if (entry.cell.revision > before.revision)
        Object.assign(before, { revision: entry.cell.revision, withdrawn: entry.cell.value === null })
      found.set(place, before)
    }
  return found
}

/** One reader's memory, and the judgement of what it is told. */
export class Witness {
  readonly #seen: Map<string, { revision: number; corrections: number }> = new Map()
  reads = 0

  /** @throws Error that names the broken promise. `least`: what the tiers must have by now. */
  judge(
    log: SimulatedLog,
    key: string,
    range: { readonly from: number; readonly to: number },
    rows: readonly SimRow[],
    least: ReturnType<typeof recompute>,
  ): void {
    this.reads++
    const all = recompute(log, () => BigInt(Number.MAX_SAFE_INTEGER), range, true)
    const told = new Map(rows.map((row) => [`${key}@${row.window.end}`, row]))
    if (told.size !== rows.length) throw new Error(`DOUBLE: ${key} has a window twice`)
    for (const [place, row] of told) {
      const truth = all.get(place)
      if (truth === undefined) throw new Error(`INVENTED ${place}`)
      const revision = Number(row.version.split('.')[1])
      const base = row.value - row.corrections
      const none = base === 0 && row.corrections > 0
      if (!none && base !== valueOf(row.window.end, revision))
        throw new Error(`DOUBLE COUNT or wrong value ${place}: ${row.value} as version ${row.version}`)
      if (row.corrections > truth.corrections) throw new Error(`DOUBLE COUNT of corrections ${place}`)
      if (revision > truth.revision && !none) throw new Error(`INVENTED version of ${place}`)
    }
    for (const place of new Set([...least.keys(), ...this.#seen.keys()])) {
      const [placeKey, end] = place.split('@') as [string, string]
      if (placeKey !== key || Number(end) <= range.from || Number(end) > range.to) continue
      const before = this.#seen.get(place)
      const must = least.get(place)
      const row = told.get(place)
      if (row === undefined) {
        // Withdrawn is a version too: it must be at least as new as what is owed.
        const withdrawn = newestWithdrawal(log, place)
        const owed = Math.max(before?.revision ?? -1, must !== undefined && !must.withdrawn ? must.revision : -1)
        if (owed > withdrawn || (before?.corrections ?? 0) > 0)
          throw new Error(`${before === undefined ? 'GAP' : 'WENT BACK'}: ${place} is missing, owed ${owed}`)
        continue
      }
      const revision = row.value - row.corrections === 0 ? -1 : Number(row.version.split('.')[1])
      if (before !== undefined && revision < before.revision && newestWithdrawal(log, place) < before.revision)
        throw new Error(`WENT BACK ${place}: ${revision} after ${before.revision}`)
      if (before !== undefined && row.corrections < before.corrections)
        throw new Error(`WENT BACK ${place}: corrections`)
      if (
        must !== undefined &&
        !must.withdrawn &&
        revision < must.revision &&
        newestWithdrawal(log, place) < must.revision
      )
        throw new Error(`STALE ${place}: ${revision}, owed ${must.revision}`)
      if (must !== undefined && row.corrections < must.corrections) throw new Error(`STALE ${place}: corrections`)
    }
    for (const [place, row] of told)
      this.#seen.set(place, {
        revision: row.value - row.corrections === 0 ? -1 : Number(row.version.split('.')[1]),
        corrections: row.corrections,
      })
  }
}

function newestWithdrawal(log: SimulatedLog, place: string): number {
  const [key, end] = place.split('@') as [string, string]
  let newest = -1
  for (const entry of log.entries.get(partitionOf(key)) ?? [])
    if (
      entry.kind === 'result' &&
      entry.cell.value === null &&
      entry.cell.end === Number(end) &&
      decodeKey(entry.cell.key) === key
    )
      newest = Math.max(newest, entry.cell.revision)
  return newest
}
