/** Law 1: the same inputs and ticks give the same panes, byte for byte. Law 2: how records were batched changes nothing. */
import { boundedOutOfOrderness, ms } from '@tidemark/core'
import { type ScriptRecord, partition, partitions, play, samePanes, scripts, verifyOperator } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { following, inOneStep, oneByOne } from './cuts.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { anyWindows, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

test('law 1: same input, same panes', () => {
  tryLaw(1_000, fc.tuple(shapes(anyWindows), scripts({ splits: 2 })), ([shape, script]) => {
    const bytes = (): string => JSON.stringify(play(summing(shape), script, item).steps)
    expect(bytes()).toBe(bytes())
  })
})

test('law 2: batches cut anywhere between the same watermarks', () => {
  let cut = 0
  tryLaw(1_000, fc.tuple(shapes(anyWindows), scripts(), partitions()), ([shape, script, sizes]) => {
    const joined = inOneStep(script)
    const panes = (
      batches: (records: readonly ScriptRecord[]) => readonly (readonly ScriptRecord[])[],
    ): readonly unknown[] => play(summing(shape), joined, item, { batches }).steps.flatMap((step) => step.panes)
    const whole = panes((records) => [records])
    samePanes(
      whole,
      panes((records) => partition(records, sizes)),
      `in batches of ${sizes.join(', ')}`,
    )
    samePanes(whole, panes(oneByOne), 'record by record')
    cut += whole.length
  })
  expect(cut).toBeGreaterThan(1_000)
})

test('law 2 where the watermark follows the records: it is recomputed after every one', () => {
  tryLaw(
    1_000,
    fc.tuple(shapes(anyWindows), following(), partitions(), fc.integer({ min: 0, max: 20 })),
    ([shape, script, sizes, bound]) => {
      const joined = inOneStep(script)
      const run = (
        batches: (records: readonly ScriptRecord[]) => readonly (readonly ScriptRecord[])[],
      ): readonly unknown[] => play(summing(shape, boundedOutOfOrderness(ms(bound))), joined, item, { batches }).steps
      samePanes(
        run((records) => [records]),
        run((records) => partition(records, sizes)),
        `in batches of ${sizes.join(', ')}`,
      )
    },
  )
})

test('verifyOperator holds for every shape: full outbox, restarts, nothing left', () => {
  tryLaw(300, fc.tuple(shapes(anyWindows), scripts()), ([shape, script]) =>
    verifyOperator(summing(shape), script, { record: item }),
  )
})
