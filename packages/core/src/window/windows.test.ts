import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Duration } from '../time/duration.ts'
import { assignWindows } from './assign-windows.ts'
import { calendar } from './calendar.ts'
import { hopping, slicesPerWindow } from './hopping.ts'
import { session } from './session.ts'
import { Slices } from './slices.ts'
import { slidingByRecord } from './sliding-by-record.ts'
import { tumbling } from './tumbling.ts'

const at = (text: string): number => Date.parse(text)
const shown = (windows: readonly { start: number; end: number }[]): string[] =>
  windows.map(({ start, end }) => `${new Date(start).toISOString()} ${(end - start) / 3_600_000}h`)

describe('tumbling', () => {
  test('half-open, floor for negative times, offset', () => {
    const { assign } = tumbling('10s', { offset: '3s' })
    expect(assign(13_000, undefined)).toEqual([{ start: 13_000, end: 23_000 }])
    expect(assign(12_999, undefined)).toEqual([{ start: 3_000, end: 13_000 }])
    expect(assign(-1, undefined)).toEqual([{ start: -7_000, end: 3_000 }])
    expect(tumbling('10s').assign(-10_000, undefined)).toEqual([{ start: -10_000, end: 0 }])
  })

  test.each(['0s', '-5s', '1e3s', 60_000])('refuses the size %j', (size) => {
    expect(() => tumbling(size as Duration)).toThrow(/The size of tumbling: found/)
  })
})

describe('hopping', () => {
  test('every window that holds the record; none in a gap', () => {
    expect(hopping('10s', { every: '5s' }).assign(12_000, undefined)).toEqual([
      { start: 5_000, end: 15_000 },
      { start: 10_000, end: 20_000 },
    ])
    const gaps = hopping('2s', { every: '5s' })
    expect(gaps.assign(6_999, undefined)).toEqual([{ start: 5_000, end: 7_000 }])
    expect(gaps.assign(7_000, undefined)).toEqual([])
  })

  test('more than 100,000 slices per window are refused with the numbers', () => {
    expect(() => hopping('1d', { every: '500ms' })).toThrow(
      /hopping\('1d', \{ every: '500ms' \}\): found 172800 slices per window, expected at most 100000\. Choose an 'every' of at least 864ms/,
    )
    expect(() => hopping('100s', { every: '1ms' })).not.toThrow()
  })

  test('its slices are exactly where windows start or end', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 39 }),
        fc.integer({ min: -200, max: 200 }),
        (size, every, offset, timestamp) => {
          const slices = new Slices(size, every, offset % every)
          const slice = slices.sliceOf(timestamp)
          const byHops: { start: number; end: number }[] = []
          for (let hop = slices.firstHop(slice); hop <= slices.lastHop(slice); hop++) {
            expect(slices.firstSlice(hop)).toBeLessThanOrEqual(slice)
            expect(slices.lastSlice(hop)).toBeGreaterThanOrEqual(slice)
            byHops.push({ start: slices.startOf(hop), end: slices.endOf(hop) })
          }
          expect(byHops).toEqual(
            hopping(`${size}ms` as Duration, {
              every: `${every}ms` as Duration,
              offset: `${offset}ms` as Duration,
            }).assign(timestamp, undefined),
          )
          const hop = slices.lastComplete(timestamp)
          expect(slices.endOf(hop)).toBeLessThanOrEqual(timestamp)
          expect(slices.endOf(hop + 1)).toBeGreaterThan(timestamp)
          if (size >= every) expect(slices.lastSlice(0) - slices.firstSlice(0) + 1).toBe(slicesPerWindow(size, every))
        },
      ),
    )
  })
})

describe('session, slidingByRecord, assignWindows', () => {
  test('the window of one record alone', () => {
    expect(session('5s').assign(1_000, undefined)).toEqual([{ start: 1_000, end: 6_000 }])
    expect(slidingByRecord('5s').assign(1_000, undefined)).toEqual([{ start: -3_999, end: 1_001 }])
    expect(() => session('0ms')).toThrow(/gap of session/)
    expect(() => slidingByRecord('0ms')).toThrow(/size of slidingByRecord/)
    expect(assignWindows({ assign: () => [], merge: true }).kind).toBe('assignWindows(merging)')
  })
})

