import { type LogEntry, type LogSession, type Pane, type Sink, type SinkWriter, memoryLog } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { type Fault, faultsAreFound, impatient } from '../../test/faults.ts'
import type { ResultsLogBench } from './log-stage.ts'
import { resultsLogChecks, verifyResultsLog } from './verify-results-log.ts'

function memory(): ResultsLogBench {
  const log = memoryLog({ partitions: 3 })
  return { log, sink: log.sink, truncate: log.truncate }
}

describe('memoryLog keeps the contract', () => {
  test.each(resultsLogChecks(memory))('$name', ({ run }) => run())
})

type Panes = Pane<string, number>
type Writer = SinkWriter<Panes>

/** A log with one fault: methods of the sessions of a good one, replaced. */
const broken = (change: (session: LogSession) => Partial<LogSession>) => (): ResultsLogBench => {
  const bench = memory()
  const open: typeof bench.log.open = async (options) => {
    const session = await bench.log.open(options)
    return { ...session, ...change(session) }
  }
  return { ...bench, log: { ...bench.log, open } }
}

/** What is read is another thing than what was written. */
const reading = (map: (entries: readonly LogEntry[]) => readonly LogEntry[]): (() => ResultsLogBench) =>
  broken(({ read }) => ({
    read: async (...args) => {
      const { entries, ...batch } = await read(...args)
      return { ...batch, entries: map(entries) }
    },
  }))

const eachEntry = (map: (entry: LogEntry) => LogEntry): (() => ResultsLogBench) => reading((found) => found.map(map))

/** The sink writes another thing than what it is given. */
const writing = (change: (writer: Writer) => Partial<Writer>) => (): ResultsLogBench => {
  const bench = memory()
  const open: Sink<Panes>['open'] = async (task) => {
    const writer = await bench.sink.open(task)
    return { ...writer, ...change(writer) }
  }
  return { ...bench, sink: { ...bench.sink, open } }
}

/** Every partition is its own log, and results go to each in turn. */
const inTurn = (): ResultsLogBench => {
  const logs = [memoryLog(), memoryLog()] as const
  let turn = 0
  const open: Sink<Panes>['open'] = async (task) => {
    const writers = await Promise.all(logs.map((log) => log.sink.open(task)))
    return {
      write: async (panes) => {
        for (const pane of panes) await writers[turn++ % 2]?.write([pane])
      },
      progress: async (watermark) => {
        for (const writer of writers) await writer.progress(watermark)
      },
      flush: async () => {},
      close: async () => {},
    }
  }
  const openLog: ResultsLogBench['log']['open'] = async (options) => {
    const [one, other] = await Promise.all(logs.map((log) => log.open(options)))
    const of = (name: string): LogSession => (name === '0' ? one : other) as LogSession
    return {
      partitions: ['0', '1'],
      bounds: (name) => of(name).bounds('0'),
      read: (name, ...args) => of(name).read('0', ...args),
      close: async () => {},
    }
  }
  return { log: { kind: 'in turn', open: openLog }, sink: { keepsAccumulators: true, open } }
}

/** One place of reading for all sessions. */
const sharedPlace = (): ResultsLogBench => {
  const bench = memory()
  const session = bench.log.open({}).then((one) => ({ ...one, read: moving(one) }))
  return { ...bench, log: { ...bench.log, open: () => session } }
}

/** Goes on by itself from the second read on, as a consumer does. */
function moving({ read }: LogSession): LogSession['read'] {
  const next = new Map<string, bigint>()
  return async (partition, from, ...args) => {
    const at = from === 0n ? from : (next.get(partition) ?? from)
    const batch = await read(partition, at, ...args)
    next.set(partition, batch.next)
    return batch
  }
}

/** Closing a session closes the log. */
const closesAll = (): ResultsLogBench => {
  const bench = memory()
  let closed = false
  const open: typeof bench.log.open = async (options) => {
    const session = await bench.log.open(options)
    return {
      ...session,
      read: async (...args) => {
        if (closed) throw new Error('closed')
        return session.read(...args)
      },
      close: async () => {
        closed = true
      },
    }
  }
  return { ...bench, log: { ...bench.log, open } }
}

/** Shows what is not decided: a sink that says it is transactional, and writes at once. */
const seenAtOnce = (): ResultsLogBench => {
  const bench = memory()
  const done = (): Promise<undefined> => Promise.resolve(undefined)
  const session = { load: done, save: done, commit: done, abort: done, close: done }
  const transactions = { kind: 'at once', everyMs: 1, domain: {}, open: () => Promise.resolve(session) }
  return { ...bench, sink: Object.assign({ ...bench.sink }, { transactions }) }
}

/** Gives entries that change when it is read again. */
const changing = (): ResultsLogBench => {
  let opened = 0
  return broken(({ read }) => {
    const nth = opened++
    return {
      read: async (...args) => {
        const { entries, ...batch } = await read(...args)
        return { ...batch, entries: entries.map((each) => ({ ...each, offset: each.offset + (nth > 0 ? 1n : 0n) })) }
      },
    }
  })()
}

