import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scripts } from '../arbitraries.ts'
import { script, scriptOf } from '../script.ts'
import { batchOverResults } from './batch.ts'
import { oracle } from './oracle.ts'
import type { OracleWindows } from './windows.ts'

const minutes: OracleWindows = { kind: 'tumbling', size: 10 }
const hours: OracleWindows = { kind: 'tumbling', size: 30 }

describe('by hand', () => {
  test('minutes into hours; a record that its minute refuses counts in no hour', () => {
    const steps = script('a=1@3 b=2@29 | watermark 15 | a=4@4 a=8@12 | watermark 20 | a=16@19 a=32@30 | end')
    expect(batchOverResults(steps, { inner: minutes, outer: hours })).toEqual([
      { key: 'a', window: { start: 0, end: 30 }, value: 9, records: 2 },
      { key: 'b', window: { start: 0, end: 30 }, value: 2, records: 1 },
      { key: 'a', window: { start: 30, end: 60 }, value: 32, records: 1 },
    ])
    const late = batchOverResults(steps, { inner: minutes, outer: hours, latenessMs: 6, aggregate: (v) => v.length })
    expect(late.map(({ value }) => value)).toEqual([4, 1, 1])
  })

  test('a result belongs where the last instant of its window lies', () => {
    const wide: OracleWindows = { kind: 'hopping', size: 20, every: 10 }
    expect(batchOverResults(script('a=1@25'), { inner: wide, outer: hours })).toEqual([
      { key: 'a', window: { start: 30, end: 60 }, value: 1, records: 1 },
      { key: 'a', window: { start: 0, end: 30 }, value: 1, records: 1 },
    ])
  })

  test('another key, a watermark that follows the records, refusals that a run has named', () => {
    const steps = script('a=1@3 b=2@22 a=4@5')
    const options = { inner: minutes, outer: hours, outerKey: () => 'all' }
    expect(batchOverResults(steps, options).map(({ value }) => value)).toEqual([7])
    expect(batchOverResults(steps, { ...options, boundMs: 2 }).map(({ value }) => value)).toEqual([3])
    expect(batchOverResults(steps, { ...options, tooLate: ({ key }) => key === 'a' })).toMatchObject([{ value: 2 }])
  })

  test('sessions are not its business', () => {
    const sessions: OracleWindows = { kind: 'session', gap: 5 }
    expect(() => batchOverResults(script('a=1@3'), { inner: sessions, outer: hours })).toThrow('not session')
  })
})

test('equals the outer windows over the final results of the inner ones', () => {
  fc.assert(
    fc.property(scripts(), fc.integer({ min: 0, max: 20 }), (steps, latenessMs) => {
      const results = oracle(steps, { windows: minutes, trigger: { policy: 'emitOnClose' }, latenessMs })
      const records = results.flatMap(({ panes }) =>
        panes.map(({ key, window, value }) => ({
          split: '0',
          key,
          value: value as number,
          at: (window?.end ?? 0) - 1,
        })),
      )
      const outer = oracle(scriptOf([{ kind: 'records', records }, { kind: 'end' }]), {
        windows: hours,
        trigger: { policy: 'emitOnClose' },
      })
      const flat = (list: readonly { readonly key: string; readonly window: unknown; readonly value: unknown }[]) =>
        list.map(({ key, window, value }) => JSON.stringify({ key, window, value })).toSorted()
      expect(flat(batchOverResults(steps, { inner: minutes, outer: hours, latenessMs }))).toEqual(
        flat(outer.flatMap(({ panes }) => panes)),
      )
    }),
    { numRuns: 500 },
  )
})
