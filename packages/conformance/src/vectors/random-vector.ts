/**
 * Owns vectors made at random, without what is expected of them: windows, triggers and times of every kind that the form
 * allows, also those that no engine's own tests use (offsets beyond the grid, times around 1926 and today, keys that are
 * hardly texts, an end of input in the middle).
 */
import { triggerTrees } from '@tidemark/testing'
import * as fc from 'fast-check'
import type { VectorStep, VectorWindow, WindowVector } from './vector.ts'

const int = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max })

const offset = int(-100, 100)
const size = int(1, 30)

const windows: fc.Arbitrary<VectorWindow> = fc.oneof(
  fc.record({ kind: fc.constant('tumbling' as const), size, offset }),
  fc.record({ kind: fc.constant('hopping' as const), size, every: int(1, 40), offset }),
  fc.record({ kind: fc.constant('session' as const), gap: int(1, 20) }),
  fc.record({ kind: fc.constant('slidingByRecord' as const), size: int(1, 20) }),
  fc.record({ kind: fc.constant('global' as const) }),
)

const suppression = fc.oneof(
  fc.record({ limit: int(0, 30), maxKeys: fc.constant(null), onFull: fc.constant('emitEarly') }),
  // Which of several that came at one time leaves first is not said: here none leaves.
  fc.record({ limit: int(0, 30), maxKeys: int(1, 5), onFull: fc.constant('fail') }),
)

const triggers: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('emitOnClose', 'continuousRefinement').map((policy) => ({ policy })) },
  { weight: 1, arbitrary: fc.constant({ policy: 'watermarkThenUpdates' }) },
  { weight: 3, arbitrary: int(1, 40).map((every) => ({ policy: 'everyEventTime', every })) },
  { weight: 3, arbitrary: suppression.map((options) => ({ policy: 'suppressUntilTimeLimit', ...options })) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      'everyUpdate',
      'never',
      { repeatedly: { afterProcessingTime: 0 } },
      { repeatedly: { alignedProcessingTime: 7 } },
      { afterWatermark: { early: { alignedProcessingTime: 5 }, late: { afterProcessingTime: 0 } } },
      { afterFirst: ['never', { afterWatermark: {} }] },
    ),
  },
  { weight: 4, arbitrary: triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }) as fc.Arbitrary<unknown> },
)

/** Two of a vector, so that they meet. */
const keys = fc.constantFrom(['', 'a b'], ['ä€', '😀'], ['key:=@|', '__proto__'])

function steps(base: number, watermarks: boolean, pair: readonly string[]): fc.Arbitrary<readonly VectorStep[]> {
  const record = fc.record({
    key: fc.constantFrom(...pair),
    value: int(-5, 9),
    at: int(-20, 80).map((at) => at + base),
  })
  const choices: fc.WeightedArbitrary<VectorStep>[] = [
    { weight: 6, arbitrary: record.map((one) => ({ record: one })) },
    { weight: 2, arbitrary: int(0, 60).map((clock) => ({ clock })) },
    { weight: 1, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: int(0, 5).map((choice): VectorStep => (choice === 0 ? { end: true } : {})) },
  ]
  // They go back as well.
  if (watermarks) choices.push({ weight: 3, arbitrary: int(-20, 100).map((at) => ({ watermark: at + base })) })
  return fc.array(fc.oneof(...choices), { minLength: 4, maxLength: 24, size: 'max' }).map(forwards)
}

function forwards(list: readonly VectorStep[]): readonly VectorStep[] {
  let now = 0
  return list.map(({ clock, ...step }) => (clock === undefined ? step : { clock: (now = Math.max(now, clock)) }))
}

/** Whether the semantics say which record of a window is the first, from which its time counts. */
function isDefined({ window, trigger }: WindowVector): boolean {
  const { policy } = trigger as { readonly policy?: string }
  // Such a window may open with earlier records, and such sessions merge with what is pending in both.
  if (window.kind === 'slidingByRecord') return policy !== 'everyEventTime' && policy !== 'suppressUntilTimeLimit'
  return window.kind !== 'session' || policy !== 'suppressUntilTimeLimit'
}

/** Vectors that compare everything and expect nothing yet. */
export function randomVectors(): fc.Arbitrary<WindowVector> {
  return fc
    .tuple(fc.constantFrom(0, -50, 1_700_000_000_000, -1_400_000_000_000), fc.option(int(0, 30)), int(0, 20), keys)
    .chain(([base, bound, snapshotAfter, pair]) =>
      fc.record({
        name: fc.constant('random'),
        window: windows,
        watermark: fc.constant(bound === null ? ('explicit' as const) : { boundedOutOfOrderness: bound }),
        allowedLateness: fc.constantFrom(0, 5, 30, 1e9, 1e15),
        aggregate: fc.constantFrom('sum', 'count', 'min', 'max', 'collect'),
        trigger: triggers,
        accumulation: fc.constantFrom('discarding', 'accumulating', 'retracting'),
        onTime: fc.constantFrom('nonEmpty', 'always'),
        closing: fc.constantFrom('nonEmpty', 'always'),
        steps: steps(base, bound === null, pair),
        compare: fc.constant(['value', 'timing', 'index', 'isFirst', 'isLast']),
        compareTooLate: fc.constant(true),
        snapshotAfter: fc.constant(snapshotAfter),
        expect: fc.constant([]),
      }),
    )
    .filter(isDefined)
    .map((vector) => ({
      ...vector,
      // Which windows a refused record would have had is known while they are kept only.
      compareTooLate: vector.window.kind !== 'slidingByRecord',
    })) as fc.Arbitrary<WindowVector>
}
