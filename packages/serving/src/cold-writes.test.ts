import { expect, test } from 'vitest'
import { continuously, every } from './cold-writes.ts'

test('the default gathers for two seconds and waits for nothing to settle', () => {
  expect(continuously()).toEqual({ kind: 'continuously', periodMs: 2_000, settleMs: 0 })
})

test('every states period and settling; the second may be left out', () => {
  expect(every('6h', { settle: '1d' })).toEqual({ kind: 'every', periodMs: 21_600_000, settleMs: 86_400_000 })
  expect(every('1m').settleMs).toBe(0)
  expect(Object.isFrozen(every('1m'))).toBe(true)
})

test.each([
  [() => every('0s'), /The period of every: found '0s', expected a duration of at least 1ms/],
  [() => every('-5s' as '5s'), /The period of every: found '-5s'/],
  [() => every('1h', { settle: '1.5h' as '1h' }), /'settle' of every: found '1\.5h'/],
])('what is no duration is refused: %s', (make, says) => {
  expect(make).toThrow(says)
})
