/**
 * Vectors made at random: the engine, run as the vectors of the other engines are, gives what the slow reference gives,
 * in every way that must change nothing.
 */
import { expect, test, vi } from 'vitest'
import { byOracle } from '../vectors/by-oracle.ts'
import { asExpected } from '../vectors/compare.ts'
import type { FoundPane } from '../vectors/pipeline-of.ts'
import { randomVectors } from '../vectors/random-vector.ts'
import { type RunOptions, runWindows } from '../vectors/run-windows.ts'
import type { Expectation, WindowVector } from '../vectors/vector.ts'
import { LAW_MS, tryLaw } from './law.ts'

vi.setConfig({ testTimeout: LAW_MS })

const WAYS: readonly Partial<RunOptions>[] = [{}, { by: 'step' }, { restarts: 'everyStep' }, { batches: 'joined' }]

function expecting(vector: WindowVector): WindowVector {
  const { steps, fails } = byOracle(vector)
  const expected: Expectation[] = steps.map(({ panes, tooLate }, step) => ({
    step,
    panes: panes.map((pane) => asExpected(pane as unknown as FoundPane)),
    tooLate,
    fails: false,
  }))
  if (fails !== undefined) expected.push({ step: fails, panes: [], tooLate: 0, fails: true })
  return { ...vector, expect: expected }
}

test('engine = oracle on random vectors', () => {
  const seen = { panes: 0, withdrawals: 0, tooLate: 0, failures: 0 }
  tryLaw(600, randomVectors(), (made) => {
    const vector = expecting(made)
    for (const { panes, tooLate, fails } of vector.expect) {
      seen.panes += panes.length
      seen.withdrawals += panes.filter(({ retract }) => retract).length
      seen.tooLate += tooLate
      if (fails) seen.failures++
    }
    for (const way of WAYS) expect([way, runWindows(vector, way)]).toEqual([way, undefined])
  })
  expect(seen.panes).toBeGreaterThan(500)
  expect(seen.withdrawals).toBeGreaterThan(30)
  expect(seen.tooLate).toBeGreaterThan(300)
  expect(seen.failures).toBeGreaterThan(0)
})
