import { expect, test } from 'vitest'
import { type AnyPane, expectPanes, finals, latestByWindow, paneMatchers, showPane } from './matchers.ts'

const window = { start: 0, end: 10 }
const pane = (index: number, value: number, more: object = {}): AnyPane => ({
  kind: 'value',
  key: 'a',
  window,
  index,
  value,
  timing: 'on-time',
  isLast: false,
  ...more,
})

test('expectPanes looks at named fields only, windows also as bounds', () => {
  const panes = [pane(0, 5), pane(1, 7, { timing: 'late' })]
  expect(() =>
    expectPanes(panes, [
      { value: 5, window: [0, 10] },
      { timing: 'late', window },
    ]),
  ).not.toThrow()
  expect(() => expectPanes(panes, [{ value: 5 }])).toThrow('Pane 1 is one too many')
  expect(() => expectPanes(panes, [{}, {}, { value: 9 }])).toThrow('Pane 2 is missing')
  expect(() => expectPanes(panes, [{ value: 5 }, { value: 8 }])).toThrow('Pane 1, value: expected 8, found 7')
  expect(() => expectPanes(panes, [{ window: [0, 11] }, {}])).toThrow('Pane 0, window: expected [0,11], found')
})

test('toHavePanes for expect.extend', () => {
  expect(paneMatchers.toHavePanes([pane(0, 5)], [{ value: 5 }]).pass).toBe(true)
  const failed = paneMatchers.toHavePanes([pane(0, 5)], [{ value: 6 }])
  expect(failed.pass).toBe(false)
  expect(failed.message()).toContain('expected 6, found 5')
})

test('latestByWindow keeps what a store would: retractions withdraw the pane they name', () => {
  const other = { start: 10, end: 20 }
  const panes = [
    pane(0, 5),
    pane(0, 1, { window: other }),
    pane(1, 7),
    { kind: 'retraction', key: 'a', window: other, index: 0, value: 1 },
  ]
  expect(latestByWindow(panes).map(({ pane: { value } }) => value)).toEqual([7])
  // A retraction of an older pane withdraws nothing newer.
  expect(
    latestByWindow([...panes.slice(0, 3), { kind: 'retraction', key: 'a', window, index: 0, value: 5 }]),
  ).toHaveLength(2)
})

test('finals: what says so, and what the watermark says', () => {
  const panes = [pane(0, 5, { isLast: true }), pane(0, 6, { window: { start: 10, end: 20 } })]
  const values = (watermark?: number): readonly unknown[] =>
    finals(panes, watermark === undefined ? {} : { watermark, latenessMs: 5 }).map(({ value }) => value)
  expect(values()).toEqual([5, 6])
  expect(values(25)).toEqual([5])
  expect(values(26)).toEqual([5, 6])
})

test('a pane in one line', () => {
  expect(showPane({ key: 'a', window, watermark: -Infinity, value: 5n })).toBe(
    '{ key: "a", window: [0,10], watermark: -Infinity, value: 5 }',
  )
})
