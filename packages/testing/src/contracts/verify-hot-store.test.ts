import { type Cell, type HotSession, type HotStore, type ShardState, memoryHotStore } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type Fault, faultsAreFound } from '../../test/faults.ts'
import { virtualClock } from '../virtual-clock.ts'
import { hotStoreChecks, verifyHotStore } from './verify-hot-store.ts'

const clock = virtualClock()
const memory = (shards: number): HotStore => memoryHotStore({ serveForMs: 60_000, shards, clock })
const pass = (ms: number): void => clock.advance(ms)

describe.each([1, 3])('memoryHotStore with %i shards keeps the contract', (shards) => {
  const store = memory(shards)
  test.each(hotStoreChecks(() => store, { runs: 2_000, pass }))('$name', ({ run }) => run())
})

test('without a clock that can be moved nothing is tried of expiry', () => {
  const names = (options: { readonly pass?: () => void }): readonly string[] =>
    hotStoreChecks(() => memory(1), options).map(({ name }) => name)
  expect(names({ pass: () => {} }).filter((name) => !names({}).includes(name))).toEqual([
    'nothing expires before it was served for long enough',
    'a later write never lets anything expire earlier',
    'what is ahead of W is kept for as much longer',
    'what is extended is kept',
    'a heartbeat runs out',
    'a position outlives what it is about',
  ])
})

/** A store with one fault: methods of the sessions of a good one, replaced. */
function broken(change: (session: HotSession) => Partial<HotSession>, shards = 2): () => HotStore {
  return () => {
    const good = memory(shards)
    return {
      ...good,
      open: async (aggregation) => {
        const session = await good.open(aggregation)
        return { ...session, ...change(session) }
      },
    }
  }
}

const states = (map: (state: ShardState, shard: string) => ShardState): (() => HotStore) =>
  broken(({ state, read }) => {
    const mapped = (of: ReadonlyMap<string, ShardState>): ReadonlyMap<string, ShardState> =>
      new Map([...of].map(([shard, said]) => [shard, map(said, shard)]))
    return {
      state: async () => mapped(await state()),
      read: async (keys, from, to) => {
        const { cells, shards } = await read(keys, from, to)
        return { cells, shards: mapped(shards) }
      },
    }
  })

/** Moves a position whatever it was. */
const blindMoves = broken(({ write, state }) => ({
  write: async (shard, cells, options) => {
    const { move } = options
    if (move === undefined) return write(shard, cells, options)
    for (;;) {
      const from = (await state()).get(shard)?.applied.get(move.partition)?.offset
      const written = await write(shard, cells, { ...options, move: { ...move, from } })
      if (written.moved) return written
    }
  },
}))

/** Compares a position and sets it with time in between. */
const racedMoves = broken(({ write, state }) => ({
  write: async (shard, cells, options) => {
    const { move } = options
    if (move === undefined) return write(shard, cells, options)
    const found = async (): Promise<bigint | undefined> =>
      (await state()).get(shard)?.applied.get(move.partition)?.offset
    if ((await found()) !== move.from) return write(shard, cells, options)
    for (;;) {
      const written = await write(shard, cells, { ...options, move: { ...move, from: await found() } })
      if (written.moved) return written
    }
  },
}))

const onePosition = broken(({ write }) => ({
  write: (shard, cells, { watermark, move }) =>
    write(shard, cells, { watermark, ...(move === undefined ? {} : { move: { ...move, partition: 'p' } }) }),
}))

/** A boundary that goes where it is told. */
function loweredBoundary(): () => HotStore {
  return () => {
    const good = memory(2)
    const said = new Map<string, number>()
    return {
      ...good,
      open: async (aggregation) => {
        const session = await good.open(aggregation)
        return {
          ...session,
          raiseBoundary: async (boundary) => void said.set(aggregation.name, boundary),
          state: async () =>
            new Map(
              [...(await session.state())].map(([shard, state]) => [
                shard,
                { ...state, boundary: said.get(aggregation.name) ?? state.boundary },
              ]),
            ),
        }
      },
    }
  }
}

/** A store whose cells expire `factor` times as early as they must not. */
const shortLived: () => HotStore = () => ({
  ...memoryHotStore({ serveForMs: 30_000, slackMs: 0, clock }),
  serveForMs: 60_000,
})

/** Sets the expiry anew with each write, earlier too: what is read is gone when the last write said so. */
const lastExpiry = broken((session) => {
  const until = new Map<number, number>()
  return {
    write: (shard, cells, options) => {
      for (const { end } of cells) until.set(end, clock.now() + 60_000 + Math.max(-60_000, end - options.watermark))
      return session.write(shard, cells, { ...options, watermark: Number.NEGATIVE_INFINITY })
    },
    read: async (keys, from, to) => {
      const { cells, shards } = await session.read(keys, from, to)
      return { cells: cells.map((of) => of.filter(({ end }) => (until.get(end) ?? Infinity) > clock.now())), shards }
    },
  }
})

