/** Owns the contract of hot stores as a kit: `verifyHotStore`, and `hotStoreChecks` one by one. */
import type { Cell, HotSession, HotStore } from '@tidemark/core'
import type { CellSession, NameOf } from './cell-bench.ts'
import { cellChecks } from './cell-checks.ts'
import type { ContractCheck } from './contract.ts'
import { runChecks } from './contract.ts'
import { expiryChecks } from './hot-expiry-checks.ts'
import { type MakeHotStore, shardChecks } from './hot-shard-checks.ts'
import type { VerifyStoreOptions } from './verify-cold-store.ts'

export interface VerifyHotStoreOptions extends VerifyStoreOptions {
  /**
   * Lets time go by on the store's clock, ms: moves a clock that stands still, or waits. Without it nothing is tried
   * of expiry and heartbeats. With a real clock make a store with a short `serveForMs` for these checks: they let six
   * times that go by.
   */
  readonly pass?: (ms: number) => void | Promise<void>
}

/**
 * Tries to break every promise of a hot store, and throws a plain Error that names those that it breaks. Uses results
 * with names of their own, so one server may serve many checks at once.
 * @example
 * const clock = virtualClock()
 * const store = memoryHotStore({ serveForMs: 60_000, shards: 3, clock })
 * await verifyHotStore(() => store, { pass: (ms) => clock.advance(ms) })
 */
export async function verifyHotStore(make: MakeHotStore, options: VerifyHotStoreOptions = {}): Promise<void> {
  await runChecks('Hot store', hotStoreChecks(make, options))
}

/** The checks of `verifyHotStore`, for a test each. */
export function hotStoreChecks(make: MakeHotStore, options: VerifyHotStoreOptions = {}): readonly ContractCheck[] {
  const nameOf: NameOf = (check) => `${options.prefix ?? 'verify'}-${check}`
  const { pass } = options
  const cells = cellChecks({
    nameOf,
    chance: options,
    make: async () => {
      const store: HotStore = await make()
      return {
        epochZeroOnly: false,
        open: async (aggregation) => cellSession(await store.open(aggregation)),
      }
    },
  })
  return [
    ...cells,
    ...shardChecks(make, nameOf, options),
    ...(pass === undefined ? [] : expiryChecks(make, nameOf, pass)),
  ]
}

function cellSession(session: HotSession): CellSession {
  return {
    write: (cells) => writeByShard(session, cells),
    read: async (keys, from, to) => (await session.read(keys, from, to)).cells,
    slice: (from, to) => session.slice(from, to),
    close: () => session.close(),
  }
}

/** In calls of one shard each, at once. No window of theirs has been evicted, and W has not reached them. */
export async function writeByShard(session: HotSession, cells: readonly Cell[]): Promise<void> {
  const byShard = new Map<string, Cell[]>()
  for (const cell of cells) {
    const shard = session.shardOf(cell.key)
    const of = byShard.get(shard)
    if (of === undefined) byShard.set(shard, [cell])
    else of.push(cell)
  }
  const watermark = Math.min(...cells.map(({ end }) => end))
  await Promise.all([...byShard].map(([shard, of]) => session.write(shard, of, { watermark })))
}
