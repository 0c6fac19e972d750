/**
 * Owns what HBase says when it refuses a call, as short errors: a Java stack trace tells its reader nothing, the names
 * of the exceptions in it do.
 */
import { type StreamError, type Problem, problem } from '@tidemark/core'

/** How HBase refused: TIOError, TIllegalArgument, or TApplicationException of the gateway itself. */
export type RefusalKind = 'io' | 'argument' | 'application'

type Meaning = (what: string, said: string) => StreamError

/** Names of Java exceptions, the most telling first, and what they mean here. */
const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [
    /TableNotFoundException/,
    (what, said) => problem('HBASE_TABLE_MISSING', what, because(said, 'Create it, or check the name.')),
  ],
  [
    /TableNotEnabledException|is disabled/,
    (what, said) => problem('HBASE_TABLE_DISABLED', what, because(said, 'Enable it in the HBase shell.')),
  ],
  [
    /AccessDeniedException/,
    (what, said) => problem('HBASE_DENIED', what, because(said, 'Give the user of the gateway the permission.')),
  ],
  [
    /DoNotRetryIOException|IllegalArgumentException|NoSuchColumnFamilyException|TableExistsException|TableNotDisabledException|FailedSanityCheck|RowTooBigException|InvalidFamilyOperation|NamespaceNotFoundException/,
    refused,
  ],
]

const MOST_TEXT = 160

/**
 * The error for a call that HBase refused. `retryable` says whether the same call may succeed later: by the exception
 * that it names, because `canRetry` is true even for a table that is not there.
 */
export function refusal(method: string, kind: RefusalKind, said: string): StreamError {
  const what = `HBase, asked for ${method}`
  const meaning = MEANINGS.find(([pattern]) => pattern.test(said))?.[1]
  if (meaning !== undefined) return meaning(what, said)
  if (kind !== 'io') return refused(what, said)
  const remedy = 'Look at the master and the region servers; what is worth another attempt was tried for a while.'
  return problem('HBASE_BUSY', what, because(said, remedy), { retryable: true })
}

function refused(what: string, said: string): StreamError {
  return problem('HBASE_REFUSED', what, because(said, 'It will not take the same call later: the text says why.'))
}

function because(said: string, remedy: string): Problem {
  return { found: `'${shortText(said)}'`, expected: 'success', remedy }
}

/** One line: the first of the text, and the exception at the root where that says something else. */
export function shortText(said: string): string {
  const lines = said.split('\n').filter((line) => !/^\s*at |^\s*\.\.\. \d+ more/.test(line))
  const first = plain(lines[0] ?? '')
  const root = lines.findLast((line) => line.startsWith('Caused by: '))?.slice('Caused by: '.length)
  const cause = root === undefined ? '' : plain(root)
  if (cause === '' || first.includes(cause)) return cut(first)
  return `${cut(first)}, caused by ${cut(cause)}`
}

/** Without packages of Java, and in one line. */
function plain(text: string): string {
  return text
    .replaceAll(/\b(?:[a-z][a-z0-9_]*\.)+(?=[A-Z])/g, '')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT - 3)}...` : text
}
