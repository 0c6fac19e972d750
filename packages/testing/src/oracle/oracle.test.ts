/** The oracle by hand: what the semantics page says, in the smallest scripts that show it. */
import { describe, expect, test } from 'vitest'
import type { OracleOptions, OracleTrigger } from './options.ts'
import { oracle } from './oracle.ts'
import type { OraclePolicy } from './policies.ts'
import { script } from '../script.ts'

const onTime: OraclePolicy = { early: 'never', completion: true, late: 'perRecord' }
const everyRecord: OraclePolicy = { early: 'perRecord', completion: false, late: 'perRecord' }

/** Panes as 'key [start,end) value timing #index', a last one with a full stop, a retraction with a minus before it. */
function told(text: string, options: OracleOptions): readonly string[] {
  return oracle(script(text), options).flatMap(({ panes }) =>
    panes.map((pane) => {
      const { key, window, value, index } = pane
      const bounds = window === undefined ? 'one' : `[${window.start},${window.end})`
      if (pane.kind === 'retraction') return `-${key} ${bounds} ${String(value)} #${index}`
      return `${key} ${bounds} ${String(value)} ${pane.timing} #${index}${pane.isLast ? '.' : ''}`
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
      '-a [0,5) 1 #0',
      'a [0,10) 3 early #0',
      '-a [0,10) 3 #0',
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
    const onClose: OraclePolicy = { early: 'never', completion: false, late: 'never' }
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

describe('retractions and withdrawals', () => {
  const session: OracleOptions = { windows: { kind: 'session', gap: 5 }, policy: everyRecord }

  test('retracting: every pane takes its predecessor back, an empty last one too', () => {
    const retracting: OracleOptions = {
      windows: { kind: 'tumbling', size: 10 },
      policy: everyRecord,
      accumulation: 'retracting',
      closing: 'always',
    }
    expect(told('a=1@3 | a=2@4 | end', retracting)).toEqual([
      'a [0,10) 1 early #0',
      '-a [0,10) 1 #0',
      'a [0,10) 3 early #1',
      '-a [0,10) 3 #1',
      'a [0,10) 3 on-time #2.',
    ])
  })

  test('the last pane of each session that merged is withdrawn, before the next pane', () => {
    expect(told('a=1@0 | a=2@1 | a=4@10 | a=8@6', session)).toEqual([
      'a [0,5) 1 early #0',
      '-a [0,5) 1 #0',
      'a [0,6) 3 early #0',
      'a [10,15) 4 early #0',
      '-a [0,6) 3 #0',
      '-a [10,15) 4 #0',
      'a [0,15) 15 early #0',
    ])
    expect(told('a=1@0 | a=2@1', { ...session, accumulation: 'discarding' })).toEqual([
      'a [0,5) 1 early #0',
      'a [0,6) 2 early #0',
    ])
  })

  test('a record inside changes no bounds: the session goes on', () => {
    expect(told('a=1@0 | a=2@2 | a=4@1', { ...session, accumulation: 'retracting' }).slice(-2)).toEqual([
      '-a [0,7) 3 #0',
      'a [0,7) 7 early #1',
    ])
  })

  test('at the latest when W > withdrawn end + lateness', () => {
    const onClose: OracleOptions = {
      ...session,
      policy: { early: 3, completion: false, late: 'never' },
      latenessMs: 2,
    }
    const steps = oracle(script('a=1@0 | clock 3 | a=2@4 | watermark 7 | watermark 8 | watermark 11 | end'), onClose)
    const kinds = steps.map(({ panes }) => panes.map(({ kind, value }) => `${kind} ${String(value)}`))
    expect(kinds).toEqual([[], ['value 1'], [], [], ['retraction 1'], [], ['value 3']])
  })
})

describe('triggers', () => {
  test('one of policy and trigger', () => {
    expect(() => told('a=1@0', { windows: { kind: 'one' } })).toThrow('neither a policy nor a trigger')
    expect(() => told('a=1@0', { windows: { kind: 'one' }, policy: onTime, trigger: 'never' })).toThrow('give one')
  })

  test.each([
    ['always', 'Found the trigger "always"'],
    [{ afterAny: [] }, 'Found the trigger {"afterAny":[]}'],
    [{ policy: 'sometimes' }, 'Found the trigger {"policy":"sometimes"}'],
    [{ afterCount: 0 }, 'Found 0 in a trigger, expected a whole number from 1'],
    [{ repeatedly: { alignedProcessingTime: 1.5 } }, 'Found 1.5'],
  ])('%j is none', (trigger, message) => {
    expect(() => told('a=1@0', { windows: { kind: 'one' }, trigger: trigger as never })).toThrow(message)
  })

  const one = (trigger: OracleTrigger): OracleOptions => ({
    windows: { kind: 'one' },
    trigger,
    accumulation: 'discarding',
  })
  const values = (text: string, trigger: OracleTrigger): readonly unknown[] =>
    oracle(script(text), one(trigger)).flatMap(({ panes }) => panes.map(({ value }) => value))

  test.each<readonly [OracleTrigger, string, readonly number[]]>([
    [{ afterCount: 2 }, 'a=1@0 | a=2@0 | a=4@0 | a=8@0 | end', [3, 12]],
    [{ repeatedly: { afterCount: 2 } }, 'a=1@0 | a=2@0 | a=4@0 | a=8@0 | a=16@0 | end', [3, 12, 16]],
    ['everyUpdate', 'a=1@0 | a=2@0', [1, 2]],
    ['never', 'a=1@0 | a=2@0 | end', [3]],
    [
      { repeatedly: { afterProcessingTime: 5 } },
      'a=1@0 | clock 4 | a=2@0 | clock 5 | a=4@0 | clock 9 | clock 10',
      [3, 4],
    ],
    [{ repeatedly: { alignedProcessingTime: 5 } }, 'clock 3 | a=1@0 | clock 5 | a=2@0 | clock 9 | clock 10', [1, 2]],
    [{ afterFirst: [{ afterCount: 3 }, { afterProcessingTime: 5 }] }, 'a=1@0 | clock 5 | a=2@0', [1]],
    [{ afterAll: [{ afterCount: 1 }, { afterProcessingTime: 5 }] }, 'a=1@0 | clock 5 | a=2@0', [1]],
    // The later time of two counts, although the earlier one was asked in vain.
    [{ afterAll: [{ afterProcessingTime: 9 }, { afterProcessingTime: 5 }] }, 'a=1@0 | clock 20', [1]],
    [{ afterEach: [{ afterCount: 2 }, { repeatedly: { afterCount: 1 } }] }, 'a=1@0 | a=2@0 | a=4@0 | a=8@0', [3, 4, 8]],
    [{ orFinally: [{ repeatedly: { afterCount: 1 } }, { afterCount: 2 }] }, 'a=1@0 | a=2@0 | a=4@0', [1, 2]],
    // What ends it is not told of the panes in between.
    [
      { repeatedly: { orFinally: [{ afterProcessingTime: 9 }, { afterCount: 2 }] } },
      'a=1@0 | a=2@0 | a=4@0 | clock 9',
      [3, 4],
    ],
    [{ policy: 'emitOnClose' }, 'a=1@0 | a=2@0 | end', [3]],
    [{ policy: 'continuousRefinement' }, 'a=1@0 | a=2@0 | end', [1, 2]],
  ])('%j: %s', (trigger, text, expected) => {
    expect(values(text, trigger)).toEqual(expected)
  })

  const late: OracleOptions = {
    windows: { kind: 'tumbling', size: 10 },
    trigger: { afterWatermark: { early: { afterCount: 2 }, late: { afterCount: 2 } } },
    latenessMs: 50,
  }

  test('early and late parts repeat; the first late record of an unseen window comes at once', () => {
    expect(told('a=1@0 | a=2@0 | a=4@0 | watermark 10 | a=8@0 | a=16@0 | b=1@0 | b=2@0 | b=4@0', late)).toEqual([
      'a [0,10) 3 early #0',
      'a [0,10) 7 on-time #1',
      'a [0,10) 31 late #2',
      'b [0,10) 1 late #0',
      'b [0,10) 7 late #1',
    ])
  })

  test('early and late parts begin anew with all in them', () => {
    const early: OracleTrigger = { afterWatermark: { early: { afterFirst: [{ afterCount: 2 }, { afterCount: 3 }] } } }
    expect(told('a=1@0 | a=2@0 | a=4@0 | a=8@0 | a=16@0', { ...late, trigger: early })).toEqual([
      'a [0,10) 3 early #0',
      'a [0,10) 15 early #1',
    ])
  })

  test('counts add up where sessions merge, and what had finished has finished', () => {
    const session: OracleOptions = { windows: { kind: 'session', gap: 5 }, trigger: { repeatedly: { afterCount: 4 } } }
    expect(told('a=1@0 | a=2@1 | a=4@9 | a=8@5', session)).toEqual(['a [0,14) 15 early #0'])
    const each: OracleTrigger = { afterEach: [{ afterCount: 2 }, { afterCount: 3 }] }
    expect(told('a=1@0 | a=2@0 | a=4@9 | a=8@5', { ...session, trigger: each })).toEqual(['a [0,5) 3 early #0'])
  })

  test('a session that completed and grows has early panes again', () => {
    const growing: OracleOptions = { ...late, windows: { kind: 'session', gap: 5 } }
    expect(told('a=1@0 | watermark 6 | a=2@3 | a=4@4 | watermark 10', growing)).toEqual([
      'a [0,5) 1 on-time #0',
      '-a [0,5) 1 #0',
      'a [0,9) 7 early #0',
    ])
  })

  test('every so much event time', () => {
    const every: OracleOptions = { ...late, trigger: { policy: 'everyEventTime', every: 4 } }
    expect(told('a=1@3 | watermark 4 | a=2@6 | watermark 9 | watermark 10 | a=4@1 | a=8@2', every)).toEqual([
      'a [0,10) 1 early #0',
      'a [0,10) 3 early #1',
      'a [0,10) 7 late #2',
      'a [0,10) 15 late #3',
    ])
    // Its first time had come already.
    expect(told('watermark 9 | a=1@3', every)).toEqual(['a [0,10) 1 early #0'])
  })
})

describe('suppression until a time limit', () => {
  const windows = { kind: 'tumbling', size: 100 } as const
  const held = (maxKeys: number | null, onFull: 'emitEarly' | 'fail' = 'emitEarly'): OracleOptions => ({
    windows,
    trigger: { policy: 'suppressUntilTimeLimit', limit: 5, maxKeys, onFull },
    latenessMs: 20,
  })

  test('from the record of the first pending update; at the latest at the freeing', () => {
    expect(
      told('a=1@10 | a=2@3 | watermark 14 | watermark 15 | a=4@98 | watermark 102 | watermark 119', held(null)),
    ).toEqual(['a [0,100) 3 early #0', 'a [0,100) 7 on-time #1'])
    expect(told('a=1@99 | watermark 103 | watermark 120', { ...held(null), latenessMs: 0 })).toEqual([
      'a [0,100) 1 on-time #0.',
    ])
  })

  test('a full buffer lets the first due go, or fails', () => {
    expect(told('a=1@10 | b=2@8 | c=4@9', held(2))).toEqual(['b [0,100) 2 early #0'])
    expect(() => told('a=1@10 | b=2@8 | c=4@9', held(2, 'fail'))).toThrow('holds 3 windows, at most 2')
    // What is due leaves before the room is counted.
    expect(told('a=1@10 | b=2@15', { ...held(1, 'fail'), boundMs: 0 })).toEqual(['a [0,100) 1 early #0'])
  })
})
