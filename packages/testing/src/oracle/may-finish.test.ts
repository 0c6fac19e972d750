import { expect, test } from 'vitest'
import { mayFinish } from './may-finish.ts'
import type { OracleTree } from './trigger-tree.ts'

const once: OracleTree = { afterCount: 2 }
const timed: OracleTree = { afterProcessingTime: 5 }
const end: OracleTree = { afterWatermark: {} }

test.each<readonly [OracleTree, withLateness: boolean, without: boolean]>([
  ['everyUpdate', false, false],
  ['never', false, false],
  [end, true, false],
  [{ afterWatermark: { early: once } }, true, false],
  [{ afterWatermark: { late: once } }, false, false],
  [{ afterWatermark: { early: once, late: timed } }, false, false],
  [once, true, true],
  [timed, true, true],
  [{ alignedProcessingTime: 5 }, true, true],
  [{ repeatedly: once }, false, false],
  [{ afterFirst: ['never', end] }, true, false],
  [{ afterFirst: ['never', once] }, true, true],
  [{ afterAll: ['never', once] }, false, false],
  [{ afterAll: [end, once] }, true, false],
  [{ afterAll: [once, timed] }, true, true],
  [{ afterEach: [once, { repeatedly: timed }] }, false, false],
  [{ afterEach: [once, timed] }, true, true],
  [{ orFinally: [{ repeatedly: once }, 'never'] }, false, false],
  [{ orFinally: [{ repeatedly: once }, end] }, true, false],
  [{ orFinally: [{ repeatedly: once }, timed] }, true, true],
  [{ orFinally: [once, 'never'] }, true, true],
])('%j', (tree, withLateness, without) => {
  expect([mayFinish(tree, 1), mayFinish(tree, 0)]).toEqual([withLateness, without])
})

test('no policy finishes', () => {
  expect(mayFinish({ policy: 'emitOnClose' }, 1)).toBe(false)
  expect(mayFinish({ policy: 'everyEventTime', every: 5 }, 1)).toBe(false)
})
