/** Owns the results log in a folder, and how a job commits to it: results, state and positions in one transaction. */
import {
  type Clock,
  type Duration,
  type Key,
  type LogSession,
  type Pane,
  type ResultsLog,
  type Signal,
  type TimeWindow,
  type TransactionSession,
  type TransactionalSink,
  type Transactions,
  loggedPane,
  periodMs,
  systemClock,
  problem,
} from '@tidemark/core'
import { Stop, sleep } from '../wait.ts'
import { type Environment, type FolderOptions, checkFolder, openFolder } from './environment.ts'
import { JobSession } from './job-session.ts'
import { LogTable } from './log-table.ts'
import { numberOf } from './names.ts'

export interface EmbeddedLogOptions extends FolderOptions {
  /** Which of the logs in the folder; 'results' if not given. */
  readonly name?: string
  /** How often a job commits; results wait that long at most. Default '100ms'. */
  readonly every?: Duration
  /** How many of the newest entries are kept at least, ten million if not given. */
  readonly retain?: number
  /** What waiting reads go by. */
  readonly clock?: Clock
}

export interface EmbeddedLog extends ResultsLog {
  /** Where a pipeline writes: as its primary sink, without a checkpoint beside it. */
  readonly sink: TransactionalSink<Pane<Key, unknown, TimeWindow>>
}

const PARTITION = '0'
/** What other processes write is looked for so often. */
const LOOK_MS = 50

/**
 * A results log in a folder of this machine, on LMDB. A job that writes to its sink is exactly-once: results, positions
 * and state are committed in one transaction, so a job that is killed goes on from there. Needs the optional peer `lmdb`.
 * @throws StreamError BAD_EMBEDDED, BAD_DURATION; a job fails with FENCED where it was started anew elsewhere, with
 * EMBEDDED_FULL, and with CHECKPOINT_NOT_PLAIN
 * @example
 * const log = embeddedLog({ path: './results' })
 * pageStats.to(log.sink)
 */
export function embeddedLog(options: EmbeddedLogOptions): EmbeddedLog {
  const { name = 'results', every = '100ms', retain = 10_000_000, clock = systemClock } = options
  checkFolder('embeddedLog', options)
  if (!Number.isSafeInteger(retain) || retain < 1)
    throw problem('BAD_EMBEDDED', "'retain' of embeddedLog", {
      found: String(retain),
      expected: 'a whole number of at least 1',
      remedy: 'Leave it out for ten million entries.',
    })
  const kind = `embeddedLog(${options.path})`
  const tableOf = (environment: Environment): LogTable =>
    new LogTable(environment, numberOf(environment, 'log', name), retain)
  const jobs = new WeakMap<TransactionSession, { readonly job: JobSession; readonly table: LogTable }>()
  const transactions: Transactions = {
    kind,
    everyMs: periodMs(every, "'every' of embeddedLog"),
    domain: {},
    open: async ({ job: jobName, sources }) => {
      if (sources.length > 0) throw sharedSource(jobName)
      const environment = openFolder(options)
      const job = new JobSession(environment, jobName)
      const session: TransactionSession = {
        load: (task) => job.load(task),
        save: (task, state, pause) => job.save(task, state, pause),
        commit: () => job.commit(),
        abort: async () => job.drop(),
        close: () => job.close(),
      }
      jobs.set(session, { job, table: tableOf(environment) })
      return session
    },
  }
  return Object.freeze({
    kind,
    sink: Object.freeze({
      kind,
      keepsAccumulators: true,
      transactions,
      open: async ({ id, transaction }) => {
        const found = transaction && jobs.get(transaction)
        if (found === undefined)
          throw new TypeError('the sink of an embedded log was opened outside of its transactions')
        const { job, table } = found
        return {
          write: (panes) => job.append(table, panes.map(loggedPane)),
          progress: (watermark, idle = false) =>
            job.append(table, [{ kind: 'progress', task: id, watermark, tasks: 1, idle }]),
          flush: async () => {},
          close: async () => {},
        }
      },
    } satisfies EmbeddedLog['sink']),
    open: async ({ signal }) => {
      const environment = openFolder(options)
      return reading(environment, tableOf(environment), clock, signal)
    },
  } satisfies EmbeddedLog)
}

function reading(environment: Environment, table: LogTable, clock: Clock, signal: Signal | undefined): LogSession {
  const closing = new Stop(signal)
  /** Until something is written here, or somebody else may have. */
  const news = async (waitMs: number): Promise<void> => {
    const woken = new Stop(closing)
    const forget = environment.onWrite(() => woken.abort())
    await sleep(clock, Math.min(waitMs, LOOK_MS), woken)
    forget()
    woken.abort()
  }
  return {
    partitions: [PARTITION],
    bounds: async (partition) => {
      known(partition)
      return table.bounds()
    },
    read: async (partition, from, limit, waitMs) => {
      known(partition)
      const until = clock.now() + waitMs
      for (;;) {
        const batch = table.read(from, limit)
        const left = until - clock.now()
        if (batch.entries.length > 0 || left <= 0 || closing.aborted) return batch
        await news(left)
      }
    },
    close: async () => {
      closing.abort()
      await environment.close()
    },
  }
}

function known(partition: string): void {
  if (partition !== PARTITION)
    throw new RangeError(`An embedded log has no partition '${partition}', only ${PARTITION}.`)
}

function sharedSource(job: string): Error {
  return problem('BAD_EMBEDDED', `The job '${job}' with an embedded log`, {
    found: 'a source that several processes share',
    expected: 'sources that this process alone reads: the folder keeps their positions',
    remedy: "Leave out 'group', or write to a Kafka results topic.",
  })
}
