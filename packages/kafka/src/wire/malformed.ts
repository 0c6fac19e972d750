/** Owns how bytes that are no record batch are reported. */
import { StreamError } from '@tidemark/core'

/** An error for bytes that do not follow the format; `found` and `expected` complete the sentence. */
export function malformed(what: string, found: string, expected: string, cause?: unknown): StreamError {
  return new StreamError(
    'KAFKA_BAD_BATCH',
    `${what}: found ${found}, expected ${expected}. The bytes were damaged or are of another format: read the topic with another client to tell which, and go on behind the batch by seeking past it.`,
    cause === undefined ? {} : { cause },
  )
}
