/**
 * Triggers composed at random, to a depth of three, over every kind of window and accumulation: the engine equals the
 * slow reference, and the laws about panes hold.
 */
import { type Pane, type Pipeline, type TimeWindow, collected, monotonous, ms, pipeline } from '@tidemark/core'
import { type OracleTrigger, oracle, play, scripts, triggerTrees } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { triggerOf } from '../trigger-of.ts'
import { comparePanes } from './compare-panes.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { type Item, type Shape, WINDOWS, assignerOf, item, oracleOptions, shapes } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

type TreeShape = Shape & { readonly trigger: OracleTrigger }

function treeShapes(windows: (typeof WINDOWS)[string]): fc.Arbitrary<TreeShape> {
  return fc
    .tuple(
      shapes(windows, { accumulation: ['accumulating', 'retracting', 'discarding'] }),
      triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }),
    )
    .map(([shape, trigger]) => ({ ...shape, trigger }))
}

function summing({
  windows,
  accumulation,
  onTime,
  closing,
  latenessMs,
  trigger,
}: TreeShape): Pipeline<Pane<string, number, TimeWindow>, Item> {
  return pipeline('trees')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(assignerOf(windows), {
      trigger: triggerOf(trigger as never) as never,
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowedLateness: ms(latenessMs),
      allowDataLoss: true,
    })
    .sum(({ value }) => value)
    .to(collected()) as never
}

// 7 kinds of windows × trees × accumulation × onTime × closing × lateness.
describe('engine = oracle under any trigger', () => {
  test.each(Object.entries(WINDOWS))('%s', (_, windows) => {
    const seen = { value: 0, delta: 0, retraction: 0 }
    tryLaw(400, fc.tuple(treeShapes(windows), scripts()), ([shape, script]) => {
      const { policy: __, ...options } = oracleOptions(shape)
      const expected = oracle(script, { ...options, trigger: shape.trigger })
      const { steps } = play(summing(shape), script, item)
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
    for (const [kind, count] of Object.entries(seen)) expect([kind, count > 100]).toEqual([kind, true])
  })
})
