/** Triggers composed at random: laws 1, 2, 6 and 9, and that what is final by the watermark stays as it is. */
import { type PaneGate, boundedOutOfOrderness, ms } from '@tidemark/core'
import {
  type OracleTrigger,
  type Script,
  type ScriptRecord,
  partition,
  partitions,
  play,
  samePanes,
  scripts,
  triggerTrees,
} from '@tidemark/testing'
import { atMostEvery, onChange } from '@tidemark/triggers'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { following, inOneStep, oneByOne } from './cuts.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { checkFinality, checkLives } from './lives.ts'
import { anyWindows, item } from './shapes.ts'
import { type TreeShape, summingTree, treeShapes } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

/** Trees, and the policies that are none of those: by event time, and with a bounded buffer that is full soon. */
const triggers: fc.Arbitrary<OracleTrigger> = fc.oneof(
  { weight: 4, arbitrary: triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 12 }).map((every) => ({ policy: 'everyEventTime' as const, every })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      policy: fc.constant('suppressUntilTimeLimit' as const),
      limit: fc.integer({ min: 0, max: 20 }),
      maxKeys: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
      onFull: fc.constant('emitEarly' as const),
    }),
  },
)
const anyShape = treeShapes(anyWindows, {}, triggers)

/** No gate, or one that fits the shape: those of suppression are part of it, and differences cannot be swallowed. */
function gateOf({ trigger, accumulation }: TreeShape, n: number): { readonly gate?: PaneGate } {
  if (typeof trigger === 'object' && 'policy' in trigger) return {}
  if (n === 0) return accumulation === 'discarding' ? {} : { gate: onChange() }
  return n < 5 ? { gate: atMostEvery(ms(n * 3)) } : {}
}
const gates = fc.integer({ min: 0, max: 9 })

const panesOf = (...args: Parameters<typeof play>): readonly unknown[] =>
  play(...args).steps.flatMap((step) => step.panes)

test('law 1: same input, same panes', () => {
  tryLaw(500, fc.tuple(anyShape, scripts({ splits: 2 })), ([shape, script]) => {
    const bytes = (): string => JSON.stringify(play(summingTree(shape), script, item).steps)
    expect(bytes()).toBe(bytes())
  })
})

test('law 2: batches cut anywhere between the same watermarks', () => {
  let panes = 0
  tryLaw(2_000, fc.tuple(anyShape, gates, scripts(), partitions()), ([shape, n, script, sizes]) => {
    const joined = inOneStep(script)
    const line = summingTree(shape, gateOf(shape, n)) as Parameters<typeof play>[0]
    const whole = panesOf(line, joined, item as never)
    samePanes(
      whole,
      panesOf(line, joined, item as never, { batches: (records) => partition(records, sizes) }),
      `in batches of ${sizes.join(', ')}`,
    )
    samePanes(whole, panesOf(line, joined, item as never, { batches: oneByOne, drainLimit: 1 }), 'record by record')
    panes += whole.length
  })
  expect(panes).toBeGreaterThan(10_000)
})

test('law 2 where the watermark follows the records', () => {
  const bounds = fc.integer({ min: 0, max: 20 })
  const input = fc.tuple(anyShape, following(), partitions(), bounds)
  tryLaw(1_000, input, ([shape, script, sizes, bound]) => {
    const joined = inOneStep(script)
    const line = summingTree(shape, { watermark: boundedOutOfOrderness(ms(bound)) })
    const run = (
      batches: (records: readonly ScriptRecord[]) => readonly (readonly ScriptRecord[])[],
    ): readonly unknown[] => play(line, joined, item, { batches }).steps
    samePanes(
      run((records) => [records]),
      run((records) => partition(records, sizes)),
      `in batches of ${sizes.join(', ')}`,
    )
  })
})

test('law 6: the life of every key and window; final by the watermark, withdrawals included', () => {
  const seen = { early: 0, 'on-time': 0, late: 0, retraction: 0 }
  tryLaw(4_000, fc.tuple(anyShape, gates, scripts()), ([shape, n, script]) => {
    const { steps } = play(summingTree(shape, gateOf(shape, n)), script, item)
    const panes = steps.flatMap((step) => step.panes)
    checkLives(panes, shape.windows, shape.accumulation)
    checkFinality(steps, shape.windows, shape.latenessMs)
    for (const pane of panes)
      if (pane.kind === 'retraction') seen.retraction++
      else if ('timing' in pane) seen[pane.timing]++
  })
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2_000]).toEqual([what, true])
})

test('law 9: a cut after every step leaves no trace, whatever waits', () => {
  let panes = 0
  tryLaw(2_000, fc.tuple(anyShape, gates, scripts()), ([shape, n, script]) => {
    const line = summingTree(shape, gateOf(shape, n))
    const run = (how: { readonly crash: boolean }, steps: Script): readonly unknown[] =>
      play(line, steps, item, how).steps.flatMap((step) => step.panes)
    const whole = run({ crash: false }, script)
    samePanes(whole, run({ crash: true }, script), 'with a cut after every step')
    panes += whole.length
  })
  expect(panes).toBeGreaterThan(5_000)
})
