/**
 * Owns transactions in memory: results that are seen when their interval is committed, together with the state and the
 * positions that they were made of. For tests of what is exactly once, and as the contract in code.
 */
import { StreamError } from '../errors/stream-error.ts'
import { fromParts, partsOf } from './parts.ts'
import type { TransactionalSink } from './sink.ts'
import type { TransactionSession, Transactions } from './transaction.ts'

declare const structuredClone: <T>(value: T) => T

/** A sink of `memoryTransactions`, with what was committed. */
export interface CommittedItems<P> extends TransactionalSink<P> {
  readonly items: readonly P[]
}

export interface MemoryTransactions {
  /** A sink that writes into the transactions of its job; several of one job share them. */
  sink<P>(): CommittedItems<P>
  /** The next commit is aborted with this error; once for each call. */
  abortNext(error: StreamError): void
  /** Commits so far. */
  readonly commits: number
}

/** What is open. Cleared when it is decided. */
class Open {
  readonly items: (readonly [into: unknown[], item: unknown])[] = []
  readonly states: Map<string, ReadonlyMap<string, unknown>> = new Map()
}

/**
 * Keeps results and states of jobs, by name. A job that is opened a second time fences the first: what that one has not
 * committed is dropped, and it fails with FENCED.
 */
export function memoryTransactions(options: { readonly everyMs?: number } = {}): MemoryTransactions {
  const { everyMs = 100 } = options
  const states = new Map<string, ReadonlyMap<string, unknown>>()
  const owners = new Map<string, object>()
  const aborts: StreamError[] = []
  const sessions = new WeakMap<TransactionSession, Open>()
  const domain = {}
  let commits = 0

  const open = (job: string): TransactionSession => {
    const owner = {}
    owners.set(job, owner)
    const pending = new Open()
    const clear = (): void => {
      pending.items.length = 0
      pending.states.clear()
    }
    const session: TransactionSession = {
      load: (task) => {
        const parts = states.get(`${job}/${task}`)
        return Promise.resolve(parts === undefined ? undefined : fromParts(structuredClone(parts)))
      },
      save: (task, state) => {
        const parts = [...partsOf(state)].map(({ name, value }) => [name, structuredClone(value)] as const)
        pending.states.set(task, new Map(parts))
        return Promise.resolve()
      },
      commit: () => {
        const aborted = aborts.shift()
        if (owners.get(job) !== owner) return Promise.reject(fenced(job))
        if (aborted === undefined) {
          for (const [into, item] of pending.items) into.push(item)
          for (const [task, parts] of pending.states) states.set(`${job}/${task}`, parts)
          commits++
        }
        clear()
        return Promise.resolve(aborted)
      },
      abort: () => Promise.resolve(clear()),
      close: () => Promise.resolve(clear()),
    }
    sessions.set(session, pending)
    return session
  }
  const transactions: Transactions = {
    kind: 'memoryTransactions()',
    everyMs,
    domain,
    open: ({ job }) => Promise.resolve(open(job)),
  }
  return {
    sink: <P>() => {
      const items: P[] = []
      return {
        kind: 'memoryTransactions()',
        items,
        transactions,
        open: (task) => {
          const pending = task.transaction && sessions.get(task.transaction)
          if (pending === undefined) throw new TypeError('a sink of memoryTransactions was opened outside of them')
          return Promise.resolve({
            write: (batch: readonly P[]) => {
              for (const item of batch) pending.items.push([items, item])
            },
            progress: () => {},
            flush: () => Promise.resolve(),
            close: () => Promise.resolve(),
          })
        },
      }
    },
    abortNext: (error) => void aborts.push(error),
    get commits() {
      return commits
    },
  }
}

function fenced(job: string): StreamError {
  return new StreamError(
    'FENCED',
    `The job '${job}': found that it was started anew, expected to be the only one of its name. This one stops; the other goes on from what was committed.`,
  )
}
