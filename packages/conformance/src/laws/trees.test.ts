/**
 * Triggers composed at random, to a depth of three, over every kind of window and accumulation: the engine equals the
 * slow reference, and so it does for the policies that are no trees.
 */
import { oracle, play, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { comparePanes } from './compare-panes.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { WINDOWS, item } from './shapes.ts'
import { type TreeShape, periodic, summingTree, suppressions, treeOptions, treeShapes } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type Seen = { value: number; delta: number; retraction: number }

function equalsOracle(runs: number, shapes: fc.Arbitrary<TreeShape>): Seen {
  const seen: Seen = { value: 0, delta: 0, retraction: 0 }
  tryLaw(runs, fc.tuple(shapes, scripts()), ([shape, script]) => {
    const expected = oracle(script, treeOptions(shape))
    const { steps } = play(summingTree(shape), script, item)
    for (const [i, { panes }] of expected.entries()) {
      for (const { kind } of panes) seen[kind]++
      comparePanes(
        panes,
        steps[i]?.panes ?? [],
        `at step ${i} (${script.steps[i]?.kind ?? ''})`,
        shape.windows.kind === 'slidingByRecord',
      )
    }
  })
  return seen
}

// 7 kinds of windows × trees × accumulation × onTime × closing × lateness.
describe('engine = oracle under any trigger', () => {
  test.each(Object.entries(WINDOWS))('%s', (_, windows) => {
    const seen = equalsOracle(400, treeShapes(windows))
    for (const [kind, count] of Object.entries(seen)) expect([kind, count > 100]).toEqual([kind, true])
  })
})

// Which of two that wait equally long leaves first when there is no room is not told by the semantics.
const suppression = suppressions(fc.constant(null))

describe('engine = oracle', () => {
  test.each(Object.entries(WINDOWS).filter(([name]) => name !== 'one'))('every so often: %s', (_, windows) => {
    expect(equalsOracle(200, treeShapes(windows, {}, periodic)).value).toBeGreaterThan(100)
  })

  test.each(Object.entries(WINDOWS).filter(([name]) => name !== 'one'))('suppressed for a time: %s', (_, windows) => {
    expect(equalsOracle(200, treeShapes(windows, {}, suppression)).value).toBeGreaterThan(100)
  })
})
