/** Owns what happens to a record that a stage cannot process: the user's exception is wrapped once, here. */
import { StreamError, reasonOf } from '../errors/stream-error.ts'
import type { DeadLetter } from '../pane/pane.ts'
import type { Cursor } from './cursor.ts'

export type Rejected = 'skipped' | 'deadLettered'
/** Applies a stage's policy: tells how the record is counted, or throws. */
export type Reject = (error: unknown, value: unknown) => Rejected

export interface RejectOptions {
  readonly pipeline: string
  readonly stage: string
  readonly policy: 'fail' | 'skip' | 'deadLetter'
  /** The stage works on results: what it was given is a pane, and no record of the source. */
  readonly ofResult?: boolean
  readonly deadLetters: ((letter: DeadLetter) => void) | undefined
}

export function makeReject(options: RejectOptions, cursor: Cursor): Reject {
  const { pipeline, stage, policy, deadLetters } = options
  return (cause, value) => {
    const error = wrap(cause, pipeline, stage, cursor)
    if (policy === 'skip') return 'skipped'
    if (policy === 'fail' || deadLetters === undefined) throw error
    deadLetters({
      original: options.ofResult === true ? value : cursor.original,
      value,
      stage,
      code: error.code,
      reason: error.message,
      meta: cursor.keep(),
    })
    return 'deadLettered'
  }
}

function wrap(cause: unknown, pipeline: string, stage: string, cursor: Cursor): StreamError {
  const { split, offset } = cursor.position
  const at = { pipeline, operator: stage, split, offset }
  const where = `At '${stage}' of '${pipeline}', split '${split}', offset ${offset}`
  if (cause instanceof StreamError)
    return new StreamError(cause.code, `${where}. ${cause.message}`, {
      retryable: cause.retryable,
      cause: cause.cause ?? cause,
      at,
    })
  const text = reasonOf(cause)
  return new StreamError(
    'USER_FUNCTION_THREW',
    `${where}. The function of '${stage}' threw ${text}. Handle the value there, or set onError: 'skip' or { deadLetterTo: sink }.`,
    { cause, at },
  )
}
