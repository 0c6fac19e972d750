/** Owns what a hot store promises of time on the server's clock: expiry as a back-stop, heartbeats. */
import type { Cell, HotSession } from '@tidemark/core'
import type { NameOf } from './cell-bench.ts'
import { WINDOW_MS, cellOf, utf8 } from './cells.ts'
import { type ContractCheck, same } from './contract.ts'
import { type HotBench, type MakeHotStore, onHotBench } from './hot-shard-checks.ts'

type Pass = (ms: number) => void | Promise<void>

export function expiryChecks(make: MakeHotStore, nameOf: NameOf, pass: Pass): readonly ContractCheck[] {
  const check = (name: string, run: (on: HotBench, pass: Pass) => Promise<void>): ContractCheck => ({
    name,
    run: () => onHotBench(make, nameOf(name), (on) => run(on, pass)),
  })
  return [
    check('nothing expires before it was served for long enough', servedLongEnough),
    check('a later write never lets anything expire earlier', neverEarlier),
    check('what is ahead of W is kept for as much longer', aheadOfW),
    check('what is extended is kept', extended),
    check('a heartbeat runs out', heartbeats),
    check('a position outlives what it is about', positionsStay),
  ]
}

const END = 10_000

async function write(session: HotSession, watermark: number, cell: Cell = cellOf('a', END, 0)): Promise<void> {
  await session.write(session.shardOf(cell.key), [cell], { watermark })
}

async function present(session: HotSession, key: string, end: number = END): Promise<boolean> {
  const { cells } = await session.read([utf8(key)], end - 1, end)
  return (cells[0] ?? []).length === 1
}

/** Most of the time for which results are served; what is left is for a clock that really runs. */
const most = (serveForMs: number): number => Math.floor(serveForMs * 0.8)

async function servedLongEnough({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const session = await open()
  const watermarks = [END, END - 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const [i, watermark] of watermarks.entries()) await write(session, watermark, cellOf(`w${i}`, END, 0))
  await pass(most(serveForMs))
  for (const [i, watermark] of watermarks.entries()) {
    same(`present at 0.8 × serveForMs, written at W = ${watermark}`, await present(session, `w${i}`), true)
  }
}

async function neverEarlier({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const session = await open()
  // Served for as long again from W on.
  await write(session, END - serveForMs)
  await write(session, END + 10 * serveForMs, cellOf('a', END, 2))
  await write(session, END + 10 * serveForMs, cellOf('a', END - WINDOW_MS, 2))
  await pass(most(serveForMs))
  await pass(most(serveForMs))
  same('present at 1.6 × serveForMs, W having moved on meanwhile', await present(session, 'a'), true)
}

async function aheadOfW({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const session = await open()
  await write(session, END - serveForMs)
  await pass(most(serveForMs))
  await pass(most(serveForMs))
  same('present at 1.6 × serveForMs, written at W = end − serveForMs', await present(session, 'a'), true)
}

async function extended({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const session = await open()
  await write(session, END)
  await session.beat(serveForMs)
  await session.extend(5 * serveForMs)
  // Shorter than before: changes nothing.
  await session.extend(1)
  for (let i = 0; i < 5; i++) await pass(most(serveForMs))
  same('present at 4 × serveForMs, extended by 5 × serveForMs', await present(session, 'a'), true)
}

async function heartbeats({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const [session, other] = [await open(), await open()]
  const alive = async (): Promise<readonly boolean[]> => [...(await other.state()).values()].map((state) => state.alive)
  const all = (value: boolean): readonly boolean[] => session.shards.map(() => value)
  await session.beat(serveForMs)
  same('shards alive after a heartbeat', await alive(), all(true))
  await pass(most(serveForMs))
  same('shards alive at 0.8 of it', await alive(), all(true))
  await session.beat(serveForMs)
  await pass(most(serveForMs))
  same('shards alive at 0.8 of a second one', await alive(), all(true))
  await pass(most(serveForMs))
  same('shards alive after it ran out', await alive(), all(false))
}

async function positionsStay({ open, store: { serveForMs } }: HotBench, pass: Pass): Promise<void> {
  const session = await open()
  const shard = session.shardOf(utf8('a'))
  const move = { partition: 'p', from: undefined, to: { offset: 3n, watermark: END } }
  await session.write(shard, [cellOf('a', END, 0)], { watermark: END, move })
  await session.raiseBoundary(5)
  await session.evict(4)
  for (let i = 0; i < 5; i++) await pass(most(serveForMs))
  // Whatever may have expired: what says how far it was written is there.
  const state = (await session.state()).get(shard)
  same('the position', state?.applied.get('p')?.offset, 3n)
  same('boundary and eviction', [state?.boundary, state?.evictedTo], [5, 4])
}
