/**
 * Owns what a timestamp is: a safe integer of milliseconds since the epoch; negative is allowed.
 * Everything else is a record error, never a silent window (semantics: section 1).
 */
import { recordError, type StreamError } from '../errors/stream-error.ts'

/** No watermark yet: below every timestamp. */
export const BEFORE_ALL: number = Number.NEGATIVE_INFINITY
/** The watermark after the end of all input: above every timestamp. */
export const AFTER_ALL: number = Number.POSITIVE_INFINITY

/** The error for a value that is no timestamp. */
export function badTimestamp(found: unknown): StreamError {
  return recordError('BAD_TIMESTAMP', 'The timestamp of a record', {
    found,
    expected: 'a whole number of milliseconds since 1970 (a safe integer, negative allowed)',
    remedy: 'Return milliseconds from eventTime({ timestamp }); Date.parse(text) makes them from ISO text.',
  })
}
