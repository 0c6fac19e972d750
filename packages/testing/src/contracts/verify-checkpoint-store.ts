/** Owns the contract of checkpoint stores as a kit: `verifyCheckpointStore`, and `checkpointStoreChecks` one by one. */
import { type CheckpointSession, type CheckpointStore, sameValue } from '@tidemark/core'
import * as fc from 'fast-check'
import { type ChanceOptions, type ContractCheck, refused, runChecks, same, tryHistories } from './contract.ts'

export interface VerifyCheckpointStoreOptions extends ChanceOptions {
  /** A job that is open is refused to whoever opens it again. */
  readonly exclusive?: boolean
}

/** Makes the store under test, with nothing in it. It is opened again and again, as by one process after the other. */
export type MakeCheckpointStore = () => CheckpointStore | Promise<CheckpointStore>

/**
 * Tries to break every promise of a checkpoint store, and throws a plain Error that names those that it breaks.
 * @example await verifyCheckpointStore(() => memoryCheckpoints())
 */
export async function verifyCheckpointStore(
  make: MakeCheckpointStore,
  options: VerifyCheckpointStoreOptions = {},
): Promise<void> {
  await runChecks('Checkpoint store', checkpointStoreChecks(make, options))
}

/** The checks of `verifyCheckpointStore`, for a test each. */
export function checkpointStoreChecks(
  make: MakeCheckpointStore,
  options: VerifyCheckpointStoreOptions = {},
): readonly ContractCheck[] {
  const check = (name: string, run: (store: CheckpointStore) => Promise<void>): ContractCheck => ({
    name,
    run: async () => run(await make()),
  })
  return [
    check('the newest checkpoint is loaded, by this owner and the next', newest),
    check('values of every plain kind come back as they were', plainKinds),
    check('any plain value comes back as it was', (store) => anyValue(store, options)),
    check('a large value comes back whole', large),
    check('jobs are apart, whatever their names', jobs),
    check('a checkpoint stays what it was when it was saved', copies),
    check('what cannot be kept is refused, and the one before stays', unkeepable),
    check('a save that is broken off leaves the one before, or is whole', brokenOff),
    ...(options.exclusive === true ? [check('a job has one owner at a time', oneOwner)] : []),
  ]
}

/** With the session of a job, which the next one may open after that. */
async function during(
  store: CheckpointStore,
  run: (session: CheckpointSession) => Promise<void>,
  job = 'verify',
): Promise<void> {
  const session = await store.open(job)
  try {
    await run(session)
  } finally {
    await session.close()
  }
}

async function loads(store: CheckpointStore, what: string, expected: unknown, job?: string): Promise<void> {
  await during(store, async (session) => same(what, await session.load(), expected), job)
}

async function newest(store: CheckpointStore): Promise<void> {
  await loads(store, 'the checkpoint of a job that has none', undefined)
  await during(store, async (session) => {
    for (const id of [1, 2, 3]) {
      await session.save({ id })
      same(`what is loaded after saving ${id}`, await session.load(), { id })
    }
  })
  await loads(store, 'what the next owner loads', { id: 3 })
  await during(store, (session) => session.save({ id: 4 }))
  await during(store, async () => {})
  await loads(store, 'what the one after it loads', { id: 4 })
}

async function plainKinds(store: CheckpointStore): Promise<void> {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  const value = {
    numbers: [0, -0, 0.1, -1e-300, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    big: [0n, -1n, 2n ** 64n, -(2n ** 200n)],
    text: ['', 'a\u0000b', 'ä\u{1F30A}', '\ud800', '__proto__'],
    none: [undefined, null, true, false],
    map: new Map<unknown, unknown>([
      ['1', 'text'],
      [1, 'number'],
      [undefined, new Map([[Number.NaN, new Set([1, '1'])]])],
    ]),
    dates: [new Date(0), new Date(8.64e15)],
    arrays: [
      bytes,
      bytes.subarray(10, 20),
      new Float64Array([0, -0, 0.5]),
      new BigInt64Array([-1n]),
      new Int32Array(0),
    ],
  }
  await during(store, (session) => session.save(value))
  await loads(store, 'the value', value)
}

async function anyValue(store: CheckpointStore, chance: ChanceOptions): Promise<void> {
  const plain = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true })
  await tryHistories(plain, chance, async (value) => {
    await during(store, (session) => session.save({ value }))
    await loads(store, 'the value', { value })
  })
}

async function large(store: CheckpointStore): Promise<void> {
  const keys = Array.from({ length: 50_000 }, (_, i) => (i % 3 === 0 ? ['tuple', i] : `key ${i}`))
  const counts = new Float64Array(100_000).map((_, i) => i / 3)
  await during(store, (session) => session.save({ keys, counts }, () => Promise.resolve()))
  // Not as text, which takes long and says nothing.
  await during(store, async (session) => {
    if (!sameValue(await session.load(), { keys, counts })) throw new Error('the value: found another one, expected it')
  })
}

async function jobs(store: CheckpointStore): Promise<void> {
  const names = ['a', 'b', 'a b', 'a-b', 'a/b', 'a.b', '..', 'ä', 'job-a', 'x'.repeat(100)]
  for (const name of names) await during(store, (session) => session.save({ name }), name)
  for (const name of names) await loads(store, `the checkpoint of '${name}'`, { name }, name)
}

async function copies(store: CheckpointStore): Promise<void> {
  const value = { list: [1, 2], map: new Map([['a', { n: 1 }]]), bytes: new Uint8Array(3) }
  const change = (of: typeof value): void => {
    of.list.push(3)
    of.map.set('b', { n: 2 })
    of.bytes.fill(9)
  }
  const before = fc.stringify(value)
  await during(store, async (session) => {
    await session.save(value)
    change(value)
    const loaded = (await session.load()) as typeof value
    same('the checkpoint after its value changed', fc.stringify(loaded), before)
    change(loaded)
    same('the checkpoint after what was loaded changed', fc.stringify(await session.load()), before)
  })
}

async function unkeepable(store: CheckpointStore): Promise<void> {
  await during(store, async (session) => {
    await session.save('before')
    for (const bad of [() => {}, Symbol('s'), new WeakMap()]) {
      const kind = Object.prototype.toString.call(bad)
      // At the end of much that could be kept.
      const value = { keys: [...Array.from({ length: 20_000 }, (_, i) => `key ${i}`), bad] }
      await refused(`a checkpoint with ${kind} in it`, () => session.save(value))
      same(`what is loaded after ${kind}`, await session.load(), 'before')
    }
  })
  await loads(store, 'what the next owner loads', 'before')
}

async function brokenOff(store: CheckpointStore): Promise<void> {
  const value = { keys: Array.from({ length: 5_000 }, (_, i) => `key ${i}`) }
  let saved = false
  await during(store, async (session) => {
    await session.save('before')
    saved = await session
      .save(value, () => Promise.reject(new Error('broken off')))
      .then(
        () => true,
        () => false,
      )
    same('what is loaded then', await session.load(), saved ? value : 'before')
  })
  await loads(store, 'what the next owner loads', saved ? value : 'before')
}

async function oneOwner(store: CheckpointStore): Promise<void> {
  await during(store, async (session) => {
    await session.save('one')
    await refused('opening a job that is open', () => store.open('verify'))
    await during(store, (other) => other.save('other'), 'other')
    same('what the owner has', await session.load(), 'one')
  })
  await loads(store, 'what the next owner loads', 'one')
}