const MUTANTS: readonly Fault<() => ResultsLogBench>[] = [
  ['any partition for a key', inTurn, 'every result is in the partition of its key'],
  [
    'knows no withdrawals',
    reading((found) => found.filter((entry) => entry.kind === 'progress' || entry.cell.value !== null)),
    'every result is in the partition of its key',
  ],
  [
    'keeps no corrections',
    writing(({ write }) => ({ write: (panes) => write(panes.filter(({ kind }) => kind !== 'correction')) })),
    'every result is in the partition of its key',
  ],
  [
    'keeps values in place of accumulators',
    writing(({ write }) => ({
      write: (panes) =>
        write(panes.map((pane) => (pane.kind === 'value' ? { ...pane, accumulator: Buffer.of(1) } : pane))),
    })),
    'every result is in the partition of its key',
  ],
  [
    'keeps only the newest of a key',
    reading((found) => found.filter((entry, i) => entry.kind === 'progress' || i % 5 > 0)),
    'every result is in the partition of its key',
  ],
  [
    'counts no late records apart',
    eachEntry((entry) => (entry.kind === 'result' ? { ...entry, records: 0 } : entry)),
    'every result is in the partition of its key',
  ],
  ['tells no progress', writing(() => ({ progress: () => {} })), 'progress is in every partition'],
  [
    'tells progress in one partition',
    broken(({ read }) => ({
      read: async (partition, ...args) => {
        const { entries, ...batch } = await read(partition, ...args)
        return { ...batch, entries: partition === '0' ? entries : entries.filter(({ kind }) => kind === 'result') }
      },
    })),
    'progress is in every partition',
  ],
  [
    'progress overtakes results',
    writing(({ write, progress }) => {
      let held: readonly Panes[] = []
      return {
        write: (panes) => {
          held = panes
        },
        progress: async (watermark) => {
          await progress(watermark)
          await write(held)
        },
        flush: async () => {
          await write(held)
        },
      }
    }),
    'progress is in every partition',
  ],
  [
    'has a limit of its own',
    broken(({ read }) => ({ read: (name, from) => read(name, from, 50, 0) })),
    'a read goes on at any offset',
  ],
  [
    'begins where a page begins',
    broken(({ read }) => ({ read: (name, from, ...args) => read(name, from - (from % 4n), ...args) })),
    'a read goes on at any offset',
  ],
  ['gives other offsets the next time', changing, 'what is in the log stays as it is'],
  [
    'has always caught up',
    broken(({ read }) => ({ read: async (...args) => ({ ...(await read(...args)), caughtUp: true }) })),
    'a read has caught up where nothing more is',
  ],
  [
    'never catches up',
    broken(({ read }) => ({ read: async (...args) => ({ ...(await read(...args)), caughtUp: false }) })),
    'a read has caught up where nothing more is',
  ],
  ['waits for ever', broken(({ read }) => ({ read: (...args) => waiting(read, args) })), 'a read waits for what comes'],
  [
    'sleeps through what comes',
    broken(({ read }) => ({ read: (...args) => sleeping(read, args) })),
    'a read waits for what comes',
  ],
  ['has one place for all', sharedPlace, 'sessions know nothing of each other'],
  ['closes all', closesAll, 'sessions know nothing of each other'],
  [
    'has any partition',
    broken(({ bounds }) => ({
      bounds: (name) => (name.length > 1 ? Promise.resolve({ first: 0n, end: 0n }) : bounds(name)),
    })),
    'what is not there is refused',
  ],
  [
    'begins behind what was taken without a word',
    broken(({ read, bounds }) => ({
      read: async (name, from, ...args) => {
        const { first } = await bounds(name)
        return read(name, from < first ? first : from, ...args)
      },
    })),
    'what retention has taken is told',
  ],
  [
    'never knows that anything was taken',
    broken(({ bounds }) => ({ bounds: async (name) => ({ ...(await bounds(name)), first: 0n }) })),
    'what retention has taken is told',
  ],
  ['shows what is not decided', seenAtOnce, 'nothing is in the log before it is committed'],
]

type Read = LogSession['read']

async function waiting(read: Read, args: Parameters<Read>): ReturnType<Read> {
  const batch = await read(...args)
  return batch.entries.length === 0 && args[3] > 0 ? new Promise<never>(() => {}) : batch
}

async function sleeping(read: Read, args: Parameters<Read>): ReturnType<Read> {
  const [name, from, limit, waitMs] = args
  const batch = await read(name, from, limit, 0)
  return batch.entries.length === 0 && waitMs > 1_000 ? new Promise<never>(() => {}) : batch
}

faultsAreFound(
  MUTANTS,
  (make) => resultsLogChecks(make, { clock: impatient, patience: '100ms' }),
  resultsLogChecks(memory),
)

test('says what it found', async () => {
  const make = writing(() => ({ progress: () => {} }))
  await expect(verifyResultsLog(make, { clock: impatient, patience: '100ms' })).rejects.toThrow(
    /progress is in every partition, behind the results that it is about: the last entry of '0': found .* \(on-time, 1 records, 0 late\), expected progress of '0', one of 1 to -5/,
  )
})
