/** The oracle by hand: what the semantics page says, in the smallest scripts that show it. */
import { describe, expect, test } from 'vitest'
import { type OracleOptions, oracle } from './oracle.ts'
import { script } from './script.ts'

const onTime: OracleOptions['policy'] = { early: 'never', completion: true, late: 'perRecord' }
const everyRecord: OracleOptions['policy'] = { early: 'perRecord', completion: false, late: 'perRecord' }

/** Panes as 'key [start,end) value timing #index', a last one with a full stop. */
function told(text: string, options: OracleOptions): readonly string[] {
  return oracle(script(text), options).flatMap(({ panes }) =>
    panes.map(({ key, window, value, timing, index, isLast }) => {
      const bounds = window === undefined ? 'one' : `[${window.start},${window.end})`
      return `${key} ${bounds} ${String(value)} ${timing} #${index}${isLast ? '.' : ''}`
    }),
  )
}

describe('windows', () => {
  test('tumbling: complete at W ≥ end; negative times; jumps are on time and last in one', () => {
    const tumbling: OracleOptions = { windows: { kind: 'tumbling', size: 10 }, policy: onTime }
    expect(told('a=1@-1 a=2@3 | watermark 9 | watermark 10 | end', tumbling)).toEqual([
      'a [-10,0) 1 on-time #0.',
      'a [0,10) 2 on-time #0.',
    ])
    expect(oracle(script('a=1@3 | watermark 9 | watermark 10'), tumbling).map(({ panes }) => panes.length)).toEqual([
      0, 0, 1,
    ])
  })

  test('hopping with gaps: a record in a gap is in no window', () => {
    const gaps: OracleOptions = { windows: { kind: 'hopping', size: 2, every: 5 }, policy: onTime }
    expect(oracle(script('a=1@1 a=1@3'), gaps)).toMatchObject([{ noWindow: 1, onTime: 1 }])
  })

  test('sessions: touching ones merge, complete when W > end, new bounds begin anew', () => {
    const session: OracleOptions = { windows: { kind: 'session', gap: 5 }, policy: everyRecord }
    expect(told('a=1@0 | a=2@5 | watermark 10 | a=4@10', session)).toEqual([
      'a [0,5) 1 early #0',
      'a [0,10) 3 early #0',
      'a [0,15) 7 early #0',
    ])
    expect(told('a=1@0 | watermark 5 | watermark 6', { ...session, policy: onTime })).toEqual(['a [0,5) 1 on-time #0.'])
  })

  test('record-aligned: the windows that end and begin right after each record', () => {
    const sliding: OracleOptions = { windows: { kind: 'slidingByRecord', size: 4 }, policy: onTime }
    expect(told('a=1@0 a=2@2 | end', sliding).toSorted()).toEqual([
      'a [-1,3) 3 on-time #0.',
      'a [-3,1) 1 on-time #0.',
      'a [1,5) 2 on-time #0.',
    ])
  })

  test('one window: complete at the end of input', () => {
    expect(told('a=1@0 | watermark 1000 | a=2@5 | end', { windows: { kind: 'one' }, policy: onTime })).toEqual([
      'a one 3 on-time #0.',
    ])
  })
})

describe('lateness and policies', () => {
  const tumbling: OracleOptions = { windows: { kind: 'tumbling', size: 10 }, policy: onTime, latenessMs: 5 }

  test('late, then too late', () => {
    expect(told('a=1@3 | watermark 10 | a=2@4 | watermark 14 | a=4@5 | watermark 15 | a=8@6', tumbling)).toEqual([
      'a [0,10) 1 on-time #0',
      'a [0,10) 3 late #1',
      'a [0,10) 7 late #2',
    ])
    expect(oracle(script('watermark 15 | a=8@6'), tumbling)[1]).toMatchObject({ tooLate: 1 })
  })

  test('a window whose first record is late begins with a late pane', () => {
    expect(told('watermark 12 | a=2@4', tumbling)).toEqual(['a [0,10) 2 late #0'])
  })

  test('a pane per record with lateness, closing always: the last pane is late', () => {
    expect(told('a=1@3 | watermark 12 | end', { ...tumbling, policy: everyRecord, closing: 'always' })).toEqual([
      'a [0,10) 1 early #0',
      'a [0,10) 1 late #1.',
    ])
  })

  test('on close: on time, although it comes later', () => {
    const onClose: OracleOptions['policy'] = { early: 'never', completion: false, late: 'never' }
    expect(told('a=1@3 | watermark 12 | a=2@4 | end', { ...tumbling, policy: onClose })).toEqual([
      'a [0,10) 3 on-time #0.',
    ])
  })

  test('early by the clock, empty on-time pane always, deltas', () => {
    const timed: OracleOptions = {
      ...tumbling,
      policy: { early: 4, completion: true, late: 'perRecord' },
      accumulation: 'discarding',
    }
    expect(told('a=1@3 | clock 3 | a=2@4 | clock 9 | watermark 10 | a=4@5', { ...timed, onTime: 'always' })).toEqual([
      'a [0,10) 3 early #0',
      'a [0,10) 0 on-time #1',
      'a [0,10) 4 late #2',
    ])
    expect(told('a=1@3 | clock 9 | watermark 10', timed)).toEqual(['a [0,10) 1 early #0'])
  })

  test('a watermark that follows the records', () => {
    expect(told('a=1@3 a=2@11 a=4@14 a=8@9', { ...tumbling, boundMs: 2, latenessMs: 0 })).toEqual([
      'a [0,10) 1 on-time #0.',
    ])
  })

  test('splits are not its business', () => {
    expect(() => told('a=1@3 | idle 0', tumbling)).toThrow('The oracle knows no splits')
  })
})
