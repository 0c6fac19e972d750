/**
 * Owns the one-line notation of event-time scripts: records, watermarks, clock moves and what happens to splits. It
 * knows nothing of pipelines; `simulate` plays a script.
 */

/** One record of a script: event time in ms; `split` is '0' where none is named. */
export interface ScriptRecord {
  readonly split: string
  readonly key: string
  readonly value: number
  readonly at: number
}

/** What happens in one step; all times in ms. Several records in one step are one batch. */
export type ScriptStep =
  | { readonly kind: 'records'; readonly records: readonly ScriptRecord[] }
  | { readonly kind: 'watermark'; readonly at: number }
  | { readonly kind: 'clock'; readonly to: number }
  | { readonly kind: 'join' | 'idle' | 'finish'; readonly split: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'end' }

/** A script as a plain value; its text is the notation again. */
export interface Script {
  readonly steps: readonly ScriptStep[]
  readonly toString: () => string
}

/** The split of records that name none. */
export const ONLY_SPLIT = '0'

const WITH_ARGUMENT: readonly string[] = ['watermark', 'clock', 'join', 'idle', 'finish']
const ALONE: readonly string[] = ['restart', 'end']

const UNIT_MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads a script. Steps are separated by `|`:
 * - records `key=value@time`, or `split:key=value@time`; several in one step are one batch
 * - `watermark time`: a frontier, no later record is earlier; a script that has one overrides the pipeline's strategy
 * - `clock +duration` or `clock time`: processing time, which starts at 0
 * - `join split` (it is not there from the start), `idle split`, `finish split`, `end` (of all input)
 * - `restart`: the process dies after a checkpoint, and another one goes on from it
 *
 * A time is `mm:ss`, `hh:mm:ss` (either with a fraction), a plain number of ms, or a number with its unit: `1.5s`.
 * @throws Error with the position of what cannot be read
 * @example script`a=5@00:26  b=1@00:30 | watermark 2m | clock +1m | a=9@01:26 | end`
 */
export function script(text: TemplateStringsArray | string, ...values: readonly (string | number)[]): Script {
  const source =
    typeof text === 'string'
      ? text
      : text.map((part, i) => `${part}${i < values.length ? String(values[i]) : ''}`).join('')
  const steps: ScriptStep[] = []
  let clock = 0
  let from = 0
  for (const part of source.split('|')) {
    const words = wordsOf(source, part, from)
    from += part.length + 1
    const [first] = words
    // A script may begin and end with a bar; an empty step says nothing.
    if (first === undefined) continue
    const step = first.text.includes('=')
      ? { kind: 'records' as const, records: words.map(readRecord) }
      : readCommand(words, clock)
    if (step.kind === 'clock') clock = step.to
    steps.push(step)
  }
  return scriptOf(steps)
}

/** A script from steps that a program made. */
export function scriptOf(steps: readonly ScriptStep[]): Script {
  return Object.freeze({ steps: Object.freeze(steps), toString: () => steps.map(stepText).join(' | ') })
}

/** The records of a script, in order. */
export function recordsOf({ steps }: Script): readonly ScriptRecord[] {
  return steps.flatMap((step) => (step.kind === 'records' ? step.records : []))
}

interface Word {
  readonly text: string
  readonly at: number
  readonly source: string
}

function wordsOf(source: string, part: string, from: number): readonly Word[] {
  return [...part.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: from + match.index, source }))
}

function readRecord(word: Word): ScriptRecord {
  const match = /^(?:([^:=@]+):)?([^:=@]+)=([^@]+)@(.+)$/.exec(word.text)
  const value = Number(match?.[3])
  if (match === null || !Number.isFinite(value)) throw unreadable(word, 'a record as in a=5@00:26 or split:a=5@00:26')
  return { split: match[1] ?? ONLY_SPLIT, key: match[2] as string, value, at: readTime(word, match[4] as string) }
}

function readCommand(words: readonly Word[], clock: number): ScriptStep {
  const [name, argument, more] = words as readonly [Word, Word | undefined, Word | undefined]
  const needed = ALONE.includes(name.text) ? 1 : 2
  if (needed === 2 && !WITH_ARGUMENT.includes(name.text)) {
    throw unreadable(name, `records, or one of ${[...WITH_ARGUMENT, ...ALONE].join(', ')}`)
  }
  const extra = needed === 1 ? argument : more
  if (extra !== undefined)
    throw unreadable(
      extra,
      `nothing after '${words
        .slice(0, needed)
        .map(({ text }) => text)
        .join(' ')}'; steps are separated by |`,
    )
  if (needed === 1) return { kind: name.text as 'end' }
  if (argument === undefined) throw unreadable(name, `something after '${name.text}'`)
  if (name.text === 'watermark') return { kind: 'watermark', at: readTime(argument, argument.text) }
  if (name.text === 'clock') {
    const by = argument.text.startsWith('+')
    const to = by ? clock + readTime(argument, argument.text.slice(1)) : readTime(argument, argument.text)
    if (to < clock) throw unreadable(argument, `a clock that does not go back (it stands at ${clock} ms)`)
    return { kind: 'clock', to }
  }
  return { kind: name.text as 'join' | 'idle' | 'finish', split: argument.text }
}

function readTime(word: Word, text: string): number {
  const clock = /^(-?)(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)$/.exec(text)
  const plain = /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d|)$/.exec(text)
  const at =
    clock !== null
      ? (clock[1] === '-' ? -1 : 1) *
        (Number(clock[2] ?? 0) * 3_600_000 + Number(clock[3]) * 60_000 + Math.round(Number(clock[4]) * 1_000))
      : Number(plain?.[1]) * (UNIT_MS[plain?.[2] ?? ''] as number)
  // 1.1 s is a whole number of ms but for the binary fraction.
  const whole = Math.round(at)
  if (!Number.isSafeInteger(whole) || Math.abs(whole - at) > 1e-6)
    throw unreadable(word, 'a time in whole ms as in 00:26, 1:00:26, 26s, 1.5s or 26000')
  return whole === 0 ? 0 : whole
}

function unreadable({ text, at, source }: Word, expected: string): Error {
  return new Error(
    `Script, position ${at}: found '${text}', expected ${expected}.\n  ${source.replaceAll(/\s/g, ' ')}\n  ${' '.repeat(at)}^`,
  )
}

function stepText(step: ScriptStep): string {
  switch (step.kind) {
    case 'records':
      return step.records
        .map(({ split, key, value, at }) => `${split === ONLY_SPLIT ? '' : `${split}:`}${key}=${value}@${at}`)
        .join(' ')
    case 'watermark':
      return `watermark ${step.at}`
    case 'clock':
      return `clock ${step.to}`
    case 'restart':
    case 'end':
      return step.kind
    default:
      return `${step.kind} ${step.split}`
  }
}
