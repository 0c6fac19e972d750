import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { scripts } from './arbitraries.ts'
import { recordsOf, script } from './script.ts'

test('records, watermarks, clock moves, splits, the end', () => {
  const { steps } = script`
    a=5@00:26  b=1@00:30 | watermark 2m | clock +1m | a=9@01:26 | p1:a=3@00:40 | clock +500 | clock 02:00
    | join p2 | idle p1 | restart | finish p2 | end`
  expect(steps).toEqual([
    {
      kind: 'records',
      records: [
        { split: '0', key: 'a', value: 5, at: 26_000 },
        { split: '0', key: 'b', value: 1, at: 30_000 },
      ],
    },
    { kind: 'watermark', at: 120_000 },
    { kind: 'clock', to: 60_000 },
    { kind: 'records', records: [{ split: '0', key: 'a', value: 9, at: 86_000 }] },
    { kind: 'records', records: [{ split: 'p1', key: 'a', value: 3, at: 40_000 }] },
    { kind: 'clock', to: 60_500 },
    { kind: 'clock', to: 120_000 },
    { kind: 'join', split: 'p2' },
    { kind: 'idle', split: 'p1' },
    { kind: 'restart' },
    { kind: 'finish', split: 'p2' },
    { kind: 'end' },
  ])
})

test.each([
  ['123', 123],
  ['-5', -5],
  ['1.5s', 1_500],
  ['1.1s', 1_100],
  ['26s', 26_000],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['00:26.7', 26_700],
  ['-00:26', -26_000],
  ['12:05:19', 43_519_000],
  ['0', 0],
  ['-0', 0],
])('the time %s', (text, at) => {
  expect(recordsOf(script(`a=1@${text}`))[0]?.at).toBe(at)
  expect(script(`watermark ${text}`).steps).toEqual([{ kind: 'watermark', at }])
})

test('values: fractions and signs; numbers may be put in', () => {
  expect(recordsOf(script`a=-1.5@${7} b=${2}@8`)).toMatchObject([
    { value: -1.5, at: 7 },
    { value: 2, at: 8 },
  ])
})

test.each([
  ['a=5@00:26 | b=x@3', 12, "found 'b=x@3', expected a record"],
  ['a=5', 0, "found 'a=5', expected a record"],
  ['a=5@1.5', 0, "found 'a=5@1.5', expected a time in whole ms"],
  ['a=5@soon', 0, 'expected a time in whole ms'],
  ['a=1@2 | wotermark 3', 8, "found 'wotermark', expected records, or one of watermark"],
  ['watermark', 0, "expected something after 'watermark'"],
  ['watermark 3 a=5@4', 12, "expected nothing after 'watermark 3'; steps are separated by |"],
  ['a=5@4 end', 6, "found 'end', expected a record"],
  ['end now', 4, "expected nothing after 'end'"],
  ['restart now', 8, "expected nothing after 'restart'"],
  ['clock 5 | clock 4', 16, 'expected a clock that does not go back (it stands at 5 ms)'],
])('%s: the error names position %d', (text, position, message) => {
  const read = (): unknown => script(text)
  expect(read).toThrow(`position ${position}: `)
  expect(read).toThrow(message)
  expect(read).toThrow(`\n  ${text}\n  ${' '.repeat(position)}^`)
})

test('the text of a script is that script again', () => {
  fc.assert(
    fc.property(scripts({ splits: 3 }), (made) => {
      expect(script(String(made)).steps).toEqual(made.steps)
    }),
  )
})
