/** The engine equals the slow reference, pane by pane: every kind of window under every policy. */
import { oracle, play, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { comparePanes } from './compare-panes.ts'
import { LAW_MS, tryLaw } from './law.ts'
import { WINDOWS, item, oracleOptions, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

// 7 kinds of windows × 8 policies × accumulation × onTime × closing × lateness, drawn at random.
describe('engine = oracle', () => {
  test.each(Object.entries(WINDOWS))('%s', (_, windows) => {
    const seen = { early: 0, 'on-time': 0, late: 0, last: 0, tooLate: 0 }
    tryLaw(400, fc.tuple(shapes(windows), scripts()), ([shape, script]) => {
      const expected = oracle(script, oracleOptions(shape))
      const counts: { noWindow: number; onTime: number; late: number; tooLate: number }[] = []
      const { steps } = play(summing(shape), script, item, {
        afterStep: ({ windows: [window] }) => void counts.push({ ...window?.operator.stage.counters } as never),
      })
      for (const [i, step] of expected.entries()) {
        const at = `at step ${i} (${script.steps[i]?.kind ?? ''})`
        const found = steps[i]?.panes ?? []
        for (const pane of step.panes) {
          if (pane.kind === 'retraction') continue
          seen[pane.timing]++
          if (pane.isLast) seen.last++
        }
        seen.tooLate += step.tooLate
        comparePanes(step.panes, found, at, shape.windows.kind === 'slidingByRecord')
        for (const name of ['noWindow', 'onTime', 'late', 'tooLate'] as const) {
          // Which freed record-aligned windows would have held a record, nobody knows any more.
          if (shape.windows.kind === 'slidingByRecord') continue
          expect((counts[i]?.[name] ?? 0) - (counts[i - 1]?.[name] ?? 0), `${name} ${at}`).toBe(step[name])
        }
      }
    })
    // The scripts reach what the law is about.
    const rare =
      windows === WINDOWS['one']
        ? { early: 1, 'on-time': 1, last: 1 }
        : { early: 1, 'on-time': 1, late: 1, last: 1, tooLate: 1 }
    for (const name of Object.keys(rare) as (keyof typeof seen)[]) expect([name, seen[name] > 50]).toEqual([name, true])
  })
})
