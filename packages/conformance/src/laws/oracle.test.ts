/** The engine equals the slow reference, pane by pane: every kind of window under every policy. */
import { oracle, play, sameValue, scripts, showPane } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
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
        // The engine withdraws nothing yet.
        const panes = step.panes.filter((pane) => pane.kind !== 'retraction')
        for (const { timing, isLast } of panes) {
          seen[timing]++
          if (isLast) seen.last++
        }
        seen.tooLate += step.tooLate
        comparePanes(panes, found, at, shape.windows.kind === 'slidingByRecord')
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

/** Within a step keys and windows may come in any order; the panes of each one must not. */
function comparePanes(
  expected: readonly object[],
  found: readonly object[],
  at: string,
  anyLateRecords: boolean,
): void {
  const plain = (pane: object): object => {
    const { epoch: _, ...rest } = pane as { readonly epoch?: number; readonly window?: { readonly start?: number } }
    const window = rest.window?.start === undefined ? undefined : rest.window
    return { ...rest, window, ...(anyLateRecords ? { lateRecords: 0 } : {}) }
  }
  const order = (pane: object): string => {
    const { key, window, index } = pane as { readonly key: string; readonly window?: object; readonly index: number }
    return `${key} ${JSON.stringify(window)} ${String(index).padStart(4)}`
  }
  const sorted = (panes: readonly object[]): readonly object[] =>
    panes.map(plain).toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  const [want, have] = [sorted(expected), sorted(found)]
  for (let i = 0; i < Math.max(want.length, have.length); i++) {
    const [a, b] = [want[i], have[i]]
    if (
      a !== undefined &&
      b !== undefined &&
      Object.entries(a).every(([name, value]) => sameValue((b as Record<string, unknown>)[name], value))
    )
      continue
    const list = (panes: readonly object[]): string => panes.map((pane) => `\n    ${showPane(pane)}`).join('')
    throw new Error(`${at}: pane ${i} differs\n  oracle${list(want)}\n  engine${list(have)}`)
  }
}