describe('calendar', () => {
  test('days of a clock change have 23 and 25 hours', () => {
    const { assign } = calendar('day', { timeZone: 'Europe/Berlin' })
    expect(shown(assign(at('2024-03-31T12:00Z'), undefined))).toEqual(['2024-03-30T23:00:00.000Z 23h'])
    expect(shown(assign(at('2024-10-27T12:00Z'), undefined))).toEqual(['2024-10-26T22:00:00.000Z 25h'])
    expect(shown(assign(at('2024-10-26T21:59:59.999Z'), undefined))).toEqual(['2024-10-25T22:00:00.000Z 24h'])
  })

  test('weeks, months and years', () => {
    const zone = { timeZone: 'America/New_York' }
    expect(shown(calendar('week', zone).assign(at('2024-07-04T12:00Z'), undefined))).toEqual([
      '2024-07-01T04:00:00.000Z 168h',
    ])
    expect(
      shown(calendar('week', { ...zone, weekStart: 'sunday' }).assign(at('2024-07-04T12:00Z'), undefined)),
    ).toEqual(['2024-06-30T04:00:00.000Z 168h'])
    expect(shown(calendar('month', zone).assign(at('2024-02-29T12:00Z'), undefined))).toEqual([
      '2024-02-01T05:00:00.000Z 696h',
    ])
    expect(shown(calendar('year', zone).assign(at('2024-02-29T12:00Z'), undefined))).toEqual([
      '2024-01-01T05:00:00.000Z 8784h',
    ])
  })

  test('a midnight that does not exist, a day that does not exist', () => {
    // Beirut 2024: the clock went from 00:00 to 01:00. Samoa went from 29 to 31 December 2011.
    expect(shown(calendar('day', { timeZone: 'Asia/Beirut' }).assign(at('2024-03-31T12:00Z'), undefined))).toEqual([
      '2024-03-30T22:00:00.000Z 23h',
    ])
    const { assign } = calendar('day', { timeZone: 'Pacific/Apia' })
    expect(shown(assign(at('2011-12-30T09:59Z'), undefined))).toEqual(['2011-12-29T10:00:00.000Z 24h'])
    expect(shown(assign(at('2011-12-30T10:00Z'), undefined))).toEqual(['2011-12-30T10:00:00.000Z 24h'])
  })

  test.each([
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'America/Sao_Paulo',
    'Pacific/Apia',
  ])('in %s every instant is in exactly one window, windows follow each other', (timeZone) => {
    const instants = fc.integer({ min: at('1950-01-01T00:00Z'), max: at('2040-01-01T00:00Z') })
    fc.assert(
      fc.property(instants, fc.constantFrom('day', 'week', 'month', 'year' as const), (instant, unit) => {
        const { assign } = calendar(unit, { timeZone })
        const [window] = assign(instant, undefined)
        if (window === undefined) return expect.unreachable()
        expect(window.start).toBeLessThanOrEqual(instant)
        expect(instant).toBeLessThan(window.end)
        expect(assign(window.start, undefined)).toEqual([window])
        expect(assign(window.end - 1, undefined)).toEqual([window])
        expect(assign(window.end, undefined)[0]?.start).toBe(window.end)
      }),
      { numRuns: 60 },
    )
  })

  test('negative years and unknown zones', () => {
    expect(calendar('year', { timeZone: 'UTC' }).assign(at('-000050-06-01T00:00:00Z'), undefined)[0]?.start).toBe(
      at('-000050-01-01T00:00:00Z'),
    )
    expect(() => calendar('day', { timeZone: 'Mars/Olympus' })).toThrow(/time zone of calendar: found 'Mars\/Olympus'/)
    expect(() => calendar('hour' as 'day', { timeZone: 'UTC' })).toThrow(/calendar: found/)
  })
})
