/** Gates of the slow reference by hand, and which triggers are not behind one at completion. */
import { expect, test } from 'vitest'
import { script } from '../script.ts'
import { emitsAtCompletion } from './at-completion.ts'
import type { OracleOptions, OracleTrigger } from './options.ts'
import { oracle } from './oracle.ts'

function told(text: string, options: Omit<OracleOptions, 'windows'>): readonly string[] {
  return oracle(script(text), { windows: { kind: 'session', gap: 9 }, ...options }).flatMap(({ panes }) =>
    panes.map(({ kind, value, window, emittedAt }) =>
      [kind === 'retraction' ? '-' : '', String(value), ` to ${window?.end} at ${emittedAt}`].join(''),
    ),
  )
}

test('onChange: what is equal is nothing new any more; at the freeing and in new bounds it is not asked', () => {
  const options: OracleOptions = { windows: { kind: 'session', gap: 9 }, trigger: 'everyUpdate', gate: 'onChange' }
  expect(told('a=1@0 | a=0@0 | a=2@0 | a=0@0 | a=0@1 | end', options)).toEqual([
    '1 to 9 at 0',
    '3 to 9 at 0',
    '-3 to 9 at 0',
    '3 to 10 at 0',
  ])
  expect(told('a=1@0 | a=0@0 | watermark 9 | watermark 10', { ...options, closing: 'always' })).toEqual([
    '1 to 9 at 0',
    '1 to 9 at 0',
  ])
})

test('atMostEvery: what comes sooner waits, with what comes meanwhile, and its trigger is not asked for it', () => {
  const options = { trigger: 'everyUpdate', gate: { atMostEvery: 5 } } as const
  expect(told('clock 1 | a=1@0 | clock 2 | a=2@0 | clock 3 | a=4@0 | clock 6 | clock 11 | a=8@0', options)).toEqual([
    '1 to 9 at 1',
    '7 to 9 at 6',
    '15 to 9 at 11',
  ])
  // In new bounds it waits on, but no longer than it was to.
  expect(
    told('a=1@0 | clock 1 | a=2@0 | clock 2 | a=4@20 a=8@9 | clock 9', {
      ...options,
      trigger: { repeatedly: { afterCount: 1 } },
    }),
  ).toEqual(['1 to 9 at 0', '4 to 29 at 2', '-1 to 9 at 2', '11 to 18 at 2'])
})

test('completion passes the gate only where the trigger promises to show everything then', () => {
  const options = { gate: { atMostEvery: 5 }, latenessMs: 10 }
  const late = 'a=1@0 | a=2@0 | watermark 10 | clock 5'
  expect(
    told(late, { ...options, trigger: { afterWatermark: { early: 'everyUpdate', late: 'everyUpdate' } } }),
  ).toEqual(['1 to 9 at 0', '3 to 9 at 0'])
  const once: OracleTrigger = { afterEach: ['everyUpdate', { afterWatermark: {} }] }
  expect(told(late, { ...options, trigger: once })).toEqual(['1 to 9 at 0', '3 to 9 at 5'])
})

test.each<readonly [OracleTrigger, boolean]>([
  ['everyUpdate', false],
  ['never', false],
  [{ repeatedly: { afterCount: 2 } }, false],
  [{ afterWatermark: {} }, true],
  [{ repeatedly: { afterFirst: [{ afterCount: 9 }, { afterWatermark: {} }] } }, true],
  [{ afterFirst: [{ afterCount: 9 }, { afterWatermark: {} }] }, false],
  [{ repeatedly: { afterAll: ['never', { afterWatermark: {} }] } }, false],
  [{ orFinally: [{ afterWatermark: {} }, 'never'] }, true],
  [{ orFinally: [{ afterWatermark: {} }, { afterCount: 9 }] }, false],
  [{ afterEach: [{ afterWatermark: {} }, { repeatedly: { afterWatermark: {} } }] }, true],
  [{ policy: 'emitOnClose' }, false],
  [{ policy: 'completeMode', every: 5 }, true],
])('%j promises it: %s', (trigger, promised) => {
  expect(emitsAtCompletion({ trigger })).toBe(promised)
})

test('a gate that cannot be', () => {
  const gate = 'onChange'
  expect(() => told('', { trigger: 'never', gate, accumulation: 'discarding' })).toThrow('before differences')
  const trigger = { policy: 'suppressUntilTimeLimit', limit: 5, maxKeys: null, onFull: 'fail' } as const
  expect(() => told('', { trigger, gate })).toThrow('beside a suppression')
})
