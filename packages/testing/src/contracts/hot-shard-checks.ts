/** Owns what a hot store promises of its shards: positions, the boundary, eviction. */
import type { Cell, HotSession, HotStore, HotWritten, Move, ShardState } from '@tidemark/core'
import * as fc from 'fast-check'
import { type NameOf, holds, newestOf } from './cell-bench.ts'
import { WINDOW_MS, cellOf, keyedLine, ordered, utf8, withdrawn } from './cells.ts'
import { type ChanceOptions, type ContractCheck, same, sameLines, tryHistories } from './contract.ts'

/** Makes the store under test: an empty one, or one of a server in which nobody has used the prefix. */
export type MakeHotStore = () => HotStore | Promise<HotStore>

export interface HotBench {
  readonly store: HotStore
  readonly open: (name?: string) => Promise<HotSession>
}

export function shardChecks(make: MakeHotStore, nameOf: NameOf, chance: ChanceOptions): readonly ContractCheck[] {
  const check = (name: string, run: (on: HotBench) => Promise<void>): ContractCheck => ({
    name,
    run: () => onHotBench(make, nameOf(name), run),
  })
  return [
    check('every key has a shard, the same in every session', shardsOfKeys),
    check('what is not written is counted', counts),
    check('a position moves from what it was', moves),
    check('a position that is not what was expected stays, and is told', mismatches),
    check('only one of two racers moves a position', races),
    check('positions are per shard, partition and results', positionsApart),
    check('the boundary never becomes smaller', boundaries),
    check('what is evicted is gone, and is refused from then on', evicts),
    check('a read says the state of the shards that it touched', readStates),
    check('any history of writes, moves and evictions is as a model says', (on) => histories(on, chance)),
  ]
}

export async function onHotBench(
  make: MakeHotStore,
  name: string,
  run: (on: HotBench) => Promise<void>,
): Promise<void> {
  const store = await make()
  const sessions: HotSession[] = []
  try {
    await run({
      store,
      open: async (as = '') => {
        const session = await store.open({ name: as === '' ? name : `${name}-${as}`, windowMs: WINDOW_MS })
        sessions.push(session)
        return session
      },
    })
  } finally {
    for (const session of sessions) await session.close()
  }
}

/** For `holds`. */
export function cellsOf(session: HotSession): {
  readonly read: (...args: Parameters<HotSession['read']>) => Promise<readonly (readonly Cell[])[]>
} {
  return { read: async (keys, from, to) => (await session.read(keys, from, to)).cells }
}

/** A key of each shard, found by trying. */
export function keyPerShard({
  shards,
  shardOf,
}: Pick<HotSession, 'shards' | 'shardOf'>): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (let i = 0; i < 10_000 && found.size < shards.length; i++) {
    const key = utf8(`key ${i}`)
    const shard = shardOf(key)
    if (!found.has(shard)) found.set(shard, key)
  }
  same('shards with a key, of 10,000 keys', [...found.keys()].sort(), [...shards].sort())
  return found
}

/** The state of a shard as lines. */
export function stateLine(state: ShardState | undefined): string {
  if (state === undefined) return 'no such shard'
  const applied = [...state.applied].map(([name, { offset, watermark }]) => `${name} at ${offset}, W ${watermark}`)
  return `applied ${applied.sort().join('; ')}, boundary ${state.boundary}, evicted to ${state.evictedTo}`
}

async function shardsOfKeys({ open }: HotBench): Promise<void> {
  const [one, other] = [await open(), await open()]
  same('names of shards', new Set(one.shards).size, one.shards.length)
  if (one.shards.length === 0) throw new Error('found no shard, expected at least one')
  same('shards of another session', [...other.shards], [...one.shards])
  const states = await one.state()
  same('shards with a state', [...states.keys()].sort(), [...one.shards].sort())
  for (const [shard, key] of keyPerShard(one)) {
    same(`the shard of ${fc.stringify(key)} in another session`, other.shardOf(key), shard)
    sameLines(`shard '${shard}' before anything was written`, [stateLine(states.get(shard))], [stateLine(nothing)])
    same(`shard '${shard}' before a heartbeat, alive`, states.get(shard)?.alive, false)
  }
}

const nothing: ShardState = {
  applied: new Map(),
  boundary: Number.NEGATIVE_INFINITY,
  evictedTo: Number.NEGATIVE_INFINITY,
  alive: false,
}

