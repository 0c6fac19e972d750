/** Owns windows of the civil calendar. Knows time zones through Intl only; a day of a clock change has 23 or 25 hours. */
import { described } from '../time/described.ts'
import { configError } from '../errors/stream-error.ts'
import type { WindowAssigner } from './assigner.ts'
import type { TimeWindow } from './window.ts'

export type CalendarUnit = 'day' | 'week' | 'month' | 'year'
export type WeekStart = 'monday' | 'sunday' | 'saturday'

const DAY_MS = 86_400_000
const WEEKDAY: Readonly<Record<WeekStart, number>> = { sunday: 0, monday: 1, saturday: 6 }

/**
 * Days, weeks, months or years in a time zone, half-open. Weeks start on Monday unless told otherwise. Where midnight
 * does not exist the day starts with its first instant; where it comes twice, with the first.
 * @throws StreamError BAD_TIME_ZONE, BAD_CALENDAR
 * @example calendar('day', { timeZone: 'Europe/Berlin' })
 */
export function calendar(
  unit: CalendarUnit,
  options: { readonly timeZone: string; readonly weekStart?: WeekStart },
): WindowAssigner<unknown, TimeWindow> {
  const weekStart = options.weekStart ?? 'monday'
  if (!['day', 'week', 'month', 'year'].includes(unit) || !(weekStart in WEEKDAY)) {
    throw configError('BAD_CALENDAR', 'calendar', {
      found: { unit, weekStart },
      expected: "unit 'day', 'week', 'month' or 'year', weekStart 'monday', 'sunday' or 'saturday'",
      remedy: 'Use one of these.',
    })
  }
  const offsetAt = zoneOffsets(options.timeZone)
  const grid = civilGrid(unit, WEEKDAY[weekStart], offsetAt)
  // Records come in runs of one window: finding its bounds costs some microseconds, comparing with them nothing.
  let current: TimeWindow = { start: 0, end: 0 }
  const find = (timestamp: number): TimeWindow => {
    if (timestamp < current.start || timestamp >= current.end) current = grid(timestamp)
    return current
  }
  return described({
    kind: `calendar(${unit}, ${options.timeZone}${unit === 'week' ? `, from ${weekStart}` : ''})`,
    assign: (timestamp: number) => [find(timestamp)],
    shape: Object.freeze({
      type: 'grid',
      startOf: (timestamp: number) => find(timestamp).start,
      endOf: (start: number) => find(start).end,
    } as const),
  })
}

/** How far local time is ahead of UTC at an instant, ms. */
type Offsets = (instant: number) => number

function zoneOffsets(timeZone: string): Offsets {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (cause) {
    throw configError('BAD_TIME_ZONE', 'The time zone of calendar', {
      found: timeZone,
      expected: "an IANA name such as 'Europe/Berlin' or 'UTC'",
      remedy: `Check the spelling. (${String(cause)})`,
    })
  }
  return (instant) => {
    const part: Record<string, string> = {}
    for (const { type, value } of format.formatToParts(instant)) part[type] = value
    const year = part['era'] === 'BC' ? 1 - Number(part['year']) : Number(part['year'])
    const local =
      civil(year, Number(part['month']) - 1, Number(part['day'])) +
      Number(part['hour']) * 3_600_000 +
      Number(part['minute']) * 60_000 +
      Number(part['second']) * 1_000
    return local - Math.floor(instant / 1_000) * 1_000
  }
}

/** Date.UTC without its habit of reading the years 0 to 99 as 1900 to 1999. */
function civil(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day)
}

function civilGrid(unit: CalendarUnit, weekday: number, offsetAt: Offsets): (timestamp: number) => TimeWindow {
  /** The unit's first midnight, as if local time were UTC; `step` units later. */
  const localStart = (local: number, step: number): number => {
    const date = new Date(local)
    const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
    switch (unit) {
      case 'year':
        return civil(year + step, 0, 1)
      case 'month':
        return civil(year, month + step, 1)
      case 'week':
        return civil(year, month, day - ((date.getUTCDay() - weekday + 7) % 7) + 7 * step)
      case 'day':
        return civil(year, month, day + step)
    }
  }
  return (timestamp) => {
    let from = localStart(timestamp + offsetAt(timestamp), 0)
    // Local time can run back over midnight: step to the window that really holds the instant.
    while (instantOf(from, offsetAt) > timestamp) from = localStart(from, -1)
    for (;;) {
      const next = localStart(from, 1)
      const end = instantOf(next, offsetAt)
      if (timestamp < end) return Object.freeze({ start: instantOf(from, offsetAt), end })
      from = next
    }
  }
}

/** The first instant at which local time has reached `local`. */
function instantOf(local: number, offsetAt: Offsets): number {
  const before = offsetAt(local - DAY_MS)
  const after = offsetAt(local + DAY_MS)
  const early = local - Math.max(before, after)
  const late = local - Math.min(before, after)
  if (early + offsetAt(early) === local) return early
  if (late + offsetAt(late) === local) return late
  // A gap swallowed this local time: the change of the clock itself is the first instant after it.
  let [low, high] = [early, late]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === after) high = middle
    else low = middle
  }
  return high
}
