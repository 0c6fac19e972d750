/** Owns the words of an error: what was found, what was expected, what to do. */
import { StreamError } from '@tidemark/core'

export interface Refusal {
  readonly found: string
  readonly expected: string
  readonly remedy: string
}

export function refused(code: string, what: string, { found, expected, remedy }: Refusal): StreamError {
  return new StreamError(code, `${what}: found ${found}, expected ${expected}. ${remedy}`)
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