async function counts({ open }: HotBench): Promise<void> {
  const session = await open()
  const shard = session.shardOf(utf8('a'))
  const write = (cells: readonly Cell[]): Promise<HotWritten> => session.write(shard, cells, { watermark: 0 })
  const first = await write([cellOf('a', 1_000, 4), cellOf('a', 2_000, 4)])
  same('a first write', [first.older, first.evicted, first.moved], [0, 0, true])
  const replay = await write([cellOf('a', 1_000, 4)])
  same('an equal version', [replay.older, replay.evicted, replay.moved], [0, 0, true])
  const older = await write([cellOf('a', 1_000, 2), cellOf('a', 2_000, 6), cellOf('a', 3_000, 0)])
  same('one older cell of three', [older.older, older.evicted, older.moved], [1, 0, true])
  await session.evict(2_000)
  const evicted = await write([cellOf('a', 1_000, 8), cellOf('a', 2_000, 8), cellOf('a', 3_000, 2)])
  same('two evicted cells of three', [evicted.older, evicted.evicted, evicted.moved], [0, 2, true])
  const none = await write([])
  same('no cells', [none.older, none.evicted, none.moved], [0, 0, true])
}

const step = (partition: string, from: bigint | undefined, offset: bigint, watermark = 0): Move => ({
  partition,
  from,
  to: { offset, watermark },
})

async function moves({ open }: HotBench): Promise<void> {
  const session = await open()
  const big = 2n ** 60n
  const path = [undefined, 0n, 3n, 9_007_199_254_740_993n, big, big + 1n, 5n] as const
  const watermarks = [Number.NEGATIVE_INFINITY, -5, 0, 1_780_000_000_123, 8.64e15, Number.POSITIVE_INFINITY]
  for (const [shard, key] of keyPerShard(session)) {
    for (const [i, from] of path.entries()) {
      const offset = path[i + 1]
      if (offset === undefined) break
      const watermark = watermarks[i] as number
      const cell = cellOf(key, 1_000 * i, 0)
      const move = step('results/0', from, offset, watermark)
      const { moved, applied } = await session.write(shard, [cell], { watermark: 0, move })
      same(`moving from ${from} to ${offset}`, [moved, applied?.offset, applied?.watermark], [true, offset, watermark])
      const state = (await (await open()).state()).get(shard)
      const kept = state?.applied.get('results/0')
      same(`the position after ${offset}`, [kept?.offset, kept?.watermark], [offset, watermark])
      await holds(cellsOf(session), `the cell behind ${offset}`, key, [cell], [1_000 * i - 1, 1_000 * i])
      // Who tells what is under way has told of everything that was.
      const announced = state?.announced?.get('results/0') ?? (state?.announced === undefined ? offset : -1n)
      same(`announced at ${offset}, at least that`, announced >= offset, true)
    }
  }
}

async function mismatches({ open }: HotBench): Promise<void> {
  const session = await open()
  const [[shard, key]] = [...keyPerShard(session)] as [[string, Uint8Array]]
  const write = (move: Move): Promise<HotWritten> =>
    session.write(shard, [cellOf(key, 1_000, 0)], { watermark: 0, move })
  const refusedMove = async (what: string, move: Move, offset: bigint | undefined): Promise<void> => {
    const { moved, applied } = await write(move)
    same(`${what}, moved`, moved, false)
    same(`${what}, what it says is applied`, applied?.offset, offset)
    const kept = (await session.state()).get(shard)?.applied
    same(
      `${what}, the position`,
      [kept?.get(move.partition)?.offset, kept?.get(move.partition)?.watermark],
      [offset, offset === undefined ? undefined : 7],
    )
  }
  await refusedMove('from 3 where nothing is', step('p', 3n, 4n), undefined)
  await refusedMove('from 0 where nothing is', step('p', 0n, 4n), undefined)
  same('from nothing', (await write(step('p', undefined, 3n, 7))).moved, true)
  await refusedMove('from nothing where 3 is', step('p', undefined, 9n), 3n)
  await refusedMove('from a later position', step('p', 4n, 9n), 3n)
  await refusedMove('from an earlier position', step('p', 2n, 9n), 3n)
  await refusedMove('from one that begins alike', step('p', 30n, 31n), 3n)
}

