import { type Batch, type MemorySource, type SourceReader, memorySource, replay } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type Fault, faultsAreFound, impatient } from '../../test/faults.ts'
import type { SourceBench } from './source-stage.ts'
import { sourceChecks, verifySource } from './verify-source.ts'

const SPLITS = ['a', 'b', 'c']

function benchOf(source: MemorySource<number>): SourceBench<number> {
  return {
    source,
    splits: SPLITS,
    add: (split, numbers) => {
      for (const number of numbers) source.push([number], { split, key: `k${number}`, timestamp: 10 * number })
    },
    numberOf: (record) => record,
    infoOf: (number) => ({ key: `k${number}`, timestamp: 10 * number }),
    finish: () => source.finish(),
    addSplit: () => {
      source.addSplit('d')
      return 'd'
    },
    committed: () => source.committed,
  }
}

const memory = (): SourceBench<number> => benchOf(memorySource<number>({ splits: SPLITS }))

describe('memorySource keeps the contract', () => {
  test.each(sourceChecks(memory, { runs: 2_000 }))('$name', ({ run }) => run(), 60_000)
})

/** Ends where it ended when it was opened. */
function bounded(): SourceBench<number> {
  const source = memorySource<number>({ splits: SPLITS })
  const { add, numberOf } = benchOf(source)
  const open: typeof source.open = async (task, at) => {
    const reader = await source.open(task, at)
    source.finish()
    return reader
  }
  return { source: { ...source, open }, splits: SPLITS, add, numberOf, bounded: true }
}

test('a source that ends is tried to its end', async () => {
  await verifySource(bounded, { runs: 100 })
  const backwards = ({ records, ...batch }: Batch<number>): Batch<number> => ({
    ...batch,
    records: records.toReversed(),
  })
  const shuffled = broken(({ poll }) => ({ poll: async (limit) => backwards(await poll(limit)) }), bounded)
  const noSeek = (): SourceBench<number> => {
    const bench = shuffled()
    return { ...bench, source: { ...bench.source, seekable: false } }
  }
  await verifySource(() => ({ ...noSeek(), unordered: true }), { runs: 100 })
  await expect(verifySource(noSeek, { runs: 1 })).rejects.toThrow("records of 'a' from the 0th on: found [")
})

type Reader = SourceReader<number>

/** A source with one fault: methods of the readers of a good one, replaced. */
function broken(
  change: (reader: Reader, bench: SourceBench<number>) => Partial<Reader>,
  make: () => SourceBench<number> = memory,
): () => SourceBench<number> {
  return () => {
    const bench = make()
    const open: SourceBench<number>['source']['open'] = async (task, at) => {
      const reader = await bench.source.open(task, at)
      return { ...reader, ...change(reader, bench) }
    }
    return { ...bench, source: { ...bench.source, open } }
  }
}

/** A fault in some batches. */
const batches = (change: (batch: Batch<number>, n: number) => Batch<number>): (() => SourceBench<number>) =>
  broken(({ poll }) => {
    let n = 0
    return {
      poll: (limit) => {
        const polled = poll(limit)
        return polled instanceof Promise ? polled.then((batch) => change(batch, n++)) : change(polled, n++)
      },
    }
  })

/** One more record at the end of each batch is lost or repeated. */
const loses = batches((batch) => ({ ...batch, records: batch.records.slice(0, -1) }))
const repeats = batches(({ records, ...batch }) => ({ ...batch, records: [...records, ...records.slice(-1)] }))

/** Positions are of the batch, not of the record. */
const seeking =
  (offsetOf: (offset: bigint) => bigint): (() => SourceBench<number>) =>
  () => {
    const bench = memory()
    const { source } = bench
    return {
      ...bench,
      source: {
        ...source,
        open: (task, at) =>
          source.open(
            task,
            at?.map(({ split, offset }) => ({ split, offset: offsetOf(offset) })),
          ),
      },
    }
  }

