import { type CheckpointSession, type CheckpointStore, memoryCheckpoints } from '@tidemark/core'
import { describe, test } from 'vitest'
import { type Fault, faultsAreFound } from '../../test/faults.ts'
import { checkpointStoreChecks, verifyCheckpointStore } from './verify-checkpoint-store.ts'

describe('memoryCheckpoints keeps the contract', () => {
  test.each(checkpointStoreChecks(() => memoryCheckpoints(), { runs: 1_000 }))('$name', ({ run }) => run(), 60_000)
})

/** Keeps out who comes second. */
function exclusive(): CheckpointStore {
  const memory = memoryCheckpoints()
  const open = new Set<string>()
  return {
    ...memory,
    open: async (job) => {
      if (open.has(job)) throw new Error('in use')
      open.add(job)
      const session = await memory.open(job)
      return { ...session, close: async () => void open.delete(job) }
    },
  }
}

test('a store with one owner per job is tried for that', async () => {
  await verifyCheckpointStore(exclusive, { exclusive: true, runs: 20 })
})

/** A store with one fault: methods of the sessions of a good one, replaced. */
const broken =
  (change: (session: CheckpointSession, job: string) => Partial<CheckpointSession>) => (): CheckpointStore => {
    const good = exclusive()
    return {
      ...good,
      open: async (job) => {
        const session = await good.open(job)
        return { ...session, ...change(session, job) }
      },
    }
  }

const saving = (map: (value: unknown) => unknown): (() => CheckpointStore) =>
  broken((session) => ({ save: (value, pause) => session.save(map(value), pause) }))

/** Keeps the value itself. */
const references = (): CheckpointStore => {
  const kept = new Map<string, unknown>()
  const good = exclusive()
  return {
    ...good,
    open: async (job) => {
      const session = await good.open(job)
      return {
        ...session,
        load: async () => kept.get(job),
        save: async (value) => {
          await session.save(value)
          kept.set(job, value)
        },
      }
    },
  }
}

/** One place for names that become the same. */
const namedBy =
  (of: (job: string) => string): (() => CheckpointStore) =>
  () => {
    const good = memoryCheckpoints()
    return { ...good, open: (job) => good.open(of(job)) }
  }

const forgets = (): CheckpointStore => ({ ...exclusive(), open: (job) => exclusive().open(job) })

const keepsFirst = broken((session) => ({
  save: async (value, pause) => {
    if ((await session.load()) === undefined) await session.save(value, pause)
  },
}))

/** Begins anew before it knows that it can end. */
const writesOver = broken((session) => ({
  save: async (value, pause) => {
    await session.save(undefined)
    await session.save(value, pause)
  },
}))

/** Leaves out what cannot be kept. */
const leavesOut = saving((value) => {
  const { keys } = (value ?? {}) as { readonly keys?: readonly unknown[] }
  return Array.isArray(keys) ? { keys: keys.filter((key) => typeof key === 'string') } : value
})

/** What was written before it was broken off stands for the whole. */
const half = broken((session) => ({
  save: async (value, pause) => {
    try {
      await session.save(value, pause)
    } catch (error) {
      await session.save({ keys: [] })
      throw error
    }
  },
}))

const MUTANTS: readonly Fault<() => CheckpointStore>[] = [
  ['forgets with its owner', forgets, 'the newest checkpoint is loaded'],
  ['keeps the first one', keepsFirst, 'the newest checkpoint is loaded'],
  [
    'has something where nothing was saved',
    broken((session) => ({ load: async () => (await session.load()) ?? {} })),
    'the newest checkpoint is loaded',
  ],
  ['keeps JSON', saving((value) => JSON.parse(JSON.stringify(value, plain))), 'values of every plain kind'],
  ['knows no -0', saving((value) => withoutMinus(value)), 'values of every plain kind'],
  ['loses undefined', saving((value) => withoutUndefined(value)), 'any plain value comes back'],
  ['keeps 10,000 of a list', saving((value) => cut(value)), 'a large value comes back whole'],
  ['names without case and signs', namedBy((job) => job.replaceAll(/\W/g, '-')), 'jobs are apart'],
  ['names of at most 50 characters', namedBy((job) => (job.startsWith('x') ? 'a' : job)), 'jobs are apart'],
  ['keeps the value itself', references, 'a checkpoint stays what it was'],
  ['writes over the one before', writesOver, 'what cannot be kept is refused'],
  ['leaves out what cannot be kept', leavesOut, 'what cannot be kept is refused'],
  ['keeps half of what is broken off', half, 'a save that is broken off'],
  ['lets anybody in', () => memoryCheckpoints(), 'a job has one owner at a time'],
]

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)

function withoutMinus(value: unknown): unknown {
  const { numbers } = (value ?? {}) as { readonly numbers?: readonly number[] }
  return numbers === undefined ? value : { ...(value as object), numbers: numbers.map((n) => n + 0) }
}

function withoutUndefined(value: unknown): unknown {
  return (value as { readonly value?: unknown }).value === undefined ? {} : value
}

function cut(value: unknown): unknown {
  const { keys } = (value ?? {}) as { readonly keys?: readonly unknown[] }
  return Array.isArray(keys) ? { ...(value as object), keys: keys.slice(0, 10_000) } : value
}

faultsAreFound(
  MUTANTS,
  (make) => checkpointStoreChecks(make, { runs: 200, seed: 1, exclusive: true }),
  checkpointStoreChecks(exclusive, { exclusive: true }),
)
