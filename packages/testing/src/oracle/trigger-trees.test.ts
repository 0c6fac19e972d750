import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OracleTree } from './trigger-tree.ts'
import { triggerTrees } from './trigger-trees.ts'

const subsOf = (tree: OracleTree): readonly OracleTree[] => {
  if (typeof tree === 'string') return []
  if ('afterWatermark' in tree) return Object.values(tree.afterWatermark)
  const [inside] = Object.values(tree) as readonly (number | OracleTree | readonly OracleTree[])[]
  return typeof inside === 'number' ? [] : Array.isArray(inside) ? inside : [inside as OracleTree]
}
const depthOf = (tree: OracleTree): number => Math.max(0, ...subsOf(tree).map((sub) => depthOf(sub) + 1))
const kindOf = (tree: OracleTree): string => (typeof tree === 'string' ? tree : (Object.keys(tree)[0] ?? ''))
const all = (tree: OracleTree): readonly OracleTree[] => [tree, ...subsOf(tree).flatMap(all)]

test('every kind of trigger comes, no deeper than asked, with small numbers', () => {
  const kinds = new Set<string>()
  let deepest = 0
  fc.assert(
    fc.property(triggerTrees({ depth: 3, maxCount: 2, maxMs: 9 }), (tree) => {
      for (const part of all(tree)) {
        kinds.add(kindOf(part))
        if (typeof part === 'object' && 'afterCount' in part) expect([1, 2]).toContain(part.afterCount)
        if (typeof part === 'object' && 'afterProcessingTime' in part)
          expect(part.afterProcessingTime).toBeLessThanOrEqual(9)
        if (['afterFirst', 'afterAll', 'afterEach', 'orFinally'].includes(kindOf(part)))
          expect(subsOf(part).length).toBeGreaterThanOrEqual(2)
      }
      deepest = Math.max(deepest, depthOf(tree))
      return depthOf(tree) <= 3
    }),
    { numRuns: 500 },
  )
  expect([...kinds].toSorted()).toEqual([
    'afterAll',
    'afterCount',
    'afterEach',
    'afterFirst',
    'afterProcessingTime',
    'afterWatermark',
    'alignedProcessingTime',
    'everyUpdate',
    'never',
    'orFinally',
    'repeatedly',
  ])
  expect(deepest).toBe(3)
})

test('without the clock nothing waits for it; depth 0 gives primitives', () => {
  fc.assert(
    fc.property(triggerTrees({ clock: false }), (tree) =>
      all(tree).every((part) => !kindOf(part).endsWith('ProcessingTime')),
    ),
  )
  fc.assert(fc.property(triggerTrees({ depth: 0 }), (tree) => depthOf(tree) === 0))
})

test.each<readonly [string, (tree: OracleTree) => boolean, OracleTree]>([
  [
    'a count of 3',
    (tree) => all(tree).some((p) => typeof p === 'object' && 'afterCount' in p && p.afterCount >= 3),
    { afterCount: 3 },
  ],
  [
    'a late part that waits',
    (tree) =>
      all(tree).some(
        (p) =>
          typeof p === 'object' &&
          'afterWatermark' in p &&
          typeof p.afterWatermark.late === 'object' &&
          'afterProcessingTime' in p.afterWatermark.late,
      ),
    { afterWatermark: { late: { afterProcessingTime: 1 } } },
  ],
])('shrinks to the smallest tree with %s', (_, has, smallest) => {
  const { counterexample } = fc.check(
    fc.property(triggerTrees(), (tree) => !has(tree)),
    { numRuns: 2_000 },
  )
  expect(counterexample?.[0]).toEqual(smallest)
})
