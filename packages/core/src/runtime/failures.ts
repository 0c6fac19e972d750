/** Owns what a running job fails with, or goes on after, that is neither a record's nor a sink's matter. */
import { StreamError, reasonOf } from '../errors/stream-error.ts'

export function sourceFailed({ name }: { readonly name: string }, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const text = reasonOf(cause)
  return new StreamError('SOURCE_FAILED', `The source '${name}' failed at poll with ${text}.`, {
    cause,
    at: { operator: name },
  })
}

export function notOwner(job: string): StreamError {
  return new StreamError(
    'NOT_OWNER',
    `The job '${job}': found that tasks it has read belong to another process now, expected to own them when committing. What was not committed of them is dropped; the new owner goes on from what was.`,
    { retryable: true },
  )
}

export function positionMoved(job: string, split: string, known: bigint, found: bigint): StreamError {
  return new StreamError(
    'POSITION_MOVED',
    `The job '${job}': found the committed position of '${split}' at ${found}, expected ${known}, where its state is from. Somebody has reset the offsets, or they have expired: put them back, or start under another name to read anew with an empty state.`,
    { at: { split, offset: found } },
  )
}
