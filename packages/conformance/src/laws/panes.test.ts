/** Law 6: order early* on-time? late*, at most one on-time pane, indexes strictly increase, nothing after isLast. */
import { type OracleWindows, play, scripts } from '@tidemark/testing'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { LAW_MS, tryLaw } from './law.ts'
import { type LivePane, checkFinality, checkLives } from './lives.ts'
import { WINDOWS, anyWindows, item, shapes, summing } from './shapes.ts'

vi.setConfig({ testTimeout: LAW_MS })

test('law 6: the life of every key and window', () => {
  const seen = { early: 0, 'on-time': 0, late: 0, last: 0 }
  tryLaw(2_000, fc.tuple(shapes(anyWindows), scripts()), ([shape, script]) => {
    const panes = play(summing(shape), script, item).steps.flatMap((step) => step.panes)
    checkLives(panes, shape.windows, shape.accumulation)
    for (const { kind, timing, isLast } of panes as readonly LivePane[]) {
      if (kind === 'retraction') continue
      seen[timing ?? 'early']++
      if (isLast === true) seen.last++
    }
  })
  for (const [timing, count] of Object.entries(seen)) expect([timing, count > 500]).toEqual([timing, true])
})

describe('the law can tell', () => {
  const pane = { kind: 'value', key: 'a', window: { start: 0, end: 5 }, value: 1, isLast: false } as const
  const first: LivePane = { ...pane, index: 0, timing: 'early', isFirst: true }
  const later = (index: number, timing: LivePane['timing'], more: Partial<LivePane> = {}): LivePane =>
    ({ ...pane, index, timing, isFirst: false, ...more }) as LivePane
  const undo = (of: LivePane, more: Partial<LivePane> = {}): LivePane => ({ ...of, kind: 'retraction', ...more })

  test.each<[string, readonly LivePane[], RegExp]>([
    ['a pane after the last', [{ ...first, isLast: true }, later(1, 'early')], /after the last/],
    ['an index that does not follow', [first, later(2, 'early')], /follows 0/],
    ['a wrong isFirst', [{ ...first, isFirst: false }], /isFirst/],
    ['early after on time', [first, later(1, 'on-time'), later(2, 'early')], /early after on-time/],
    ['two on time', [first, later(1, 'on-time'), later(2, 'on-time')], /second on-time/],
    ['on time after late', [first, later(1, 'late'), later(2, 'on-time')], /on-time after late/],
    ['a retraction of nothing', [first, undo(first), undo(first)], /nothing that stands/],
    ['a retraction of another value', [first, undo(first, { value: 2 })], /another pane/],
    ['a retraction of an older pane', [first, later(1, 'early'), undo(first)], /another pane/],
    ['a retraction of the last pane', [{ ...first, isLast: true }, undo(first)], /retraction of a last pane/],
  ])('%s', (_, panes, says) => {
    expect(() => checkLives(panes, { kind: 'tumbling', size: 5 }, 'accumulating')).toThrow(says)
  })

  test('with retracting a pane must be withdrawn before the next', () => {
    expect(() => checkLives([first, later(1, 'early')], { kind: 'one' }, 'retracting')).toThrow(/still stands/)
    checkLives([first, undo(first), later(1, 'early')], { kind: 'one' }, 'retracting')
  })

  test('a pane of a window that was told to be final', () => {
    const steps = [
      { panes: [], progress: 7 },
      { panes: [first], progress: 8 },
    ]
    expect(() => checkFinality(steps, { kind: 'tumbling', size: 5 }, 2)).toThrow(/after progress\(7\)/)
    checkFinality(steps, { kind: 'tumbling', size: 5 }, 3)
  })
})

const ofSome = (no: string): fc.Arbitrary<OracleWindows> =>
  fc.oneof(...Object.entries(WINDOWS).flatMap(([name, windows]) => (name === no ? [] : [windows])))

test('final by the watermark: nothing comes for a window whose state is freed', () => {
  tryLaw(2_000, fc.tuple(shapes(ofSome('one')), scripts()), ([shape, script]) =>
    checkFinality(play(summing(shape), script, item).steps, shape.windows, shape.latenessMs),
  )
})
