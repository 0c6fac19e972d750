/**
 * Owns the one error class of the library and the ways to make one: a mistake in how a pipeline is built (thrown while
 * building), a record that cannot be processed (handled by the stage's error policy), and what a connector finds wrong.
 * Late data is not an error and never appears here.
 */

/** Where an error happened, as far as it is known. */
export interface ErrorPlace {
  readonly pipeline?: string
  readonly operator?: string
  readonly split?: string
  readonly offset?: bigint
  readonly key?: unknown
}

export interface StreamErrorOptions {
  readonly retryable?: boolean
  readonly cause?: unknown
  readonly at?: ErrorPlace
}

/**
 * Every error that Tidemark throws or reports. `code` is stable and meant for programs; the message says what was
 * found, what was expected and what to do. `retryable` tells whether the same call may succeed later.
 */
export class StreamError extends Error {
  override readonly name: string = 'StreamError'
  readonly code: string
  readonly retryable: boolean
  readonly at: ErrorPlace

  constructor(code: string, message: string, options: StreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.at = options.at ?? {}
  }
}

/** What a message must answer: the value that was found, or in words what was seen. */
export type Finding = { readonly expected: string; readonly remedy: string } & (
  { readonly found: unknown } | { readonly saw: string }
)

/** An error in how something is put together: thrown while a pipeline is built, never while it runs. */
export function configError(code: string, what: string, finding: Finding): StreamError {
  return new StreamError(code, sentence(what, finding))
}

/** A record that a stage cannot process; the stage's policy (fail, skip or dead-letter) decides what follows. */
export function recordError(code: string, what: string, finding: Finding, cause?: unknown): StreamError {
  return new StreamError(code, sentence(what, finding), cause === undefined ? {} : { cause })
}

/** What a connector found wrong, in words, so that no value is printed by mistake that may be a secret. */
export interface Problem {
  readonly found: string
  readonly expected: string
  readonly remedy: string
}

/**
 * An error of a connector or a store, worded as all are: `what` opens the sentence, then what was found, what was
 * expected, and what to do.
 * @example throw problem('BAD_TABLE', "'table'", { found: show(table), expected: 'a name', remedy: 'Name one.' })
 */
export function problem(code: string, what: string, finding: Problem, options: StreamErrorOptions = {}): StreamError {
  const { found, expected, remedy } = finding
  return new StreamError(code, sentence(what, { saw: found, expected, remedy }), options)
}

/** What was thrown, in words: the name and the message of an Error, the text of anything else. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}

function sentence(what: string, finding: Finding): string {
  return `${what}: found ${'saw' in finding ? finding.saw : show(finding.found)}, expected ${finding.expected}. ${finding.remedy}`
}

/** A short, safe rendering of any value for messages: never throws, never longer than a line. */
export function show(value: unknown): string {
  const text = render(value)
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

function render(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${value}'`
    case 'bigint':
      return `${value}n`
    case 'function':
      return `function ${value.name || '(anonymous)'}`
    case 'object': {
      if (value === null) return 'null'
      try {
        return (
          JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? 'an object'
        )
      } catch {
        return 'an object that cannot be printed'
      }
    }
    default:
      return String(value)
  }
}
