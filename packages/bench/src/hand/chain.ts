/** Owns the four steps of chain-4 by hand. */
import type { Event } from '../records.ts'

export interface Priced {
  readonly key: string
  readonly cents: number
}

/** One loop. */
export function chainByHand(records: readonly Event[]): Priced[] {
  const out: Priced[] = []
  for (const record of records) {
    if (record.value % 10 === 0) continue
    const priced = { key: record.key, cents: record.value * 100 }
    const taxed = { key: priced.key, cents: priced.cents + (priced.cents >> 2) }
    if (taxed.cents > 5_000) out.push(taxed)
  }
  return out
}
