import { type Cell, type ColdSession, type ColdStore, compareVersions, memoryColdStore } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type Fault, faultsAreFound } from '../../test/faults.ts'
import { coldStoreChecks, verifyColdStore } from './verify-cold-store.ts'

describe('memoryColdStore keeps the contract', () => {
  const store = memoryColdStore()
  test.each(coldStoreChecks(() => store, { runs: 2_000 }))('$name', ({ run }) => run())
})

test('a store for epoch 0 is tried with epoch 0', async () => {
  const memory = memoryColdStore()
  const refusing: ColdStore = {
    ...memory,
    epochZeroOnly: true,
    open: async (aggregation) => {
      const session = await memory.open(aggregation)
      const put: ColdSession['put'] = async (cells, options) => {
        if (cells.some(({ epoch }) => epoch > 0)) throw new Error('epoch 0 only')
        await session.put(cells, options)
      }
      return { ...session, put }
    },
  }
  await verifyColdStore(() => refusing, { runs: 20 })
  await expect(verifyColdStore(() => ({ ...memoryColdStore(), epochZeroOnly: true }), { runs: 5 })).rejects.toThrow(
    '1 of 23 checks failed.\nepochs other than 0 are refused where the store says so: a cell of epoch 1: it was accepted',
  )
})

/** A store with one fault: methods of the sessions of a good one, replaced. */
function broken(change: (session: ColdSession, name: string) => Partial<ColdSession>): () => ColdStore {
  return () => {
    const memory = memoryColdStore()
    return {
      ...memory,
      open: async (aggregation) => {
        const session = await memory.open(aggregation)
        return { ...session, ...change(session, aggregation.name) }
      },
    }
  }
}

const putting = (map: (cells: readonly Cell[]) => readonly Cell[]): (() => ColdStore) =>
  broken(({ put }) => ({ put: (cells, options) => put(map(cells), options) }))
const everyCell = (map: (cell: Cell) => Cell): (() => ColdStore) => putting((cells) => cells.map(map))
const reading = (
  map: (found: readonly (readonly Cell[])[], from: number, to: number) => readonly (readonly Cell[])[],
): (() => ColdStore) =>
  broken(({ read }) => ({ read: async (keys, from, to) => map(await read(keys, from, to), from, to) }))

/** Compares and sets with time in between, as a store without a compare-and-set of its own would. */
const raced = broken(({ register, compareAndSet }) => ({
  compareAndSet: async (name, expected, value) => {
    const found = await register(name)
    if (String(found) !== String(expected)) return false
    await Promise.resolve()
    while (!(await compareAndSet(name, await register(name), value)));
    return true
  },
}))

/** Reads, compares and writes with time in between. */
const lastWriterWins = broken(({ put, read }) => ({
  put: async (cells, options) => {
    for (const cell of cells) {
      const [kept = []] = await read([cell.key], cell.end - 1, cell.end)
      const known = kept.find(({ start, correction }) => start === cell.start && correction === cell.correction)
      if (known === undefined) await put([cell], options)
      else if (compareVersions(cell, known) >= 0) {
        await Promise.resolve()
        await put([{ ...cell, epoch: 99 }], options)
      }
    }
  },
}))

const forgets = (): ColdStore => ({ ...memoryColdStore(), open: (aggregation) => memoryColdStore().open(aggregation) })

const MUTANTS: readonly Fault<() => ColdStore>[] = [
  ['sessions know nothing of each other', forgets, 'a session that is opened later finds what was written'],
  ['revisions are of 32 bits', everyCell((c) => ({ ...c, revision: c.revision | 0 })), 'the newest version stays'],
  ['epochs are lost', everyCell((cell) => ({ ...cell, epoch: 0 })), 'the newest version stays'],
  ['a version is one sum', everyCell((c) => ({ ...c, epoch: 0, revision: c.revision + 8 * c.epoch })), 'the newest v'],
  [
    'the last of a call wins',
    putting((cells) => [
      ...new Map(cells.map((c) => [`${c.key.join()},${c.start},${c.end},${c.correction}`, c])).values(),
    ]),
    'the newest of several versions in one call',
  ],
  ['an equal version is left', withoutEqual(), 'an equal version rewrites'],
  ['a withdrawal is an empty value', everyCell((c) => ({ ...c, value: c.value ?? c.key })), 'a withdrawal stays'],
  ['withdrawals are not kept', putting((cells) => cells.filter(({ value }) => value !== null)), 'a withdrawal stays'],
  ['corrections replace results', everyCell((cell) => ({ ...cell, correction: '' })), 'corrections stand beside'],
  [
    'ids of corrections end at 255 bytes',
    everyCell((cell) => ({ ...cell, correction: cell.correction.slice(0, 255) })),
    'corrections stand beside',
  ],
  [
    'a correction is added each time',
    broken(({ put }) => {
      let calls = 0
      const more = (c: Cell): Cell => (c.correction === '' ? c : { ...c, correction: `${c.correction}${calls++}` })
      return { put: (cells, options) => put(cells.map(more), options) }
    }),
    'a correction that is written again is one',
  ],
  ['ranges begin with from', broken(({ read }) => ({ read: (k, from, to) => read(k, from - 1, to) })), 'a range is'],
  ['ranges end before to', broken(({ read }) => ({ read: (k, from, to) => read(k, from, to - 1) })), 'a range is'],
  ['cells come newest first', reading((found) => found.map((of) => of.toReversed())), 'cells come in order'],
  ['keys are texts', everyCell((c) => ({ ...c, key: Buffer.from(Buffer.from(c.key).toString()) })), 'keys are bytes'],
  ['values are texts', everyCell(textOfValue), 'values are bytes'],
  ['names and keys are joined', joined(), 'aggregation and key do not run into each other'],
  ['no time before 1970', everyCell((c) => ({ ...c, start: Math.max(0, c.start) })), 'windows may be negative'],
  ['windows by their end alone', everyCell((c) => ({ ...c, start: c.end - 1_000 })), 'windows may be negative'],
  ['starts are of 32 bits', everyCell((c) => ({ ...c, start: c.start | 0 })), 'windows may be negative'],
  ['keys in an order of their own', keysSorted(), 'many keys are read in the order asked for'],
  ['calls end at 1,000 cells', putting((cells) => cells.slice(0, 1_000)), 'many cells may come in one call'],
  [
    'slices come in one part',
    broken(({ slice }) => ({ slice: (from, to) => oneOf(slice(from, to)) })),
    'a slice has every cell of every key once',
  ],
  [
    'slices begin anew',
    broken(({ slice }) => ({ slice: (from, to) => twice(() => slice(from, to)) })),
    'a slice has every cell of every key once',
  ],
  ['a slice that is left holds the next one up', stuckSlices(), 'a slice may be left early'],
  ['bytes are shared', sharing(), 'bytes belong to who gave and who got them'],
  ['the last writer wins', lastWriterWins, 'writers and replays in any order'],
  [
    'nothing is expected',
    broken(({ register, compareAndSet }) => ({
      compareAndSet: async (name, _, value) => compareAndSet(name, await register(name), value),
    })),
    'a register changes only',
  ],
  ['compare, wait, set', raced, 'only one of two racers'],
  ['registers have no names', registersOf(() => 'r'), 'registers of other results, and cells, are apart'],
]

