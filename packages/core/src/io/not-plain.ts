/** Owns what every place that keeps state says of one that it cannot keep. */
import { type StreamError, problem } from '../errors/stream-error.ts'

/** `what` names the state, `found` what in it cannot be kept. */
export function notPlain(what: string, found: string, cause: unknown): StreamError {
  const expected = 'plain values (objects, arrays, Map, Set, Date, bigint, bytes)'
  const remedy = 'Keep only such values in records, keys and accumulators, or give the aggregator encode and decode.'
  return problem('CHECKPOINT_NOT_PLAIN', what, { found, expected, remedy }, { cause })
}
