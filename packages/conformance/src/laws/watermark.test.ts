/** Law 4: the watermark never goes back, and never beyond the slowest active split. */
import { boundedOutOfOrderness, ms } from '@tidemark/core'
import { type Script, type ScriptStep, play, scriptOf, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { WINDOWS, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

/** Splits fall idle, resume with their next record, join late and finish, in between the records of a script. */
function withSplitLife(script: Script, choices: readonly number[]): Script {
  const out: ScriptStep[] = []
  const finished = new Set<string>()
  const joined = new Set<string>()
  const seen = new Set<string>()
  for (const [i, step] of script.steps.entries()) {
    const choice = choices[i % choices.length] ?? 0
    const split = `p${choice % 3}`
    if (step.kind === 'records') {
      const records = step.records.filter((record) => !finished.has(record.split))
      const [record] = records
      if (record !== undefined && record.split === 'p2' && !joined.has('p2')) {
        out.push({ kind: 'join', split: 'p2' })
        joined.add('p2')
      }
      if (records.length > 0) out.push({ kind: 'records', records })
      for (const { split: name } of records) seen.add(name)
    } else out.push(step)
    const there = seen.has(split) && !finished.has(split)
    if (choice % 7 === 1 && there && step.kind !== 'end') out.push({ kind: 'idle', split })
    if (choice % 11 === 2 && there && step.kind !== 'end') {
      out.push({ kind: 'finish', split })
      finished.add(split)
    }
  }
  return scriptOf(out)
}

/** The rules of semantics section 1 once more, by the book: what each split has proven, and what follows for all. */
function byTheBook(script: Script, bound: number): readonly number[] {
  const splits = new Map<string, { watermark: number; state: 'active' | 'idle' | 'finished' }>()
  const later = new Set(script.steps.flatMap((step) => (step.kind === 'join' ? [step.split] : [])))
  for (const step of script.steps)
    if (step.kind === 'records')
      for (const { split } of step.records)
        if (!later.has(split)) splits.set(split, { watermark: Number.NEGATIVE_INFINITY, state: 'active' })
  if (splits.size === 0 && later.size === 0) splits.set('0', { watermark: Number.NEGATIVE_INFINITY, state: 'active' })
  let combined = Number.NEGATIVE_INFINITY
  const combine = (): void => {
    const active = [...splits.values()].filter(({ state }) => state === 'active')
    if (active.length > 0) combined = Math.max(combined, Math.min(...active.map(({ watermark }) => watermark)))
    else if (splits.size > 0 && [...splits.values()].every(({ state }) => state === 'finished'))
      combined = Number.POSITIVE_INFINITY
  }
  return script.steps.map((step) => {
    if (step.kind === 'records') {
      for (const { split, at } of step.records) {
        const of = splits.get(split)
        if (of === undefined) throw new Error(`no split ${split}`)
        if (of.state === 'idle') Object.assign(of, { state: 'active', watermark: Math.max(of.watermark, combined) })
        of.watermark = Math.max(of.watermark, at - bound)
        combine()
      }
    } else if (step.kind === 'join') splits.set(step.split, { watermark: combined, state: 'active' })
    else if (step.kind === 'idle') Object.assign(splits.get(step.split) ?? {}, { state: 'idle' })
    else if (step.kind === 'finish') Object.assign(splits.get(step.split) ?? {}, { state: 'finished' })
    else if (step.kind === 'end') for (const split of splits.values()) split.state = 'finished'
    combine()
    return combined
  })
}

test('law 4: never back, never beyond the slowest active split, and where the book says', () => {
  let moved = 0
  const input = fc.tuple(
    shapes(WINDOWS['tumbling'] as never),
    scripts({ watermarks: false, splits: 3, clock: false }),
    fc.array(fc.nat(100), { minLength: 5, maxLength: 30, size: 'max' }),
    fc.integer({ min: 0, max: 15 }),
  )
  tryLaw(
    1_500,
    input.map(([shape, script, choices, bound]) => [shape, withSplitLife(script, choices), bound] as const),
    ([shape, script, bound]) => {
      let before = Number.NEGATIVE_INFINITY
      const { steps } = play(summing(shape, boundedOutOfOrderness(ms(bound))), script, item, {
        afterStep: ({ task }, i) => {
          const { watermark } = task.cursor
          expect(watermark, `step ${i} goes back`).toBeGreaterThanOrEqual(before)
          for (const split of task.watermarks.all())
            if (split.state === 'active')
              expect(watermark, `beyond ${split.name} at step ${i}`).toBeLessThanOrEqual(split.watermark)
          if (watermark > before) moved++
          before = watermark
        },
      })
      expect(steps.map(({ progress }) => progress)).toEqual(byTheBook(script, bound))
    },
  )
  expect(moved).toBeGreaterThan(2_000)
})