function textOfValue(cell: Cell): Cell {
  return cell.value === null ? cell : { ...cell, value: Buffer.from(Buffer.from(cell.value).toString()) }
}

function withoutEqual(): () => ColdStore {
  return broken(({ put, read }) => ({
    put: async (cells, options) => {
      for (const cell of cells) {
        const [kept = []] = await read([cell.key], cell.end - 1, cell.end)
        if (!kept.some((of) => of.start === cell.start && compareVersions(of, cell) === 0)) await put([cell], options)
      }
    },
  }))
}

function joined(): () => ColdStore {
  return () => {
    const memory = memoryColdStore()
    return {
      ...memory,
      open: async ({ name, windowMs }) => {
        const session = await memory.open({ name: 'all', windowMs })
        const prefix = Buffer.from(`${name}:`)
        const own = ({ key }: Cell): boolean => Buffer.from(key).subarray(0, prefix.length).equals(prefix)
        const outside = (cell: Cell): Cell => ({ ...cell, key: cell.key.slice(prefix.length) })
        return {
          ...session,
          put: (cells, options) =>
            session.put(
              cells.map((cell) => ({ ...cell, key: Buffer.concat([prefix, cell.key]) })),
              options,
            ),
          read: async (keys, from, to) =>
            (
              await session.read(
                keys.map((key) => Buffer.concat([prefix, key])),
                from,
                to,
              )
            ).map((of) => of.map(outside)),
          slice: async function* (from, to) {
            for await (const part of session.slice(from, to)) yield part.filter(own).map(outside)
          },
        }
      },
    }
  }
}

function keysSorted(): () => ColdStore {
  return broken(({ read }) => ({
    read: (keys, from, to) =>
      read(
        keys.toSorted((a, b) => Buffer.compare(a, b)),
        from,
        to,
      ),
  }))
}

async function* oneOf(parts: AsyncIterable<readonly Cell[]>): AsyncGenerator<readonly Cell[], void> {
  const all: Cell[] = []
  for await (const part of parts) all.push(...part)
  yield all
}

async function* twice(slice: () => AsyncIterable<readonly Cell[]>): AsyncGenerator<readonly Cell[], void> {
  for await (const part of slice()) {
    yield part
    break
  }
  yield* slice()
}

function stuckSlices(): () => ColdStore {
  return broken(({ slice }) => {
    let open = false
    return {
      slice: async function* (from, to) {
        if (open) throw new Error('a scanner is open')
        open = true
        yield* slice(from, to)
        open = false
      },
    }
  })
}

/** Keeps what it is given, and gives what it keeps. */
function sharing(): () => ColdStore {
  return broken(({ put, read }) => {
    const given: Cell[] = []
    return {
      put: async (cells, options) => {
        given.push(...cells)
        await put(cells, options)
      },
      read: async (keys, from, to) =>
        (await read(keys, from, to)).map((of) =>
          of.map((cell) => ({ ...cell, value: given.find(({ end }) => end === cell.end)?.value ?? cell.value })),
        ),
    }
  })
}

function registersOf(as: (name: string) => string): () => ColdStore {
  return broken(({ register, compareAndSet }) => ({
    register: (name) => register(as(name)),
    compareAndSet: (name, expected, value) => compareAndSet(as(name), expected, value),
  }))
}

// Epochs are tried above.
const EPOCHS = 'epochs other than 0 are refused where the store says so'
faultsAreFound(
  MUTANTS,
  (make) => coldStoreChecks(make, { runs: 100, seed: 1 }),
  coldStoreChecks(memoryColdStore).filter(({ name }) => name !== EPOCHS),
)

test('a failure says the history and its seed', async () => {
  await expect(verifyColdStore(lastWriterWins, { seed: 7, runs: 50 })).rejects.toThrow(
    /^Cold store: \d+ of 23 checks failed\.[^]*writers and replays[^]*the key \d: found [^]*History: \{"versions":[^]*Seed 7: \{ seed: 7 \} shows it again\./,
  )
})
