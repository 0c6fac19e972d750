import { expect, test } from 'vitest'
import { Depths, depthOf } from './depths.ts'

const once = { afterCount: 1 }
const nested = (depth: number): unknown => (depth === 0 ? once : { repeatedly: nested(depth - 1) })

test.each<[unknown, number]>([
  ['never', 0],
  [once, 0],
  [{ afterWatermark: {} }, 0],
  [{ policy: 'everyEventTime', every: 5 }, 0],
  [{ repeatedly: 'everyUpdate' }, 1],
  [{ afterWatermark: { late: once } }, 1],
  [{ afterFirst: [once, { orFinally: [{ repeatedly: once }, once] }] }, 3],
  [{ afterWatermark: { early: once, late: nested(3) } }, 4],
])('%j', (trigger, depth) => {
  expect(depthOf(trigger)).toBe(depth)
})

test('trees that are flatter, or deeper, than three are seen', () => {
  const depths = new Depths()
  depths.add(nested(3), nested(1))
  depths.check()
  depths.add(nested(2), nested(2))
  expect(() => depths.check()).toThrow(/Of 4 triggers 0, 1, 2, 1 are/)
  depths.add(nested(3), nested(3), nested(4))
  expect(() => depths.check()).toThrow(/0, 1, 2, 3, 1 are/)
})
