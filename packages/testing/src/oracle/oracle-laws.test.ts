/** What must hold of the slow reference whatever the trigger: checks that use no engine and no second reading. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scripts } from '../arbitraries.ts'
import type { Script } from '../script.ts'
import type { OracleOptions, OracleTrigger } from './options.ts'
import { type OracleStep, oracle } from './oracle.ts'
import type { OraclePolicy } from './policies.ts'
import type { OracleTree } from './trigger-tree.ts'
import { triggerTrees } from './trigger-trees.ts'
import { type OracleWindows, completesAt } from './windows.ts'

const alone = fc.constantFrom<OracleWindows>(
  { kind: 'tumbling', size: 7 },
  { kind: 'hopping', size: 9, every: 4 },
  { kind: 'slidingByRecord', size: 6 },
  { kind: 'one' },
)
const sessions = fc.integer({ min: 1, max: 9 }).map((gap): OracleWindows => ({ kind: 'session', gap }))

const policies = fc.oneof(
  fc.constantFrom<OracleTrigger>(
    { policy: 'emitOnClose' },
    { policy: 'continuousRefinement' },
    { policy: 'watermarkThenUpdates' },
  ),
  fc.record({ policy: fc.constant('everyEventTime' as const), every: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    policy: fc.constant('suppressUntilTimeLimit' as const),
    limit: fc.integer({ min: 0, max: 20 }),
    maxKeys: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
    onFull: fc.constant('emitEarly' as const),
  }),
)
const triggers = fc.oneof({ weight: 3, arbitrary: triggerTrees() }, { weight: 1, arbitrary: policies })

function optionsWith(
  windows: fc.Arbitrary<OracleWindows>,
  accumulation: OracleOptions['accumulation'] & string,
): fc.Arbitrary<OracleOptions & { readonly latenessMs: number }> {
  return fc.record({
    windows,
    trigger: triggers,
    accumulation: fc.constant(accumulation),
    onTime: fc.constantFrom('always', 'nonEmpty'),
    closing: fc.constantFrom('always', 'nonEmpty'),
    latenessMs: fc.constantFrom(0, 5, 30),
    aggregate: fc.constant((values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)),
  })
}

const batchOf = (script: Script, options: OracleOptions): readonly OracleStep[] =>
  oracle(script, { ...options, trigger: 'never', closing: 'nonEmpty', accumulation: 'accumulating' })

const nameOf = ({ key, window }: { readonly key: string; readonly window: object | undefined }): string =>
  `${key} ${JSON.stringify(window)}`

/** The values that are left of each key and window when every retraction has taken back its pane. */
function leftOver(steps: readonly OracleStep[]): ReadonlyMap<string, unknown> {
  const left = new Map<string, { readonly index: number; readonly value: unknown }>()
  for (const pane of steps.flatMap(({ panes }) => panes)) {
    const before = left.get(nameOf(pane))
    if (pane.kind === 'retraction') {
      expect(before, 'what a retraction takes back').toEqual({ index: pane.index, value: pane.value })
      left.delete(nameOf(pane))
    } else left.set(nameOf(pane), { index: pane.index, value: pane.value })
  }
  return new Map([...left].map(([name, { value }]) => [name, value]))
}

test('deltas tell of every accepted record once, whatever the trigger', () => {
  let panes = 0
  fc.assert(
    fc.property(scripts(), optionsWith(fc.oneof(alone, sessions), 'discarding'), (script, options) => {
      const steps = oracle(script, options)
      const total = (list: readonly OracleStep[]): number =>
        list.flatMap((step) => step.panes).reduce((sum, { value }) => sum + (value as number), 0)
      expect(total(steps)).toBe(total(batchOf(script, options)))
      expect(steps.flatMap((step) => step.panes).every(({ kind }) => kind === 'delta')).toBe(true)
      panes += steps.flatMap((step) => step.panes).length
    }),
    { numRuns: 1_000 },
  )
  expect(panes).toBeGreaterThan(5_000)
})

test.each(['accumulating', 'retracting'] as const)(
  '%s: what is left in a store at the end are the batch results, of the true sessions only',
  (accumulation) => {
    let retractions = 0
    fc.assert(
      fc.property(scripts(), optionsWith(fc.oneof(alone, sessions), accumulation), (script, options) => {
        const steps = oracle(script, options)
        expect(leftOver(steps)).toEqual(leftOver(batchOf(script, options)))
        retractions += steps.flatMap(({ panes }) => panes).filter(({ kind }) => kind === 'retraction').length
      }),
      { numRuns: 1_000 },
    )
    expect(retractions).toBeGreaterThan(100)
  },
)

test('retracting: at every moment a key and window has one pane at most', () => {
  fc.assert(
    fc.property(scripts(), optionsWith(fc.oneof(alone, sessions), 'retracting'), (script, options) => {
      const standing = new Set<string>()
      for (const pane of oracle(script, options).flatMap(({ panes }) => panes)) {
        expect(standing.has(nameOf(pane))).toBe(pane.kind === 'retraction')
        if (pane.kind === 'retraction') standing.delete(nameOf(pane))
        else standing.add(nameOf(pane))
      }
    }),
    { numRuns: 500 },
  )
})

