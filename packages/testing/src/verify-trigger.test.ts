import { type Trigger, policy, watermarkThenUpdates } from '@tidemark/core'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import { expect, test } from 'vitest'
import { verifyTrigger } from './verify-trigger.ts'

test.each<[string, Trigger<never>]>([
  ['watermarkThenUpdates', watermarkThenUpdates()],
  ['emitOnClose', emitOnClose()],
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
  expect(() => verifyTrigger(trigger, { runs: 200 })).not.toThrow()
})

test('finds a fast path that says something else than the step', () => {
  const lying = {
    ...continuousRefinement(),
    fastPath: { early: 'never', completion: true, late: 'perRecord' },
  } as const
  expect(() => verifyTrigger(lying as never)).toThrow(/Pane \d+ is another one without the fast path/)
})

test('a trigger without a fast path has nothing to compare', () => {
  const { fastPath: _, ...generic } = watermarkThenUpdates()
  expect(() => verifyTrigger(generic as never)).toThrow('states no fast path')
})