/** Only the splits with a position are read, once there are some. */
const onlyPositions = (): SourceBench<number> => {
  const bench = memory()
  const { source } = bench
  const open: typeof source.open = async (task, at) => {
    const reader = await source.open(task, at)
    if (at !== undefined) reader.pause(SPLITS.filter((split) => at.every((position) => position.split !== split)))
    return reader
  }
  return { ...bench, source: { ...source, open } }
}

/** One reader for all who open. */
const oneReader = (): SourceBench<number> => {
  const bench = memory()
  let reader: Promise<Reader> | undefined
  return { ...bench, source: { ...bench.source, open: (task) => (reader ??= bench.source.open(task)) } }
}

/** Closing one closes all. */
const closesAll = (): SourceBench<number> => {
  const bench = memory()
  const open: Reader[] = []
  return {
    ...bench,
    source: {
      ...bench.source,
      open: async (task, at) => {
        const reader = await bench.source.open(task, at)
        open.push(reader)
        return { ...reader, close: async () => void (await Promise.all(open.map((each) => each.close()))) }
      },
    },
  }
}

/** Waits for the records of one who waited, and does not look again. */
const sleeps = broken(({ poll }) => ({
  poll: (limit) => {
    const polled = poll(limit)
    return polled instanceof Promise ? new Promise<never>(() => {}) : polled
  },
}))

const reusesArray = broken(({ poll }) => {
  const kept: number[] = []
  return {
    poll: async (limit) => {
      const { records, ...batch } = await poll(limit)
      kept.splice(0, kept.length, ...records)
      return { ...batch, records: kept }
    },
  }
})

/** Where a pause drops what comes in it. */
const dropsPaused = broken(({ poll, pause, resume }) => {
  const paused = new Set<string>()
  return {
    pause: (splits) => splits.forEach((split) => paused.add(split)),
    resume: (splits) => {
      for (const split of splits) paused.delete(split)
      pause([])
      resume(splits)
    },
    poll: async (limit) => {
      let batch = await poll(limit)
      while (paused.has(batch.split)) batch = await poll(limit)
      return batch
    },
  }
})

/** Tells what it committed before anything said it was safe. */
const commitsReads = broken(({ poll, committed }) => ({
  poll: async (limit) => {
    const batch = await poll(limit)
    await committed([{ split: batch.split, offset: batch.next }])
    return batch
  },
}))

/** Leaves out batches of splits that were not there at first. */
async function known(poll: Reader['poll'], limit: number): Promise<Batch<number>> {
  let batch = await poll(limit)
  while (!SPLITS.includes(batch.split)) batch = await poll(limit)
  return batch
}

const losesAtPause = broken(({ poll, pause }) => {
  let pauses = 0
  return {
    pause: (splits) => {
      pauses++
      pause(splits)
    },
    poll: async (limit) => {
      const { records, ...batch } = await poll(limit)
      return { ...batch, records: pauses === 2 && batch.split === 'c' ? records.slice(1) : records }
    },
  }
})

const finishedWith = (of: (batch: Batch<number>, n: number) => boolean): (() => SourceBench<number>) =>
  batches((batch, n) => ({ ...batch, finished: of(batch, n) }))