test('final by the watermark: neither a pane nor a withdrawal comes after it', () => {
  fc.assert(
    fc.property(scripts(), optionsWith(fc.oneof(alone, sessions), 'accumulating'), (script, options) => {
      let told = Number.NEGATIVE_INFINITY
      for (const [i, { panes }] of oracle(script, options).entries()) {
        for (const { window } of panes)
          if (window !== undefined)
            expect(completesAt(options.windows, window) + options.latenessMs).toBeGreaterThan(told)
        const step = script.steps[i]
        if (step?.kind === 'watermark') told = Math.max(told, step.at)
      }
    }),
    { numRuns: 500 },
  )
})

describe('triggers that mean the same', () => {
  const same = (
    windows: fc.Arbitrary<OracleWindows>,
    pairs: fc.Arbitrary<readonly [Partial<OracleOptions>, Partial<OracleOptions>]>,
  ): void => {
    let panes = 0
    const shape = fc.record({
      windows,
      onTime: fc.constantFrom('always' as const, 'nonEmpty' as const),
      latenessMs: fc.constantFrom(0, 5, 30),
    })
    fc.assert(
      fc.property(scripts(), shape, pairs, (script, options, [a, b]) => {
        const one = oracle(script, { ...options, ...a })
        expect(oracle(script, { ...options, ...b })).toEqual(one)
        panes += one.flatMap((step) => step.panes).length
      }),
      { numRuns: 700 },
    )
    expect(panes).toBeGreaterThan(1_000)
  }
  const trees = triggerTrees({ depth: 2 })
  const asTriggers = (
    a: (...parts: readonly [OracleTree, OracleTree, OracleTree]) => OracleTree,
    b: (...parts: readonly [OracleTree, OracleTree, OracleTree]) => OracleTree,
  ): fc.Arbitrary<readonly [Partial<OracleOptions>, Partial<OracleOptions>]> =>
    fc.tuple(trees, trees, trees).map((parts) => [{ trigger: a(...parts) }, { trigger: b(...parts) }])

  test('repeatedly twice is repeatedly', () => {
    same(
      fc.oneof(alone, sessions),
      asTriggers(
        (t) => ({ repeatedly: { repeatedly: t } }),
        (t) => ({ repeatedly: t }),
      ),
    )
  })

  test('afterFirst and afterAll do not depend on the order of their parts', () => {
    for (const name of ['afterFirst', 'afterAll'] as const)
      same(
        fc.oneof(alone, sessions),
        asTriggers(
          (a, b, c) => ({ repeatedly: { [name]: [a, b, c] } as never }),
          (a, b, c) => ({ repeatedly: { [name]: [c, a, b] } as never }),
        ),
      )
  })

  test('afterEach may be cut anywhere, and what follows one that repeats never begins', () => {
    same(
      alone,
      asTriggers(
        (a, b, c) => ({ afterEach: [{ afterEach: [a, b] }, c] }),
        (a, b, c) => ({ afterEach: [a, b, c] }),
      ),
    )
    same(
      alone,
      asTriggers(
        (a, b) => ({ afterEach: [{ repeatedly: a }, b] }),
        (a) => ({ repeatedly: a }),
      ),
    )
  })

  const cadences: readonly (readonly [OraclePolicy, OracleTrigger])[] = [
    [{ early: 'never', completion: true, late: 'perRecord' }, { policy: 'watermarkThenUpdates' }],
    [{ early: 'never', completion: false, late: 'never' }, { policy: 'emitOnClose' }],
    [{ early: 'perRecord', completion: false, late: 'perRecord' }, { policy: 'continuousRefinement' }],
    [
      { early: 'perRecord', completion: true, late: 'perRecord' },
      { afterWatermark: { early: 'everyUpdate', late: 'everyUpdate' } },
    ],
    [
      { early: 5, completion: true, late: 'perRecord' },
      { afterWatermark: { early: { afterProcessingTime: 5 }, late: 'everyUpdate' } },
    ],
    [{ early: 5, completion: false, late: 5 }, { repeatedly: { afterProcessingTime: 5 } }],
  ]
  const bothTimed: readonly [OraclePolicy, OracleTrigger] = [
    { early: 5, completion: true, late: 7 },
    { afterWatermark: { early: { afterProcessingTime: 5 }, late: { afterProcessingTime: 7 } } },
  ]
  const drawn = (list: typeof cadences): fc.Arbitrary<readonly [Partial<OracleOptions>, Partial<OracleOptions>]> =>
    fc.constantFrom(...list).map(([policy, trigger]) => [{ policy }, { trigger }])

  test('a cadence and the tree it stands for', () => {
    same(alone, drawn([...cadences, bothTimed]))
    same(sessions, drawn(cadences))
  })
})
