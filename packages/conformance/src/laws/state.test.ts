/**
 * Law 8: nothing of a window survives end + lateness: entries are those of windows that are not freed, and after the end
 * of input a snapshot is that of an engine that has seen nothing. Law 9: cut anywhere, restore, same panes.
 */
import { type Compiled, engineOf } from '@tidemark/core'
import { play, samePanes, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { liveIn } from './live-state.ts'
import { isMerging } from './lives.ts'
import { WINDOWS, anyWindows, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

describe('law 8', () => {
  test.each(Object.entries(WINDOWS))('%s: bounded state, nothing left', (_, windows) => {
    let held = 0
    tryLaw(250, fc.tuple(shapes(windows), scripts()), ([shape, script]) => {
      const { engine } = play(summing(shape), script, item, {
        afterStep: ({ task, windows: [window] }, i) => {
          const stage = window?.operator.stage
          held += stage?.entries ?? 0
          if (!((stage?.entries ?? 0) > 0)) expect(window?.operator.open(10) ?? [], `open at step ${i}`).toEqual([])
          for (const open of window?.operator.open(1_000) ?? []) {
            // The one window has no end; the hopping operator tells of the next window only.
            if (open.completesAt === Number.POSITIVE_INFINITY) continue
            expect(open.completesAt + shape.latenessMs, `a freed window at step ${i}`).toBeGreaterThan(
              task.cursor.watermark,
            )
            expect(open.complete).toBe(task.cursor.watermark >= open.completesAt)
            expect(open.completesAt).toBe(
              (open.window as { readonly end: number }).end + (isMerging(shape.windows) ? 1 : 0),
            )
          }
        },
      })
      expect(engine.windows[0]?.operator.stage.entries).toBe(0)
      expect(engine.task.openWindows()).toEqual([])
      expect(liveIn(engine.task.save().operators)).toBe(0)
      expect(engine.windows[0]?.operator.nextDue).toBe(Number.POSITIVE_INFINITY)
    })
    expect(held).toBeGreaterThan(500)
  })

  test('the count of live things can tell', () => {
    const live = (end: boolean): number => {
      const compiled: Compiled = engineOf(
        summing({
          windows: { kind: 'slidingByRecord', size: 5 },
          policy: 'watermarkThenUpdates',
          earlyMs: 1,
          lateMs: 1,
          accumulation: 'accumulating',
          onTime: 'nonEmpty',
          closing: 'nonEmpty',
          latenessMs: 0,
        }) as never,
      )
      const [source] = compiled.sources
      if (source === undefined) throw new Error('no source')
      compiled.task.join(source.port, '0', undefined)
      compiled.task.run(source.port, { split: '0', records: [item('a', 1, 3)], first: 0n, next: 1n, finished: end })
      return liveIn(compiled.task.save().operators)
    }
    expect(live(false)).toBeGreaterThan(1)
    expect(live(true)).toBe(0)
  })
})

test('law 9: a cut after every step leaves no trace', () => {
  let panes = 0
  tryLaw(1_000, fc.tuple(shapes(anyWindows), scripts()), ([shape, script]) => {
    const [whole, cut] = [false, true].map((crash) =>
      play(summing(shape), script, item, { crash, generateCode: false }).steps.flatMap((step) => step.panes),
    )
    samePanes(whole ?? [], cut ?? [], 'with a cut after every step')
    panes += whole?.length ?? 0
  })
  expect(panes).toBeGreaterThan(1_000)
})

test('law 9 with several splits, where the watermark follows the records', () => {
  tryLaw(500, fc.tuple(shapes(anyWindows), scripts({ watermarks: false, splits: 3 })), ([shape, script]) => {
    const [whole, cut] = [false, true].map((crash) =>
      play(summing(shape), script, item, { crash, generateCode: false }),
    )
    samePanes(whole?.steps ?? [], cut?.steps ?? [], 'with a cut after every step')
  })
})
