import { type Trigger, type TriggerStep, policy, watermarkThenUpdates } from '@tidemark/core'
import {
  afterAll,
  afterCount,
  afterEach,
  afterFirst,
  afterProcessingTime,
  afterWatermark,
  alignedProcessingTime,
  completeMode,
  continuousRefinement,
  earlyAndLate,
  emitOnClose,
  everyEventTime,
  everyUpdate,
  orFinally,
  repeatedly,
  suppress,
  updateMode,
} from '@tidemark/triggers'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { script } from './script.ts'
import { verifyTrigger } from './verify-trigger.ts'

test.each<[string, Trigger<never>]>([
  ['watermarkThenUpdates', watermarkThenUpdates()],
  ['emitOnClose', emitOnClose()],
  ['updateMode', updateMode({ every: '6ms' })],
  ['suppress', suppress.untilTimeLimit('9ms', { onFull: 'emitEarly' })],
  ['suppress in little room', suppress.untilTimeLimit('9ms', { maxKeys: 2, onFull: 'emitEarly' })],
  ['continuousRefinement', continuousRefinement()],
  ['continuousRefinement with completion', continuousRefinement({ completion: true })],
  ['earlyAndLate', earlyAndLate()],
  ['earlyAndLate early', earlyAndLate({ earlyEvery: '5ms' })],
  ['earlyAndLate late', earlyAndLate({ lateEvery: '4ms' })],
  ['earlyAndLate both', earlyAndLate({ earlyEvery: '7ms', lateEvery: '3ms' })],
  [
    'repeated',
    policy({ kind: 'repeated', fastPath: { early: { afterMs: 5 }, completion: false, late: { afterMs: 5 } } }),
  ],
])('%s: fast path and step mean the same', (_, trigger) => {
  expect(() => verifyTrigger(trigger, { runs: 40 })).not.toThrow()
})

test('finds a fast path that says something else than the step', () => {
  const lying = {
    ...continuousRefinement(),
    fastPath: { early: 'never', completion: true, late: 'perRecord' },
  } as const
  expect(() => verifyTrigger(lying as never)).toThrow(/Pane \d+ is another one without the fast path/)
})

test.each<Trigger<never>>([
  repeatedly(afterFirst(afterCount(3), afterProcessingTime('5ms'))),
  afterWatermark({ early: alignedProcessingTime('7ms'), late: afterCount(2) }),
  afterEach(afterCount(1), orFinally(everyUpdate(), afterAll(afterCount(4), afterWatermark()))),
  everyEventTime('9ms'),
  completeMode({ every: '8ms' }),
])('$kind: its step is pure, and restarts leave no trace', (trigger) => {
  expect(() => verifyTrigger(trigger, { runs: 40 })).not.toThrow()
})

describe('finds a step that', () => {
  const { fastPath: _, ...generic } = continuousRefinement()
  const outside = new Map<number, number>()
  const with_ = (step: Partial<TriggerStep>): Trigger<never> =>
    ({ ...generic, kind: 'bad()', step: { ...generic.step, ...step } }) as Trigger<never>

  test.each<[string, Partial<TriggerStep>, RegExp]>([
    [
      'changes its row when it is asked',
      { fires: (rows, row) => ((rows[row] = 5), true) },
      /fires of the trigger bad\(\) has changed its rows, expected it only to look/,
    ],
    [
      'keeps something beside its row',
      {
        element: (rows, row) =>
          void (rows[row] = (outside.set(row, (outside.get(row) ?? 0) + 1).get(row) as number) % 3),
      },
      /element of the trigger bad\(\) did another thing to an equal row/,
    ],
    [
      'reaches into the row beside',
      { fired: (rows, row) => void (rows[row === 0 ? 2 : 0] = row + 3) },
      /fired of the trigger bad\(\) has changed a row that is not its own/,
    ],
    [
      'finishes with a record',
      { finished: (rows, row) => (rows[row] as number) > 0, fires: () => false },
      /element of the trigger bad\(\) has changed whether it has finished, expected that of fired and merge only/,
    ],
    [
      'answers by chance',
      { wakeAt: () => outside.set(-1, (outside.get(-1) ?? 0) + 1).get(-1) as number },
      /wakeAt of the trigger bad\(\) gave two answers to one question/,
    ],
    [
      'merges by order',
      {
        merge: (rows, row, others) =>
          void (rows[row] = others.reduce((sum, other) => 2 * sum + (rows[other] as number), 1)),
      },
      /merge of the trigger bad\(\) did another thing to an equal row/,
    ],
  ])('%s', (_name, step, says) => {
    // Three periods of one key become one with the last record, their rows unlike each other.
    const merging = fc.constant(script`a=1@1 b=1@3 | clock 4 | a=1@6 a=1@6 | clock 5 | a=1@11 a=1@0 | end`)
    const counting: Partial<TriggerStep> = {
      initial: [0, 0],
      element: (rows, row) => void (rows[row] = (rows[row] as number) + 1),
      fires: () => true,
      fired: () => {},
      clear: () => {},
      merge: () => {},
      wakeAt: () => Number.POSITIVE_INFINITY,
    }
    expect(() => verifyTrigger(with_({ ...counting, ...step }), { runs: 20, scripts: merging })).toThrow(says)
  })
})
