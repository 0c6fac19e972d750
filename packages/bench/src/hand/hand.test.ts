import { expect, test } from 'vitest'
import type { Event } from '../records.ts'
import { earlyByHand } from './early.ts'
import { refinedByHand } from './refinement.ts'
import type { HandResult } from './totals.ts'
import { tumblingByHand } from './tumbling.ts'

const event = (key: string, at: number, value: number): Event => ({ key, at, value })
const text = ({ key, start, end, count, sum }: HandResult): string => `${key}[${start},${end}) ${count} ${sum}`

test('tumbling by hand, with disorder', () => {
  const events = [event('a', 1, 5), event('b', 11, 1), event('a', 9, 2), event('a', 12, 3), event('b', 31, 4)]
  expect(tumblingByHand(events, 10, 5).map(text)).toEqual([
    'a[0,10) 2 7',
    'b[10,20) 1 1',
    'a[10,20) 1 3',
    'b[30,40) 1 4',
  ])
})

test('a result per record by hand', () => {
  const out: string[] = []
  refinedByHand([event('a', 1, 5), event('a', 2, 1), event('a', 10, 2)], 10, (batch) => out.push(...batch.map(text)))
  expect(out).toEqual(['a[0,10) 1 5', 'a[0,10) 2 6', 'a[10,20) 1 2'])
})

test('early results by hand', () => {
  const events = [
    event('a', 0, 1),
    event('b', 2, 1),
    event('a', 3, 1),
    event('a', 4, 1),
    event('b', 9, 1),
    event('a', 12, 9),
  ]
  expect(earlyByHand(events, 10, 4).map((result) => `${result.timing} ${result.index} ${text(result)}`)).toEqual([
    // Due at 4, before the record of that time counts.
    'early 0 a[0,10) 2 2',
    'early 0 b[0,10) 1 1',
    'early 1 a[0,10) 3 3',
    // The second of b would be due at 13, but the window is complete by then.
    'on-time 2 a[0,10) 3 3',
    'on-time 1 b[0,10) 2 2',
    'on-time 0 a[10,20) 1 9',
  ])
})