async function races({ open }: HotBench): Promise<void> {
  const racers = [await open(), await open(), await open()]
  const [[shard, key]] = [...keyPerShard(racers[0] as HotSession)] as [[string, Uint8Array]]
  let from: bigint | undefined
  for (let round = 0n; round < 20n; round++) {
    const to = (i: number): bigint => 10n * (round + 1n) + BigInt(i)
    const written = await Promise.all(
      racers.map((session, i) =>
        session.write(shard, [cellOf(key, 1_000, 0)], { watermark: 0, move: step('p', from, to(i)) }),
      ),
    )
    const winners = written.flatMap(({ moved }, i) => (moved ? [i] : []))
    same(`winners of round ${round}`, winners.length, 1)
    from = to(winners[0] as number)
    same(`the position after round ${round}`, (await racers[0]?.state())?.get(shard)?.applied.get('p')?.offset, from)
  }
}

async function positionsApart({ open }: HotBench): Promise<void> {
  const sessions = new Map<string, HotSession>()
  for (const name of ['a', 'a:b']) sessions.set(name, await open(name))
  const expected: [name: string, shard: string, state: string][] = []
  let offset = 0n
  for (const [name, session] of sessions) {
    for (const shard of session.shards) {
      const applied = new Map<string, { offset: bigint; watermark: number }>()
      for (const partition of ['p', 'p:0', 'größe/0']) {
        offset++
        await session.write(shard, [], { watermark: 0, move: step(partition, undefined, offset, Number(offset)) })
        applied.set(partition, { offset, watermark: Number(offset) })
      }
      expected.push([name, shard, stateLine({ ...nothing, applied })])
    }
  }
  for (const [name, shard, state] of expected) {
    const found = (await sessions.get(name)?.state())?.get(shard)
    sameLines(`shard '${shard}' of '${name}'`, [stateLine(found)], [state])
  }
}

async function boundaries({ open }: HotBench): Promise<void> {
  const [session, other] = [await open(), await open('other')]
  const now = 1_780_000_000_000
  let highest = Number.NEGATIVE_INFINITY
  for (const boundary of [-5_000, -6_000, -1, 0, 10_000, 9_000, 10_000, now, 99_999]) {
    await session.raiseBoundary(boundary)
    highest = Math.max(highest, boundary)
    for (const [shard, state] of await (await open()).state()) {
      same(`the boundary of shard '${shard}' after ${boundary}`, state.boundary, highest)
    }
  }
  for (const { boundary } of (await other.state()).values()) same('the boundary of other results', boundary, -Infinity)
}

async function evicts({ open }: HotBench): Promise<void> {
  const session = await open()
  const keys = [...keyPerShard(session).values(), utf8('more'), utf8('')]
  const ends = [-60_000, -1_000, 0, 1_000, 1_001, 60_000]
  const cells = keys.flatMap((key) => [
    ...ends.map((end, i) => cellOf(key, end, i)),
    cellOf(key, 1_000, 0, { correction: 'x' }),
    withdrawn(key, 1_000, 5, { start: -9 }),
  ])
  const write = async (of: readonly Cell[]): Promise<number> => {
    let evicted = 0
    for (const cell of of) evicted += (await session.write(session.shardOf(cell.key), [cell], { watermark: 0 })).evicted
    return evicted
  }
  await write(cells)
  const after = async (to: number, gone: number, what: string): Promise<void> => {
    const goes = cells.filter(({ end }) => end <= to && end > gone)
    same(`cells that went, ${what}`, await session.evict(to), goes.length)
    const evictedTo = Math.max(to, gone)
    for (const [shard, state] of await (await open()).state()) {
      same(`shard '${shard}' evicted to, ${what}`, state.evictedTo, evictedTo)
    }
    same(`cells refused, ${what}`, await write(cells), cells.filter(({ end }) => end <= evictedTo).length)
    for (const key of keys) {
      const kept = cells.filter((cell) => cell.end > evictedTo && cell.key === key)
      await holds(cellsOf(session), `what is kept, ${what}`, key, kept)
    }
  }
  await after(-1_000, Number.NEGATIVE_INFINITY, 'up to -1000')
  await after(1_000, -1_000, 'up to 1000')
  await after(-1_000, 1_000, 'up to -1000 afterwards')
  const shown: string[] = []
  for await (const part of session.slice(-300_000, 300_000)) shown.push(...part.map(keyedLine))
  sameLines(
    'a slice',
    shown.sort(),
    cells
      .filter(({ end }) => end > 1_000)
      .map(keyedLine)
      .sort(),
  )
  const apart = await open('other')
  await apart.write(apart.shardOf(utf8('a')), [cellOf('a', 0, 0)], { watermark: 0 })
  await holds(cellsOf(apart), 'other results', 'a', [cellOf('a', 0, 0)])
}

