/** Owns JSON.parse on a part of a buffer, with errors in our words. */
import { problem } from '@tidemark/core'
import { asBuffer } from './as-buffer.ts'

/** What JSON.parse makes of bytes[start, end). */
export function parseRange(bytes: Uint8Array, start: number, end: number): unknown {
  const source = asBuffer(bytes).toString('utf8', start, end)
  try {
    return JSON.parse(source) as unknown
  } catch (cause) {
    throw problem(
      'BAD_JSON',
      'A value',
      {
        found: `no JSON (${(cause as Error).message})`,
        expected: 'JSON text in UTF-8',
        remedy: 'Give the source onBadRecord, or the decoder that fits the topic.',
      },
      { cause },
    )
  }
}
