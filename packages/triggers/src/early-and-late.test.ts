/** Policies that are all fast path, or made of parts: what they state. That path and step agree, the testing kit checks. */
import type { FastPath, Trigger } from '@tidemark/core'
import { describe, expect, test } from 'vitest'
import { isFrozen, windowOf } from '../test/window-of.ts'
import { continuousRefinement } from './continuous-refinement.ts'
import { earlyAndLate } from './early-and-late.ts'
import { emitOnClose } from './emit-on-close.ts'
import { updateMode } from './update-mode.ts'

describe('policies with a fast path', () => {
  test.each<readonly [Trigger<never>, string, FastPath, Trigger<never>['onTime']]>([
    [emitOnClose(), 'emitOnClose()', { early: 'never', completion: false, late: 'never' }, undefined],
    [
      continuousRefinement(),
      'continuousRefinement()',
      { early: 'perRecord', completion: false, late: 'perRecord' },
      undefined,
    ],
    [
      continuousRefinement({ completion: true }),
      'continuousRefinement(completion)',
      { early: 'perRecord', completion: true, late: 'perRecord' },
      'always',
    ],
    [
      updateMode({ every: '30s' }),
      'updateMode(every 30s)',
      { early: { afterMs: 30_000 }, completion: true, late: { afterMs: 30_000 } },
      undefined,
    ],
    [earlyAndLate(), 'earlyAndLate()', { early: 'never', completion: true, late: 'perRecord' }, 'always'],
    [
      earlyAndLate({ earlyEvery: '10s', lateEvery: '1m' }),
      'earlyAndLate(earlyEvery: 10s, lateEvery: 1m)',
      { early: { afterMs: 10_000 }, completion: true, late: { afterMs: 60_000 } },
      'always',
    ],
  ])('$kind', (trigger, kind, fastPath, onTime) => {
    expect([trigger.kind, trigger.fastPath, trigger.onTime]).toEqual([kind, fastPath, onTime])
    expect([trigger.emitsAtCompletion, trigger.mayFinish]).toEqual([fastPath.completion, undefined])
    expect(isFrozen(trigger)).toBe(true)
  })
})

describe('earlyAndLate by counts', () => {
  test('whichever comes first, then the on-time pane, then every late record', () => {
    const window = windowOf(earlyAndLate({ earlyCount: 2, earlyEvery: '10ms' }))
    expect(window.records(1, 2, 3)).toEqual([false, true, false])
    expect([window.wakeAt, window.clock(10), window.time(100)]).toEqual([10, true, true])
    expect(window.records(4, 5)).toEqual([true, true])
  })

  test('late ones by count as well', () => {
    const window = windowOf(earlyAndLate({ lateCount: 2 }))
    expect([...window.records(1, 2), window.time(100), ...window.records(3, 4)]).toEqual([
      false,
      false,
      true,
      false,
      true,
    ])
  })

  test('says what it is given', () => {
    const trigger = earlyAndLate({ earlyEvery: '10s', earlyCount: 5, lateCount: 2 })
    expect([trigger.kind, trigger.onTime, trigger.emitsAtCompletion, isFrozen(trigger)]).toEqual([
      'earlyAndLate(earlyEvery: 10s, earlyCount: 5, lateCount: 2)',
      'always',
      true,
      true,
    ])
    expect(trigger.mayFinish?.(9)).toBeUndefined()
  })
})

test('what is no period or no count is refused by its name', () => {
  expect(() => earlyAndLate({ earlyEvery: '0s' })).toThrow(/'earlyEvery' of earlyAndLate: found '0s', expected/)
  expect(() => earlyAndLate({ lateEvery: 5 as never })).toThrow(/'lateEvery' of earlyAndLate: found 5, expected/)
  expect(() => earlyAndLate({ earlyCount: 0 })).toThrow(/found 0, expected a whole number of at least 1/)
  expect(() => updateMode({ every: '0ms' })).toThrow(/The period of updateMode: found '0ms', expected/)
})
