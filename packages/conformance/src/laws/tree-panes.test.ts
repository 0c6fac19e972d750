/** Triggers composed at random: laws 1, 2, 6 and 9, and that what is final by the watermark stays as it is. */
import { boundedOutOfOrderness, ms } from '@tidemark/core'
import { type Script, type ScriptRecord, partition, partitions, play, samePanes, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { following, inOneStep, oneByOne } from './cuts.ts'
import { Depths } from './depths.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { checkFinality, checkLives } from './lives.ts'
import { anyWindows, item } from './shapes.ts'
import { gateOf, gates, summingTree, treeShapes, triggers } from './tree-shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

const anyShape = treeShapes(anyWindows, {}, triggers)

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
  const depths = new Depths()
  tryLaw(4_000, fc.tuple(anyShape, gates, scripts()), ([shape, n, script]) => {
    depths.add(shape.trigger)
    const { steps } = play(summingTree(shape, gateOf(shape, n)), script, item)
    const panes = steps.flatMap((step) => step.panes)
    checkLives(panes, shape.windows, shape.accumulation)
    checkFinality(steps, shape.windows, shape.latenessMs)
    for (const pane of panes)
      if (pane.kind === 'retraction') seen.retraction++
      else if ('timing' in pane) seen[pane.timing]++
  })
  depths.check()
  for (const [what, count] of Object.entries(seen)) expect([what, count > 2_000]).toEqual([what, true])
})

test('law 9: a cut after every step leaves no trace, whatever waits', () => {
  let panes = 0
  tryLaw(2_000, fc.tuple(anyShape, gates, scripts({ maxRecords: 12 })), ([shape, n, script]) => {
    const line = summingTree(shape, gateOf(shape, n))
    const run = (how: { readonly crash: boolean }, steps: Script): readonly unknown[] =>
      play(line, steps, item, { ...how, generateCode: false }).steps.flatMap((step) => step.panes)
    const whole = run({ crash: false }, script)
    samePanes(whole, run({ crash: true }, script), 'with a cut after every step')
    panes += whole.length
  })
  expect(panes).toBeGreaterThan(3_000)
})
