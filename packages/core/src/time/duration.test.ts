import { expect, test } from 'vitest'
import { StreamError } from '../errors/stream-error.ts'
import { type Duration, duration, ms, showMs, toMs, toPositiveMs } from './duration.ts'

test.each([
  ['250ms', 250],
  ['5s', 5_000],
  ['10m', 600_000],
  ['2h', 7_200_000],
  ['14d', 1_209_600_000],
  ['0s', 0],
] as const)('%s is %d ms', (text, expected) => {
  expect(toMs(text)).toBe(expected)
  expect(duration(text)).toBe(text)
})

test.each([
  '-5s',
  '1e3s',
  ' 5s',
  '5s ',
  '1.5h',
  '08s',
  '5',
  's',
  '',
  '5 s',
  '5min',
  '٣s',
  '99999999999999999999d',
  60_000,
  undefined,
  null,
  {},
])('refuses %j with what was found and expected', (text) => {
  try {
    duration(text as string)
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(StreamError)
    expect((error as StreamError).code).toBe('BAD_DURATION')
    expect((error as StreamError).message).toMatch(/found .* expected digits and a unit/)
  }
})

test('a bare number is told to be written with its unit', () => {
  expect(() => toMs(60_000 as unknown as Duration, 'The size of tumbling')).toThrow(
    /The size of tumbling: found 60000.*ms\(n\)/,
  )
})

test('ms takes whole milliseconds of at least 0', () => {
  expect(ms(1_500)).toBe('1500ms')
  for (const n of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    expect(() => ms(n)).toThrow(/BAD_DURATION|found/)
})

test('where zero makes no sense it is refused', () => {
  expect(() => toPositiveMs('0s', 'The gap of session')).toThrow(
    /The gap of session: found '0s', expected a duration of at least 1ms/,
  )
})

test('shows milliseconds as the shortest exact text', () => {
  expect([0, 1, 1_000, 90_000, 60_000, 7_200_000, 86_400_000, 1_500].map(showMs)).toEqual([
    '0ms',
    '1ms',
    '1s',
    '90s',
    '1m',
    '2h',
    '1d',
    '1500ms',
  ])
})
