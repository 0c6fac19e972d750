import { expect, test } from 'vitest'
import { type Collected, boundedOutOfOrderness, collected, memoryCheckpoints, tumbling } from '../index.ts'
import type { CheckpointStore } from '../io/checkpoint.ts'
import { begin } from '../pipeline/builders.ts'
import { type Compiled, compile } from '../pipeline/compile.ts'
import type { Job } from '../pipeline/job.ts'
import { layoutOf } from '../pipeline/layout.ts'
import type { Pane } from '../pane/pane.ts'
import { Driver } from './driver.ts'
import { type Host, Turn } from './turn.ts'

const KEYS = 30_000
const BATCH = 1_000
const records = Array.from({ length: 2 * KEYS }, (_, i) => ({ at: i < KEYS ? 1 : 2, key: `key ${i % KEYS}` }))
type Count = Pane<string, number>

/** A host whose clock goes on by a millisecond whenever it is looked at, and that notes when it has its turn. */
class SlowHost implements Host {
  #at = 0
  #running = false
  turns: string[] = []
  doing = 'opening'
  readonly now = (): number => ++this.#at
  readonly next = async (): Promise<void> => {
    expect(this.#running).toBe(false)
    this.#running = true
    this.turns.push(this.doing)
    await Promise.resolve()
    this.#running = false
  }
  during(what: string): number {
    return this.turns.filter((turn) => turn === what).length
  }
}

/** Runs a job on a host; a checkpoint is made once every key is there, and at the end. */
async function run(host: Host, store: CheckpointStore, sink: Collected<Count>, taken: () => void): Promise<unknown> {
  let now = 1
  let batches = 0
  let driver: Driver | undefined
  let first: Compiled | undefined
  const signal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} }
  const job = begin((name, sinks, options) => {
    const events = {
      lane: () => {},
      batch: () => {
        taken()
        if (++batches === KEYS / BATCH) now += store.everyMs
      },
      laneGone: () => {},
      moved: () => {},
      checkpoint: () => {},
      dropped: () => {},
    }
    const work = { name, layout: layoutOf(sinks), compile: () => compile(name, sinks, { generateCode: false }) }
    first = work.compile()
    driver = new Driver(work, options, signal, events, new Turn(host))
    return undefined as unknown as Job<unknown>
  }, 'turns')
    .from(records)
    .eventTime({ timestamp: (record) => record.at, watermark: boundedOutOfOrderness('0ms') })
    .keyBy((record) => record.key)
    .window(tumbling('1s'))
    .count()
    .to(sink)
  job.start({ clock: { now: () => now }, checkpoint: store, batchSize: BATCH })
  if (driver === undefined || first === undefined) throw new Error('the job was not launched')
  try {
    await driver.open(first)
    return await driver.run()
  } finally {
    await driver.close()
  }
}

/** A store that tells the host what is done, and fails a save if asked to. */
function watched(store: CheckpointStore, host: SlowHost, seen: { batches: number; saves: number[] }): CheckpointStore {
  return {
    ...store,
    open: async (job) => {
      const session = await store.open(job)
      return {
        load: () => session.load(),
        close: () => session.close(),
        save: async (checkpoint, pause) => {
          const before = seen.batches
          host.doing = 'saving'
          await session.save(checkpoint, pause)
          host.doing = 'working'
          // No record is taken while what is saved is being copied.
          expect(seen.batches).toBe(before)
          seen.saves.push(before)
        },
      }
    },
  }
}

const countsIn = (sink: Collected<Count>): readonly unknown[] =>
  sink.items.map((pane) => [pane.key, pane.kind === 'value' && pane.value])

test('the host has turns while a large checkpoint is made, and no record is lost, taken twice or taken meanwhile', async () => {
  const host = new SlowHost()
  const seen = { batches: 0, saves: [] as number[] }
  const sink = collected<Count>()
  const store = watched(memoryCheckpoints({ everyMs: 1_000 }), host, seen)
  expect(await run(host, store, sink, () => seen.batches++)).toBe('completed')
  expect(seen.saves[0]).toBe(KEYS / BATCH)
  expect(host.during('saving')).toBeGreaterThanOrEqual(2)
  expect(host.during('working')).toBeGreaterThanOrEqual(2)
  expect(countsIn(sink)).toEqual(records.slice(0, KEYS).map(({ key }) => [key, 2]))
})

test('a job that dies amid a checkpoint goes on from the one before', async () => {
  const host = new SlowHost()
  const seen = { batches: 0, saves: [] as number[] }
  const kept = memoryCheckpoints({ everyMs: 1_000 })
  const sink = collected<Count>()
  const dying: CheckpointStore = {
    ...kept,
    open: async (job) => {
      const session = await kept.open(job)
      let saves = 0
      return {
        ...session,
        save: (checkpoint, pause) => {
          let pauses = 0
          const dead = (): Promise<void> | undefined =>
            ++pauses === 3 ? Promise.reject(new Error('the process is killed')) : pause?.()
          return session.save(checkpoint, ++saves === 2 ? dead : pause)
        },
      }
    },
  }
  await expect(run(host, watched(dying, host, seen), sink, () => seen.batches++)).rejects.toThrow('killed')
  expect(seen.saves).toEqual([KEYS / BATCH])
  expect(sink.items).toEqual([])
  const again = { batches: 0, saves: [] as number[] }
  await run(host, watched(kept, host, again), sink, () => again.batches++)
  expect(again.batches).toBe(KEYS / BATCH)
  expect(countsIn(sink)).toEqual(records.slice(0, KEYS).map(({ key }) => [key, 2]))
})
