/** Owns the contract of cold stores as a kit: `verifyColdStore`, and `coldStoreChecks` one by one. */
import type { ColdSession, ColdStore } from '@tidemark/core'
import type { NameOf } from './cell-bench.ts'
import { cellChecks } from './cell-checks.ts'
import { WINDOW_MS, cellOf, utf8 } from './cells.ts'
import { type ChanceOptions, type ContractCheck, refused, runChecks, same } from './contract.ts'

export interface VerifyStoreOptions extends ChanceOptions {
  /** What the names of the results begin with, 'verify' if not given. Where a server keeps them, another one per run. */
  readonly prefix?: string
}

/** Makes the store under test: an empty one, or one of a server in which nobody has used the prefix. */
export type MakeColdStore = () => ColdStore | Promise<ColdStore>

/**
 * Tries to break every promise of a cold store, and throws a plain Error that names those that it breaks. Uses results
 * with names of their own, so one server may serve many checks at once.
 * @example await verifyColdStore(() => memoryColdStore())
 */
export async function verifyColdStore(make: MakeColdStore, options: VerifyStoreOptions = {}): Promise<void> {
  await runChecks('Cold store', coldStoreChecks(make, options))
}

/** The checks of `verifyColdStore`, for a test each. */
export function coldStoreChecks(make: MakeColdStore, options: VerifyStoreOptions = {}): readonly ContractCheck[] {
  const nameOf: NameOf = (check) => `${options.prefix ?? 'verify'}-${check}`
  const cells = cellChecks({
    nameOf,
    chance: options,
    make: async () => {
      const store = await make()
      return {
        epochZeroOnly: store.epochZeroOnly,
        open: async (aggregation) => {
          const session = await store.open(aggregation)
          // W before all windows, in the middle and behind them: nothing but expiry may depend on it.
          let calls = 0
          const watermark = (): number => [0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY][calls++ % 3] ?? 0
          return { ...bound(session), write: (of) => session.put(of, { watermark: watermark() }) }
        },
      }
    },
  })
  const check = (name: string, run: (on: ColdBench) => Promise<void>): ContractCheck => ({
    name,
    run: () => onBench(make, nameOf(name), run),
  })
  return [
    ...cells,
    check('epochs other than 0 are refused where the store says so', epochs),
    check('a register changes only from what is expected', registers),
    check('only one of two racers changes a register', races),
    check('registers of other results, and cells, are apart', registersApart),
  ]
}

interface ColdBench {
  readonly store: ColdStore
  readonly name: string
  readonly open: (name?: string) => Promise<ColdSession>
}

async function onBench(make: MakeColdStore, name: string, run: (on: ColdBench) => Promise<void>): Promise<void> {
  const store = await make()
  const sessions: ColdSession[] = []
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

/** A session whose methods may be taken out of it. */
function bound(session: ColdSession): Pick<ColdSession, 'read' | 'slice' | 'close'> {
  return {
    read: (keys, from, to) => session.read(keys, from, to),
    slice: (from, to) => session.slice(from, to),
    close: () => session.close(),
  }
}

async function epochs({ store, open }: ColdBench): Promise<void> {
  const session = await open()
  const cell = cellOf('a', 1_000, 0, { epoch: 1 })
  const put = (): Promise<void> => session.put([cellOf('a', 2_000, 0), cell], { watermark: 0 })
  if (store.epochZeroOnly) await refused('a cell of epoch 1', put)
  else await put()
}

async function registers({ open }: ColdBench): Promise<void> {
  const session = await open()
  const set = (expected: string | undefined, value: string): Promise<boolean> =>
    session.compareAndSet('C/0', expected === undefined ? undefined : utf8(expected), utf8(value))
  const says = async (when: string, value: string | undefined): Promise<void> => {
    const expected = value === undefined ? undefined : utf8(value)
    same(`a register ${when}`, plain(await session.register('C/0')), plain(expected))
    same(`another session's view ${when}`, plain(await (await open()).register('C/0')), plain(expected))
  }
  await says('that nobody set', undefined)
  same('setting from a value that is not there', await set('1', '2'), false)
  await says('after that', undefined)
  same('setting from nothing', await set(undefined, '1'), true)
  same('setting from nothing again', await set(undefined, '2'), false)
  same('setting from another value', await set('3', '2'), false)
  same('setting from the beginning of the value', await set('', '2'), false)
  await says('after what was refused', '1')
  same('setting from the value', await set('1', '12'), true)
  same('setting from the beginning of a longer value', await set('1', '3'), false)
  same('setting what is there', await set('12', '12'), true)
  await says('at the end', '12')
  const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 256)
  same('binary values', await session.compareAndSet('bytes', undefined, bytes), true)
  same('from binary values', await session.compareAndSet('bytes', bytes, bytes.toReversed()), true)
  same('a register with bytes', plain(await session.register('bytes')), plain(bytes.toReversed()))
}

async function races({ open }: ColdBench): Promise<void> {
  const racers = [await open(), await open(), await open(), await open()]
  let held: Uint8Array | undefined
  for (let round = 0; round < 25; round++) {
    const values = racers.map((_, i) => utf8(`${round} ${i}`))
    const expected = held
    const won = await Promise.all(
      racers.map((session, i) => session.compareAndSet('B', expected, values[i] as Uint8Array)),
    )
    same(`winners of round ${round}`, won.filter(Boolean).length, 1)
    held = values[won.indexOf(true)]
    same(`the register after round ${round}`, plain(await racers[0]?.register('B')), plain(held))
  }
}

async function registersApart({ name, open }: ColdBench): Promise<void> {
  const [one, other] = [await open(`${name}-a`), await open(`${name}-a:b`)]
  await one.compareAndSet('b:c', undefined, utf8('1'))
  await one.put([cellOf('b:c', 1_000, 0)], { watermark: 0 })
  await other.compareAndSet('c', undefined, utf8('2'))
  same('a register', plain(await one.register('b:c')), plain(utf8('1')))
  same('a register of other results', plain(await other.register('c')), plain(utf8('2')))
  same('a register that nobody set', plain(await one.register('c')), plain(undefined))
  const found: number[] = []
  for await (const part of one.slice(-10_000, 10_000)) found.push(...part.map(({ end }) => end))
  same('cells beside registers', found, [1_000])
}

/** The same for a Buffer and what it holds. */
function plain(bytes: Uint8Array | undefined): readonly number[] | undefined {
  return bytes === undefined ? undefined : Array.from(bytes)
}
