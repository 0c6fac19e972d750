/** Owns what an answer of Redis, or none, means: may the same be tried again, and what is its user to do. */
import { StreamError, problem, reasonOf } from '@tidemark/core'

/** Answers that pass by themselves: a failover, a start, slots that move, a script that runs. */
const PASSING = ['READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'MOVED', 'ASK', 'BUSY', 'UNBLOCKED']
const DENIED = ['NOAUTH', 'WRONGPASS', 'NOPERM']

/** Redis has no such script any more. */
export function isNoScript(error: unknown): boolean {
  return codeOf(error) === 'NOSCRIPT'
}

/** A failure in our words; `retryable` where the same may succeed later. */
export function failure(what: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const code = codeOf(cause)
  const found = reasonOf(cause)
  if (code === undefined) {
    return problem(
      'REDIS_AWAY',
      what,
      { found, expected: 'an answer', remedy: 'Nothing is known of what was sent; the same may be written again.' },
      { retryable: true, cause },
    )
  }
  if (PASSING.includes(code)) {
    const remedy = 'It passes when the server is up, or its failover is over.'
    return problem('REDIS_AWAY', what, { found, expected: 'a server that serves', remedy }, { retryable: true, cause })
  }
  if (DENIED.includes(code)) {
    const remedy = 'Check the user name, the password and the ACL that the client was made with.'
    return problem('REDIS_DENIED', what, { found, expected: 'to be let in', remedy }, { cause })
  }
  if (code === 'OOM') {
    const remedy = 'Give Redis more memory, or serve results from it for a shorter time; nothing was dropped.'
    return problem('REDIS_FULL', what, { found, expected: 'room for results', remedy }, { retryable: true, cause })
  }
  if (code === 'WRONGTYPE' || code === 'NOTOURS') {
    const remedy = 'Somebody else writes keys that begin with tm: give the results a name of their own.'
    return problem('REDIS_NOT_OURS', what, { found, expected: 'keys of this package', remedy }, { cause })
  }
  return problem(
    'REDIS_REFUSED',
    what,
    { found, expected: 'the command to be done', remedy: 'See the answer.' },
    { cause },
  )
}

/** The code that an answer of Redis begins with; undefined: there was no answer. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // Errors of the client itself (closed, offline, timed out) have names of their own and sentences for messages.
  const code = /^([A-Z][A-Z0-9_]+)(?: |$)/.exec(error.message)?.[1]
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE' ? undefined : code
}
