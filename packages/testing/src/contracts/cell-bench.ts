/** Owns the bench of the checks that hot and cold stores share: opened results, and what they must hold. */
import { type Aggregation, type Cell, compareVersions } from '@tidemark/core'
import { WINDOW_MS, keyedLine, ordered, utf8 } from './cells.ts'
import { type ChanceOptions, sameLines } from './contract.ts'

/** What a session of either store can do for these checks. */
export interface CellSession {
  /** To the shards that the keys lie in, where there are shards. */
  readonly write: (cells: readonly Cell[]) => Promise<void>
  readonly read: (keys: readonly Uint8Array[], from: number, to: number) => Promise<readonly (readonly Cell[])[]>
  readonly slice: (from: number, to: number) => AsyncIterable<readonly Cell[]>
  readonly close: () => Promise<void>
}

/** A store under these checks. */
export interface CellStore {
  /** Takes cells of epoch 0 only. */
  readonly epochZeroOnly: boolean
  readonly open: (aggregation: Aggregation) => Promise<CellSession>
}

/** Gives each check results of its own, so that one server does for all. */
export type NameOf = (check: string) => string

export interface CellTrial {
  readonly make: () => Promise<CellStore>
  readonly nameOf: NameOf
  readonly chance: ChanceOptions
}

/** Further than the windows of most checks. */
export const FROM = -300_000
export const TO = 300_000

/** Opened results of one check. */
export interface Bench {
  readonly store: CellStore
  readonly name: string
  readonly open: (name?: string) => Promise<CellSession>
}

export async function onBench(trial: CellTrial, check: string, run: (on: Bench) => Promise<void>): Promise<void> {
  const [store, name] = [await trial.make(), trial.nameOf(check)]
  const sessions: CellSession[] = []
  try {
    await run({
      store,
      name,
      open: async (as = name) => {
        const session = await store.open({ name: as, windowMs: WINDOW_MS })
        sessions.push(session)
        return session
      },
    })
  } finally {
    for (const session of sessions) await session.close()
  }
}

/** Throws unless a key has exactly these cells. */
export async function holds(
  session: Pick<CellSession, 'read'>,
  what: string,
  key: string | Uint8Array,
  expected: readonly Cell[],
  [from, to]: readonly [from: number, to: number] = [FROM, TO],
): Promise<void> {
  const bytes = typeof key === 'string' ? utf8(key) : key
  const [found = []] = await session.read([bytes], from, to)
  sameLines(what, ordered(found).map(keyedLine), ordered(expected).map(keyedLine))
}

/** Throws unless a slice has exactly these cells, each once. */
export async function sliced(
  session: Pick<CellSession, 'slice'>,
  what: string,
  expected: readonly Cell[],
  [from, to]: readonly [from: number, to: number],
): Promise<void> {
  const found: string[] = []
  for await (const part of session.slice(from, to)) found.push(...part.map(keyedLine))
  sameLines(what, found.sort(), expected.map(keyedLine).sort())
}

/** Of cells for one place each, the newest. */
export function newestOf(cells: readonly Cell[]): readonly Cell[] {
  const newest = new Map<string, Cell>()
  for (const cell of cells) {
    const place = `${cell.start},${cell.end},${cell.correction}`
    const known = newest.get(place)
    if (known === undefined || compareVersions(cell, known) >= 0) newest.set(place, cell)
  }
  return [...newest.values()]
}
