/**
 * Owns what is asked of everything a job ever published, over all its runs: one content per identity, and which result
 * is the newest of each key and window.
 */
import type { LateRecord } from '@tidemark/core'
import { type TotalPane, type Visit, line } from './job.ts'

export interface Ledger {
  /** The newest pane of every key and window that was completed: what does not depend on processing time. */
  readonly newest: ReadonlyMap<string, string>
  /** Identities that were published with different contents. */
  readonly contradictions: readonly string[]
  /** Items that were published more than once, the same each time. */
  readonly repeated: number
  readonly items: number
}

/** Reads published panes, in the order they were published. */
export function paneLedger(panes: readonly TotalPane[]): Ledger {
  const newest = new Map<string, { readonly version: number; readonly shown: string; readonly timing: string }>()
  const ledger = contents(panes, (pane) => {
    if (pane.kind === 'correction') throw new Error('no stage makes corrections')
    return line([pane.key, pane.window, pane.epoch, revision(pane)])
  })
  for (const pane of panes) {
    if (pane.kind !== 'value') continue
    const { key, window, value, timing, isLast, records, lateRecords, watermark } = pane
    const name = line([key, window])
    const version = pane.epoch * 2 ** 32 + revision(pane)
    if (version < (newest.get(name)?.version ?? -1)) continue
    // emittedAt and index depend on how many early panes came before.
    newest.set(name, { version, timing, shown: line({ value, timing, isLast, records, lateRecords, watermark }) })
  }
  // Early panes of a session name bounds that may have been provisional: whether one came depends on processing time.
  const settled = [...newest].filter(([, { timing }]) => timing !== 'early')
  return { ...ledger, newest: new Map(settled.map(([name, { shown }]) => [name, shown])) }
}

/** Reads published late records: what is known of each window and position is all there is. */
export function lateLedger(late: readonly LateRecord<Visit>[]): Ledger {
  const identity = ({ meta, window }: LateRecord<Visit>): string => line([meta.position, window])
  const newest = late.map(
    (record) => [identity(record), line({ ...record, meta: { ...record.meta, arrivedAt: 0 } })] as const,
  )
  return { ...contents(late, identity), newest: new Map(newest) }
}

/** Where two ledgers do not agree on the newest results. */
export function differences(expected: Ledger, found: Ledger): readonly string[] {
  const names = new Set([...expected.newest.keys(), ...found.newest.keys()])
  return [...names]
    .filter((name) => expected.newest.get(name) !== found.newest.get(name))
    .map(
      (name) =>
        `${name}: expected ${expected.newest.get(name) ?? 'nothing'}, found ${found.newest.get(name) ?? 'nothing'}`,
    )
}

function revision({ index, kind }: { readonly index: number; readonly kind: string }): number {
  return 2 * index + (kind === 'retraction' ? 1 : 0)
}

function contents<T>(items: readonly T[], identity: (item: T) => string): Omit<Ledger, 'newest'> {
  const seen = new Map<string, string>()
  const contradictions: string[] = []
  let repeated = 0
  for (const item of items) {
    const id = identity(item)
    const text = line(item)
    const before = seen.get(id)
    if (before === text) repeated++
    else if (before !== undefined) contradictions.push(`${id}: ${before} and ${text}`)
    seen.set(id, text)
  }
  return { contradictions, repeated, items: items.length }
}
