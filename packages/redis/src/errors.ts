/** Owns how this package words its errors: what was found, what was expected, what to do. */
import { StreamError, type StreamErrorOptions } from '@tidemark/core'

export interface Finding {
  readonly found: string
  readonly expected: string
  readonly remedy: string
}

/** `what` opens the sentence; the finding is words, not values, so that nobody prints a secret by mistake. */
export function problem(code: string, what: string, finding: Finding, options?: StreamErrorOptions): StreamError {
  return new StreamError(
    code,
    `${what}: found ${finding.found}, expected ${finding.expected}. ${finding.remedy}`,
    options,
  )
}

/** A short rendering of a value that a user gave, for messages. */
export function show(value: unknown): string {
  let shown: string
  try {
    shown = typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value))
  } catch {
    shown = String(value)
  }
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown
}

/** What was thrown, in words. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}
