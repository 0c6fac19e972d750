/** Law 6: order early* on-time? late*, at most one on-time pane, indexes strictly increase, nothing after isLast. */
import { play, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { type SumPane, WINDOWS, anyWindows, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

const isRetraction = (pane: { readonly kind: string }): boolean => pane.kind === 'retraction'

const RANK = { early: 0, 'on-time': 1, late: 2 }

test('law 6: the life of every key and window', () => {
  const seen = { early: 0, 'on-time': 0, late: 0, last: 0 }
  tryLaw(1_500, fc.tuple(shapes(anyWindows), scripts()), ([shape, script]) => {
    const lives = new Map<string, SumPane[]>()
    for (const pane of play(summing(shape), script, item).steps.flatMap((step) => step.panes)) {
      const name = `${pane.key} ${JSON.stringify(pane.window)}`
      lives.set(name, [...(lives.get(name) ?? []), pane])
      if (isRetraction(pane)) continue
      seen[pane.timing]++
      if (pane.isLast) seen.last++
    }
    for (const [name, life] of lives) {
      // A session may get the bounds of one that was withdrawn or freed before: it is a new window, and begins anew.
      const merges =
        shape.windows.kind === 'session' || (shape.windows.kind === 'custom' && shape.windows.merge === true)
      let [index, rank, ended] = [-1, 0, false]
      // What withdraws a pane names it, and counts for nothing else here.
      for (const pane of life) {
        if (isRetraction(pane)) {
          expect(pane.index, `${name}: a retraction of a pane that is not there`).toBeLessThanOrEqual(index)
          continue
        }
        if (merges && pane.isFirst) [index, rank, ended] = [-1, 0, false]
        expect(ended, `${name}: a pane after the last one`).toBe(false)
        expect(pane.index, `${name}: index`).toBe(index + 1)
        expect(pane.isFirst).toBe(pane.index === 0)
        expect(RANK[pane.timing], `${name}: ${pane.timing} after ${rank}`).toBeGreaterThanOrEqual(rank)
        if (pane.timing === 'on-time') expect(rank, `${name}: a second on-time pane`).toBeLessThan(1)
        ;[index, rank, ended] = [pane.index, RANK[pane.timing], pane.isLast]
      }
    }
  })
  for (const [timing, count] of Object.entries(seen)) expect([timing, count > 500]).toEqual([timing, true])
})

test('final by the watermark: nothing comes for a window whose state is freed', () => {
  tryLaw(
    1_000,
    fc.tuple(
      shapes(
        fc.oneof(
          ...Object.entries(WINDOWS)
            .filter(([name]) => name !== 'one')
            .map(([, windows]) => windows),
        ),
      ),
      scripts(),
    ),
    ([shape, script]) => {
      const { steps } = play(summing(shape), script, item)
      const slack =
        shape.windows.kind === 'session' || (shape.windows.kind === 'custom' && shape.windows.merge === true) ? 1 : 0
      let told = Number.NEGATIVE_INFINITY
      for (const { panes, progress } of steps) {
        for (const { key, window } of panes)
          expect(
            window.end + slack + shape.latenessMs,
            `${key} [${window.start}, ${window.end}) after progress(${told})`,
          ).toBeGreaterThan(told)
        expect(progress).toBeGreaterThanOrEqual(told)
        told = progress
      }
    },
  )
})
