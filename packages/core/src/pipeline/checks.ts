/** Owns the checks that all stages share: what was found, what was expected, what to do. Thrown while building. */
import { configError } from '../errors/stream-error.ts'
import type { Sink } from '../io/sink.ts'
import { type Duration, toPositiveMs } from '../time/duration.ts'
import type { OnError } from './plan.ts'

/** A function of the user's, whatever it takes. */
export type Fn = (value: never, meta: never) => unknown

export function checkPolicy(policy: OnError): OnError {
  if (
    policy === 'fail' ||
    policy === 'skip' ||
    (typeof policy === 'object' && policy !== null && typeof policy.deadLetterTo?.open === 'function')
  )
    return policy
  throw configError('BAD_POLICY', 'onError', {
    found: policy,
    expected: "'fail', 'skip' or { deadLetterTo: sink }",
    remedy: 'Say what happens to records that cannot be processed.',
  })
}

export function checkFn(fn: unknown, what: string): Fn {
  if (typeof fn === 'function') return fn as Fn
  throw configError('BAD_FUNCTION', what, {
    found: fn,
    expected: 'a function',
    remedy: 'Pass a function of the value (and its meta).',
  })
}

export function checkSink(sink: Sink<never>): Sink<never> {
  if (typeof sink?.open === 'function') return sink
  throw configError('BAD_SINK', 'A sink', {
    found: sink,
    expected: 'an object with open(task)',
    remedy: 'See collected(), latestValues() and forEach() for sinks in memory.',
  })
}

export function oneOf(what: string, found: unknown, allowed: readonly string[]): void {
  if (allowed.includes(found as string)) return
  throw configError('BAD_OPTION', `'${what}'`, {
    found,
    expected: allowed.map((text) => `'${text}'`).join(' or '),
    remedy: 'Use one of these.',
  })
}

export function optional(
  value: Duration | undefined,
  what: string,
  read: (text: Duration, what: string) => number = toPositiveMs,
): number | undefined {
  return value === undefined ? undefined : read(value, what)
}