const MUTANTS: readonly Fault<() => SourceBench<number>>[] = [
  ['loses the last record of a batch', loses, 'every record comes once'],
  ['gives the last record of a batch twice', repeats, 'every record comes once'],
  ['reuses the array of a batch', reusesArray, 'every record comes once'],
  [
    'gives every batch twice',
    broken(({ poll }) => {
      let again: Batch<number> | undefined
      return {
        poll: async (limit) => {
          const batch = again ?? (await poll(limit))
          again = again === undefined ? batch : undefined
          return batch
        },
      }
    }),
    'every record comes once',
  ],
  [
    'reads backwards',
    batches(({ records, ...batch }) => ({ ...batch, records: records.toReversed() })),
    'every record comes once',
  ],
  ['names another split', batches((batch) => ({ ...batch, split: 'a' })), 'every record comes once'],
  ['numbers each batch from 0', batches((batch) => ({ ...batch, first: 0n })), 'every record comes once'],
  [
    'says the key of the record before',
    batches((batch) => ({ ...batch, info: (i) => batch.info?.(i - 1) ?? {} })),
    'every record comes once',
  ],
  ['has a limit of its own', broken(({ poll }) => ({ poll: () => poll(10) })), 'a batch holds at most the limit'],
  ['names no splits', broken(() => ({ splits: [] })), 'the splits that are there are named'],
  ['has one reader for all', oneReader, 'a description opens readers that know nothing of each other'],
  ['ignores positions', seeking(() => 0n), 'a reader goes on from positions'],
  ['skips a record after a restart', seeking((offset) => offset + 1n), 'a reader goes on from positions'],
  [
    'goes back to the beginning of a batch',
    seeking((offset) => offset - (offset % 2n)),
    'a reader goes on from positions',
  ],
  ['reads only what has a position', onlyPositions, 'a split without a position is read'],
  ['misses what comes while it waits', sleeps, 'a poll waits for what is not there yet'],
  ['ignores a pause', broken(() => ({ pause: () => {} })), 'a paused split does not deliver'],
  ['drops what comes in a pause', dropsPaused, 'a paused split does not deliver'],
  ['never resumes', broken(() => ({ resume: () => {} })), 'a paused split does not deliver'],
  [
    'resumes, and does not say so to who waits',
    broken(({ poll, resume }) => {
      let waiting = 0
      return {
        poll: async (limit) => {
          waiting++
          return Promise.resolve(poll(limit)).finally(() => waiting--)
        },
        resume: (splits) => {
          if (waiting === 0) resume(splits)
        },
      }
    }),
    'resuming ends the wait of a poll',
  ],
  ['is always caught up', batches((batch) => ({ ...batch, caughtUp: true })), 'a split counts as caught up'],
  ['says too early that it is caught up', broken(() => ({ caughtUp: () => true })), 'a split counts as caught up'],
  ['never catches up', broken(() => ({ caughtUp: () => false })), 'a split counts as caught up'],
  [
    'knows the splits of the beginning',
    broken(({ poll }) => ({ poll: (limit) => known(poll, limit) })),
    'a split that is added',
  ],
  ['finishes too early', finishedWith((_, n) => n > 0), 'every split finishes with its last record'],
  ['never finishes', finishedWith(() => false), 'every split finishes with its last record'],
  ['commits what was read', commitsReads, 'committed positions are kept'],
  ['keeps no positions', broken(() => ({ committed: async () => {} })), 'committed positions are kept'],
  [
    'goes where it is told to commit',
    broken(({ committed, resume, pause }) => ({
      committed: async (at) => {
        await committed(at)
        if (at.length > 0) pause(SPLITS)
        else resume(SPLITS)
      },
    })),
    'committed positions are kept',
  ],
  [
    'never closes while it is asked',
    broken(() => ({ close: () => new Promise<never>(() => {}) })),
    'a reader closes while a poll waits',
  ],
  ['closes all readers', closesAll, 'a reader closes while a poll waits'],
  ['loses a record at its second pause', losesAtPause, 'any history of records'],
]

faultsAreFound(MUTANTS, (make) => sourceChecks(make, { runs: 20, seed: 1, clock: impatient }), sourceChecks(memory))

test('replay keeps the contract', async () => {
  await verifySource<number>(
    () => {
      const records: number[] = []
      return {
        source: replay(records, { arrivedAt: (record) => record }),
        splits: ['0'],
        add: (_, numbers) => void records.push(...numbers),
        numberOf: (record) => record,
        bounded: true,
      }
    },
    { runs: 100 },
  )
})
