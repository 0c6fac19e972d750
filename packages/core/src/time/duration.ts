/**
 * Owns durations: exact text at the surface, milliseconds inside. Does not know calendars: a 'd' is 24 hours,
 * calendar windows know days with 23 and 25.
 */
import { configError } from '../errors/stream-error.ts'

export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd'
type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9

/**
 * A span of time: digits and a unit, such as '250ms', '5s', '10m', '2h', '14d'. No sign, point, exponent, space or
 * leading zero: the type refuses them where the text is written, `duration` refuses them at run time.
 */
export type Duration = `${Digit}${DurationUnit}` | (`${Digit}${number}${DurationUnit}` & `${bigint}${DurationUnit}`)

const UNIT_MS: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const SHAPE = /^(0|[1-9]\d*)(ms|s|m|h|d)$/

/**
 * Takes a duration from outside (a config file, an environment variable) and checks it.
 * @throws StreamError BAD_DURATION when the text is not digits and one of ms, s, m, h, d
 * @example duration(process.env.GRACE ?? '5s')
 */
export function duration(text: string): Duration {
  toMs(text as Duration)
  return text as Duration
}

/**
 * A duration of n milliseconds, for computed values.
 * @throws StreamError BAD_DURATION when n is not a safe integer of at least 0
 */
export function ms(n: number): Duration {
  if (!Number.isSafeInteger(n) || n < 0) throw badDuration('A duration in milliseconds', n)
  return `${n}ms` as Duration
}

/** The milliseconds of a duration; `what` names the option in the error. */
export function toMs(text: Duration, what: string = 'A duration'): number {
  const parts = typeof text === 'string' ? SHAPE.exec(text) : null
  const value = parts === null ? Number.NaN : Number(parts[1]) * UNIT_MS[parts[2] as DurationUnit]
  if (!Number.isSafeInteger(value)) throw badDuration(what, text)
  return value
}

/** As `toMs`, and at least one millisecond. */
export function toPositiveMs(text: Duration, what: string): number {
  const value = toMs(text, what)
  if (value === 0) throw badDuration(what, text, 'a duration of at least 1ms')
  return value
}

/** Milliseconds as the shortest exact text: 90000 is '90s', 7200000 is '2h'. For plans and messages. */
export function showMs(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'for ever' : 'never'
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (value !== 0 && value % UNIT_MS[unit] === 0) return `${value / UNIT_MS[unit]}${unit}`
  }
  return `${value}ms`
}

function badDuration(
  what: string,
  found: unknown,
  expected = "digits and a unit such as '250ms', '5s', '10m', '2h' or '14d'",
): Error {
  return configError('BAD_DURATION', what, {
    found,
    expected,
    remedy:
      typeof found === 'number'
        ? 'Write a text with its unit, or ms(n) for a number of milliseconds.'
        : 'No sign, point, exponent, space or leading zero.',
  })
}
