/** What triggers keep and what they take back when sessions merge or grow. Gap 5, lateness 50. */
import { expect, test } from 'vitest'
import { script } from '../script.ts'
import { oracle } from './oracle.ts'
import type { OracleTree } from './trigger-tree.ts'

/** Values of the panes of each step, withdrawals left out. */
function told(trigger: OracleTree, text: string): readonly (readonly unknown[])[] {
  return oracle(script(text), { windows: { kind: 'session', gap: 5 }, trigger, latenessMs: 50 }).map(({ panes }) =>
    panes.filter(({ kind }) => kind === 'value').map(({ value }) => value),
  )
}

test.each<readonly [what: string, OracleTree, string, readonly (readonly number[])[]]>([
  ['counts add up', { repeatedly: { afterCount: 4 } }, 'a=1@0 | a=2@1 | a=4@9 | a=8@5', [[], [], [], [15]]],
  [
    'a count that had finished in one of them has finished; what comes next has seen the records of the other',
    { afterEach: [{ afterCount: 2 }, { repeatedly: { afterCount: 2 } }] },
    'a=1@0 | a=2@0 | a=4@9 | a=8@5',
    [[], [3], [], [15]],
  ],
  [
    'the earliest time counts',
    { repeatedly: { afterProcessingTime: 9 } },
    'a=1@0 | clock 4 | a=2@9 | a=4@5 | clock 8 | clock 9',
    [[], [], [], [], [], [7]],
  ],
  [
    'a time that had come is waited for again in new bounds',
    { afterEach: [{ afterProcessingTime: 3 }, { repeatedly: { afterCount: 2 } }] },
    'a=1@0 | clock 3 | a=2@1 | a=4@1 | clock 6 | a=8@1 | a=16@1',
    [[], [1], [], [], [7], [], [31]],
  ],
  [
    'a complete session that grows has early panes again, of late records too',
    { afterWatermark: { early: { afterCount: 2 }, late: { afterCount: 5 } } },
    'a=1@0 | watermark 6 | a=2@0 | a=4@4 | watermark 10',
    [[], [1], [], [7], []],
  ],
  [
    'early parts begin anew with each late pane',
    { afterWatermark: { early: { afterCount: 3 }, late: { afterCount: 1 } } },
    'a=1@0 | watermark 6 | a=2@0 | a=4@0 | a=8@4 | watermark 10',
    [[], [1], [3], [7], [], [15]],
  ],
  [
    'past completion only if all were',
    { afterEach: [{ afterCount: 1 }, { afterWatermark: { late: { afterCount: 2 } } }] },
    'a=1@0 | watermark 30 | a=2@10 | a=4@5 | a=8@5 | a=16@5',
    [[1], [], [2], [7], [], [31]],
  ],
])('%s', (_, trigger, text, expected) => {
  expect(told(trigger, text)).toEqual(expected)
})

test('aligned: the first whole multiple above the clock', () => {
  const steps = oracle(script('clock 10 | a=1@0 | clock 40'), {
    windows: { kind: 'one' },
    trigger: { repeatedly: { alignedProcessingTime: 10 } },
  })
  expect(steps.flatMap(({ panes }) => panes)).toMatchObject([{ emittedAt: 20 }])
})