async function readStates({ open }: HotBench): Promise<void> {
  const session = await open()
  await session.raiseBoundary(5_000)
  const keys = keyPerShard(session)
  let offset = 0n
  for (const shard of keys.keys()) {
    await session.write(shard, [], { watermark: 0, move: step('p', undefined, ++offset) })
  }
  const states = await session.state()
  for (const [shard, key] of keys) {
    const { shards } = await session.read([key, key], 0, 1_000)
    same('shards of one key', [...shards.keys()], [shard])
    sameLines(`shard '${shard}' as read`, [stateLine(shards.get(shard))], [stateLine(states.get(shard))])
    same(`the life of shard '${shard}' as read`, shards.get(shard)?.life, states.get(shard)?.life)
  }
  const all = await session.read([...keys.values()], 0, 1_000)
  same('shards of all keys', [...all.shards.keys()].sort(), [...session.shards].sort())
}

type Act =
  | { readonly do: 'write'; readonly key: number; readonly ends: readonly (readonly [end: number, revision: number])[] }
  | { readonly do: 'move'; readonly key: number; readonly from: number; readonly to: number }
  | { readonly do: 'evict'; readonly to: number }
  | { readonly do: 'boundary'; readonly to: number }

const end = fc.integer({ min: -8, max: 8 }).map((n) => 500 * n)
const ACTS: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      key: fc.nat(3),
      ends: fc.array(fc.tuple(end, fc.nat(6)), { maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      key: fc.nat(3),
      from: fc.integer({ min: -1, max: 3 }),
      to: fc.nat(3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), to: end }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('boundary' as const), to: end }) },
)

/** What a history leaves, computed in the plainest way. */
async function histories({ open }: HotBench, chance: ChanceOptions): Promise<void> {
  let played = 0
  await tryHistories(fc.array(ACTS, { minLength: 1, maxLength: 25 }), chance, async (acts) => {
    const session = await open(`history ${played++}`)
    const keys = Array.from({ length: 4 }, (_, i) => utf8(`key ${i}`))
    const written: Cell[][] = keys.map(() => [])
    const offsets = new Map<string, bigint>()
    let [evictedTo, boundary] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const act of acts) {
      if (act.do === 'evict') {
        await session.evict(act.to)
        evictedTo = Math.max(evictedTo, act.to)
        for (const [i, of] of written.entries()) written[i] = of.filter((cell) => cell.end > evictedTo)
      } else if (act.do === 'boundary') {
        await session.raiseBoundary(act.to)
        boundary = Math.max(boundary, act.to)
      } else {
        const key = keys[act.key] as Uint8Array
        const shard = session.shardOf(key)
        const cells = act.do === 'write' ? act.ends.map(([at, revision]) => cellOf(key, at, revision)) : []
        const from = act.do === 'move' && act.from >= 0 ? BigInt(act.from) : undefined
        const move = act.do === 'move' ? { move: step('p', from, BigInt(act.to)) } : {}
        const { moved, evicted } = await session.write(shard, cells, { watermark: -10_000, ...move })
        same('cells that were evicted before', evicted, cells.filter((cell) => cell.end <= evictedTo).length)
        written[act.key]?.push(...cells.filter((cell) => cell.end > evictedTo))
        if (act.do !== 'move') continue
        same('moved', moved, offsets.get(shard) === from)
        if (moved) offsets.set(shard, BigInt(act.to))
      }
    }
    const { cells, shards } = await session.read(keys, -10_000, 10_000)
    for (const [i, of] of written.entries()) {
      sameLines(`key ${i}`, ordered(cells[i] ?? []).map(keyedLine), ordered(newestOf(of)).map(keyedLine))
    }
    for (const [shard, state] of shards) {
      const offset = offsets.get(shard)
      const applied = offset === undefined ? new Map() : new Map([['p', { offset, watermark: 0 }]])
      sameLines(`shard '${shard}'`, [stateLine(state)], [stateLine({ applied, boundary, evictedTo, alive: false })])
    }
  })
}
