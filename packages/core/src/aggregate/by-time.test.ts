import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import type { Aggregator } from './aggregator.ts'
import { first, last } from './by-time.ts'

/** In order of arrival. */
type Arrivals = readonly (readonly [eventTime: number, value: unknown])[]

const earliest = first((value: unknown) => value)
const latest = last((value: unknown) => value)

function accOf<Acc>(of: Aggregator<unknown, Acc, unknown>, arrivals: Arrivals): Acc {
  return arrivals.reduce((acc, [eventTime, value]) => of.add(acc, value, { eventTime } as TimedMeta), of.create())
}

describe('first and last', () => {
  const cases: [what: string, arrivals: Arrivals, first: unknown, last: unknown][] = [
    ['nothing', [], undefined, undefined],
    [
      'event time, not arrival',
      [
        [5, 'b'],
        [9, 'c'],
        [1, 'a'],
        [7, 'x'],
      ],
      'a',
      'c',
    ],
    [
      'arrival where times are equal',
      [
        [3, 'a'],
        [3, 'b'],
        [3, 'c'],
      ],
      'a',
      'c',
    ],
    [
      'times before 1970',
      [
        [-5, 'a'],
        [-9, 'b'],
        [-1, 'c'],
      ],
      'b',
      'c',
    ],
    [
      'undefined and null as values',
      [
        [1, undefined],
        [2, 'x'],
        [3, null],
      ],
      undefined,
      null,
    ],
  ]
  test.each(cases)('go by %s', (_, arrivals, one, other) => {
    expect([earliest.result(accOf(earliest, arrivals)), latest.result(accOf(latest, arrivals))]).toEqual([one, other])
    for (let at = 0; at <= arrivals.length; at++) {
      const [a, b] = [arrivals.slice(0, at), arrivals.slice(at)]
      expect(earliest.result(earliest.merge(accOf(earliest, a), accOf(earliest, b)))).toBe(one)
      expect(latest.result(latest.merge(accOf(latest, a), accOf(latest, b)))).toBe(other)
    }
  })

  test('an accumulator of an undefined value is not an empty one, as bytes neither', () => {
    const acc = earliest.decode?.(earliest.encode?.(accOf(earliest, [[1, undefined]])) as Uint8Array)
    expect(acc).toEqual({ at: 1, value: undefined })
    expect(earliest.result(earliest.merge(acc, accOf(earliest, [[2, 'later']])))).toBe(undefined)
  })

  test('a value that is no plain one is refused by name when a snapshot is made, not before', () => {
    const acc = accOf(latest, [[1, { a: new URLSearchParams() }]])
    expect(() => latest.encode?.(acc)).toThrow(
      expect.objectContaining({
        code: 'ACCUMULATOR_NOT_PLAIN',
        message: expect.stringContaining('URLSearchParams') as string,
      }),
    )
  })
})
