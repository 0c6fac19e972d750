/**
 * Owns random histories of writers: each goes through the same versions in an order of its own, with pauses, replays and
 * several writers at once. However they meet, the newest version of each place stays.
 */
import type { Cell } from '@tidemark/core'
import * as fc from 'fast-check'
import { type Bench, type CellSession, holds, newestOf } from './cell-bench.ts'
import { cellOf } from './cells.ts'
import { type ChanceOptions, tryHistories } from './contract.ts'

/** A version of a place; what its cell holds follows from it, as in a log. */
interface Version {
  readonly key: number
  readonly window: number
  readonly correction: string
  readonly epoch: number
  readonly revision: number
}

/** Calls of one round are made at once. */
interface Call {
  readonly writer: number
  /** Which part of the history it writes, and whether backwards. */
  readonly from: number
  readonly length: number
  readonly backwards: boolean
}

interface History {
  readonly versions: readonly Version[]
  readonly rounds: readonly (readonly Call[])[]
}

const WRITERS = 3

function histories(epochZeroOnly: boolean): fc.Arbitrary<History> {
  const version = fc.record({
    key: fc.nat(2),
    window: fc.integer({ min: -3, max: 3 }),
    correction: fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('x', 'y') },
    ),
    epoch: epochZeroOnly ? fc.constant(0) : fc.constantFrom(0, 0, 1, 2),
    revision: fc.nat(12),
  })
  const call = fc.record({
    writer: fc.nat(WRITERS - 1),
    from: fc.nat(30),
    length: fc.integer({ min: 1, max: 20 }),
    backwards: fc.boolean(),
  })
  return fc.record({
    versions: fc.array(version, { minLength: 1, maxLength: 30 }),
    rounds: fc.array(fc.array(call, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
  })
}

export async function endsInTheNewest({ open, store }: Bench, chance: ChanceOptions): Promise<void> {
  const sessions: CellSession[] = []
  for (let i = 0; i < WRITERS; i++) sessions.push(await open())
  // Each history has keys of its own: one server does for all.
  let played = 0
  await tryHistories(histories(store.epochZeroOnly), chance, async ({ versions, rounds }) => {
    const run = played++
    const cells = versions.map((version) => cellOfVersion(run, version))
    const written: Cell[] = []
    for (const round of rounds) {
      await Promise.all(
        round.map(async ({ writer, from, length, backwards }) => {
          const part = cells.slice(from % cells.length, (from % cells.length) + length)
          written.push(...part)
          await (sessions[writer] as CellSession).write(backwards ? part.toReversed() : part)
        }),
      )
    }
    for (let key = 0; key < 3; key++) {
      const name = keyOf(run, key)
      const of = written.filter((cell) => cell.key.join() === cellOf(name, 0, 0).key.join())
      await holds(sessions[0] as CellSession, `the key ${key}`, name, newestOf(of))
    }
  })
}

function keyOf(run: number, key: number): string {
  return `history ${run} key ${key}`
}

function cellOfVersion(run: number, { key, window, correction, epoch, revision }: Version): Cell {
  const end = 1_000 * window
  // A correction is written once: it has one version.
  if (correction !== '') return cellOf(keyOf(run, key), end, 0, { correction })
  const withdrawn = revision % 2 === 1
  return cellOf(keyOf(run, key), end, revision, { epoch, ...(withdrawn ? { value: null } : {}) })
}