/** The same for all, however far ahead of W. */
const flatExpiry: () => HotStore = () => {
  const good = memoryHotStore({ serveForMs: 60_000, slackMs: 0, clock })
  return {
    ...good,
    open: async (aggregation) => {
      const session = await good.open(aggregation)
      return {
        ...session,
        write: (shard, cells, options) => session.write(shard, cells, { ...options, watermark: 1e9 }),
      }
    },
  }
}

/** State that expires with what it is about. */
const statesExpire = broken(({ state }) => {
  const opened = clock.now()
  return {
    state: async () =>
      new Map([...(await state())].map(([shard, of]) => [shard, clock.now() - opened > 2e5 ? nothing : of])),
  }
})
const nothing: ShardState = { applied: new Map(), boundary: -Infinity, evictedTo: -Infinity, alive: false }

/** A read is said to be of another life than the state before it. */
function livesAtRandom({ state }: HotSession): Partial<HotSession> {
  let lives = 0
  return {
    state: async () => new Map([...(await state())].map(([shard, of]) => [shard, { ...of, life: String(lives++) }])),
  }
}

const lastWins = broken(({ write, evict }) => {
  let epoch = 0
  return {
    evict,
    write: (shard, cells: readonly Cell[], options) =>
      write(
        shard,
        cells.map((cell) => ({ ...cell, epoch: epoch++ })),
        options,
      ),
  }
})

const MUTANTS: readonly Fault<() => HotStore>[] = [
  ['a shard per session', shardPerSession(), 'every key has a shard, the same in every session'],
  ['says nothing of older cells', withoutCount('older'), 'what is not written is counted'],
  ['says nothing of evicted cells', withoutCount('evicted'), 'what is not written is counted'],
  [
    'positions are of 53 bits',
    states((state) => ({ ...state, applied: mapped(state.applied, (offset) => BigInt(Number(offset))) })),
    'a position moves from what it was',
  ],
  ['positions move blindly', blindMoves, 'a position that is not what was expected stays'],
  ['compare, wait, move', racedMoves, 'only one of two racers moves a position'],
  ['one position for all partitions', onePosition, 'positions are per shard, partition and results'],
  ['the boundary goes back', loweredBoundary(), 'the boundary never becomes smaller'],
  ['evicts without to', broken(({ evict }) => ({ evict: (to) => evict(to - 1) })), 'what is evicted is gone'],
  ['forgets what it evicted', states((state) => ({ ...state, evictedTo: -Infinity })), 'what is evicted is gone'],
  ['reads say no state', broken(withoutStates), 'a read says the state of the shards that it touched'],
  ['evicts what is behind, too', broken(({ evict }) => ({ evict: (to) => evict(to + 500) })), 'any history of writes'],
  ['the last writer wins', lastWins, 'writers and replays in any order'],
  ['expires too early', shortLived, 'nothing expires before it was served for long enough'],
  ['the last write says when it expires', lastExpiry, 'a later write never lets anything expire earlier'],
  ['expires all at once', flatExpiry, 'what is ahead of W is kept for as much longer'],
  ['extends nothing', broken(() => ({ extend: async () => {} })), 'what is extended is kept'],
  ['beats for ever', states((state) => ({ ...state, alive: true })), 'a heartbeat runs out'],
  ['never beats', broken(() => ({ beat: async () => {} })), 'a heartbeat runs out'],
  ['states expire', statesExpire, 'a position outlives what it is about'],
  [
    'announces too little',
    states((state) => ({ ...state, announced: new Map() })),
    'a position moves from what it was',
  ],
  ['lives at random', broken(livesAtRandom), 'a read says the state of the shards that it touched'],
]

function shardPerSession(): () => HotStore {
  let sessions = 0
  return broken(({ shardOf }) => {
    const other = sessions++ % 2 === 1
    return { shardOf: (key) => (other ? String(1 - Number(shardOf(key))) : shardOf(key)) }
  })
}

function withoutCount(count: 'older' | 'evicted'): () => HotStore {
  return broken(({ write }) => ({
    write: async (shard, cells, options) => ({ ...(await write(shard, cells, options)), [count]: 0 }),
  }))
}

function mapped(applied: ShardState['applied'], of: (offset: bigint) => bigint): ShardState['applied'] {
  return new Map([...applied].map(([name, at]) => [name, { ...at, offset: of(at.offset) }]))
}

function withoutStates({ read }: HotSession): Partial<HotSession> {
  return { read: async (keys, from, to) => ({ ...(await read(keys, from, to)), shards: new Map() }) }
}

// Those of cells are shared with cold stores, and shown to fail there.
const checks = hotStoreChecks(() => memory(1), { pass })
const shared = checks.findIndex(({ name }) => name === 'writers and replays in any order end in the newest')
faultsAreFound(MUTANTS, (make) => hotStoreChecks(make, { runs: 100, seed: 1, pass }), checks.slice(shared))

test('says what it found', async () => {
  await expect(verifyHotStore(loweredBoundary(), { runs: 1, seed: 1 })).rejects.toThrow(
    "the boundary never becomes smaller: the boundary of shard '0' after -6000: found -6000, expected -5000",
  )
})
