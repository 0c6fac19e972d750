/**
 * Gates behind triggers composed at random, to a depth of three, and behind the policies that are no trees: the engine
 * equals the slow reference in every window and accumulation.
 */
import { type PaneGate, ms } from '@tidemark/core'
import { type OracleGate, oracle, play, scriptOf, scripts, triggerTrees } from '@tidemark/testing'
import { atMostEvery, onChange } from '@tidemark/triggers'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { comparePanes } from './compare-panes.ts'
import { Depths } from './depths.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { WINDOWS, item } from './shapes.ts'
import { periodic, summingTree, treeOptions, treeShapes } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

const triggers = fc.oneof({ weight: 9, arbitrary: triggerTrees({ depth: 3 }) }, { weight: 1, arbitrary: periodic })
const gates = fc.oneof(
  fc.constant<OracleGate>('onChange'),
  fc.integer({ min: 1, max: 15 }).map((atMostEvery): OracleGate => ({ atMostEvery })),
)

/** Records so close together that windows hold several, with values so small that a sum often stays as it is. */
const dense = scripts({ keys: 1, maxRecords: 30 }).map(({ steps }) =>
  scriptOf(
    steps.map((step) => {
      const quarter = (n: number): number => Math.trunc(n / 4)
      if (step.kind === 'watermark') return { ...step, at: quarter(step.at) }
      if (step.kind !== 'records') return step
      return {
        ...step,
        records: step.records.map((one) => ({ ...one, at: quarter(one.at), value: quarter(one.value) })),
      }
    }),
  ),
)

const seen = { emit: 0, swallow: 0, hold: 0 }

/** One of the library that counts what it says. */
function counting(gate: OracleGate): PaneGate {
  const of = gate === 'onChange' ? onChange() : atMostEvery(ms(gate.atMostEvery))
  return {
    ...of,
    decide: (...args) => {
      const decision = of.decide(...args)
      seen[typeof decision === 'string' ? decision : 'hold']++
      return decision
    },
  }
}

describe('engine = oracle behind a gate', () => {
  test.each(Object.entries(WINDOWS))('%s', (name, windows) => {
    Object.assign(seen, { emit: 0, swallow: 0, hold: 0 })
    const depths = new Depths()
    // What waits when windows merge comes seldom.
    tryLaw(
      name === 'session' || name === 'merging' ? 1_500 : 400,
      fc.tuple(treeShapes(windows, {}, triggers), gates, fc.oneof(dense, scripts())),
      ([shape, drawn, script]) => {
        depths.add(shape.trigger)
        const gate = drawn === 'onChange' && shape.accumulation === 'discarding' ? { atMostEvery: 5 } : drawn
        const expected = oracle(script, { ...treeOptions(shape), gate })
        const { steps } = play(summingTree(shape, { gate: counting(gate) }), script, item)
        for (const [i, { panes }] of expected.entries())
          comparePanes(
            panes,
            steps[i]?.panes ?? [],
            `at step ${i} (${script.steps[i]?.kind ?? ''}), ${JSON.stringify(gate)}`,
            shape.windows.kind === 'slidingByRecord',
          )
      },
    )
    depths.check()
    for (const [what, count] of Object.entries(seen)) expect([what, count > 10]).toEqual([what, true])
  })
})
