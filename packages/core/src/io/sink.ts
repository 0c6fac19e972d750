/**
 * Owns the contract of sinks. A sink is a description; `open` makes the writer. Writing a pane twice is harmless.
 * `verifySink` in @tidemark/testing tries to break it.
 */
import type { Task } from './source.ts'
import type { Transactions } from './transaction.ts'

/**
 * Receives batches in order. `progress(w)` says: no result of a window that is freed at w will change any more; all
 * panes of the step have been written before; `idle`: no split of the task is active, so others need not wait for it.
 * `flush` resolves when everything written is safe.
 */
export interface SinkWriter<in P> {
  readonly write: (batch: readonly P[]) => void | Promise<void>
  readonly progress: (watermark: number, idle?: boolean) => void | Promise<void>
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * `latestValuesOnly` marks a sink that keeps the newest value per key and window: deltas would lose data there.
 * `keepsAccumulators` marks one that feeds stores whose readers merge results: its value panes carry the encoded
 * accumulator, panes that a filter of results leaves out come too, marked `filtered`, and records that are too late come
 * as corrections.
 */
export interface Sink<in P> {
  readonly kind?: string
  readonly latestValuesOnly?: boolean
  readonly keepsAccumulators?: boolean
  readonly open: (task: Task) => Promise<SinkWriter<P>>
}

/**
 * A sink whose results are decided with state and positions. As the primary sink it makes the job exactly-once. Its
 * writers are given the session (`Task.transaction`) and write into the open transaction: `flush` puts into it what the
 * writer still holds, `close` leaves the session alone.
 */
export interface TransactionalSink<in P> extends Sink<P> {
  readonly transactions: Transactions
}

export function isTransactional(sink: Sink<never>): sink is TransactionalSink<never> {
  return (sink as Partial<TransactionalSink<never>>).transactions !== undefined
}

/**
 * primary decides the commit; required is fed from what the commit made durable; bestEffort gets panes at once, never
 * holds anything up, and loses panes (counted) when it fails or cannot keep up.
 */
export type Role = 'primary' | 'required' | 'bestEffort'
export interface ToOptions {
  readonly role?: Role
  readonly name?: string
}
