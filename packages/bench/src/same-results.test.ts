import type { ValuePane } from '@tidemark/core'
import { expect, test } from 'vitest'
import type { Totals } from './hand/totals.ts'
import { samePanes, sameRecords } from './same-results.ts'

const result = { key: 'a', start: 0, end: 10, count: 2, sum: 7 }
const pane: ValuePane<string, Totals> = {
  kind: 'value',
  key: 'a',
  window: { start: 0, end: 10 },
  value: { count: 2, sum: 7 },
  index: 0,
  epoch: 0,
  watermark: 10,
  emittedAt: 0,
  timing: 'on-time',
  isFirst: true,
  isLast: true,
  records: 2,
  lateRecords: 0,
}

test('what agrees passes', () => {
  expect(() => samePanes([pane], [result])).not.toThrow()
  const early = { ...pane, timing: 'early' } as const
  const both = [{ ...result, index: 0, timing: 'early' } as const, { ...result, index: 1 }]
  expect(() => samePanes([early, { ...pane, index: 1 }], both)).not.toThrow()
})

test.each([
  ['a pane is missing', []],
  ['a pane comes twice', [pane, pane]],
  ['another key', [{ ...pane, key: 'b' }]],
  ['another sum', [{ ...pane, value: { count: 2, sum: 8 } }]],
  ['another count', [{ ...pane, value: { count: 3, sum: 7 } }]],
  ['another window', [{ ...pane, window: { start: 0, end: 20 } }]],
  ['another timing', [{ ...pane, timing: 'late' as const }]],
  ['another number', [{ ...pane, index: 1 }]],
])('wrong results are found: %s', (_, panes) => {
  expect(() => samePanes(panes, [result])).toThrow('wrong results')
})

test('wrong records are found', () => {
  const records = [{ key: 'a', cents: 1 }]
  expect(() => sameRecords(records, records)).not.toThrow()
  expect(() => sameRecords([{ key: 'a', cents: 2 }], records)).toThrow('wrong results')
  expect(() => sameRecords([], records)).toThrow('wrong results')
})
