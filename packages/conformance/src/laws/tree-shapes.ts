/** Owns pipelines whose trigger is composed at random: a keyed sum under any window, accumulation and gate. */
import {
  type Pane,
  type PaneGate,
  type Pipeline,
  type TimeWindow,
  type WatermarkStrategy,
  collected,
  monotonous,
  ms,
  pipeline,
} from '@tidemark/core'
import { type OracleOptions, type OracleTrigger, type OracleWindows, triggerTrees } from '@tidemark/testing'
import { atMostEvery, onChange } from '@tidemark/triggers'
import * as fc from 'fast-check'
import { triggerOf } from '../trigger-of.ts'
import { type Item, type Shape, assignerOf, oracleOptions, shapes } from './shapes.ts'

export type TreeShape = Shape & { readonly trigger: OracleTrigger }
export type TreePane = Pane<string, number, TimeWindow>

/** Any shape with these windows and a trigger tree in place of its policy. */
export function treeShapes(
  windows: fc.Arbitrary<OracleWindows>,
  only: Parameters<typeof shapes>[1] = {},
  triggers: fc.Arbitrary<OracleTrigger> = triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }),
): fc.Arbitrary<TreeShape> {
  return fc.tuple(shapes(windows, only), triggers).map(([shape, trigger]) => ({ ...shape, trigger }))
}

/** The policies that are no trees of triggers and have a period of their own. */
export const periodic: fc.Arbitrary<OracleTrigger> = fc.record({
  policy: fc.constantFrom('everyEventTime', 'updateMode', 'completeMode'),
  every: fc.integer({ min: 1, max: 12 }),
})

/** Updates held back for a while of event time, in a buffer of these sizes (null: any number). */
export function suppressions(maxKeys: fc.Arbitrary<number | null>): fc.Arbitrary<OracleTrigger> {
  return fc.record({
    policy: fc.constant('suppressUntilTimeLimit' as const),
    limit: fc.integer({ min: 0, max: 20 }),
    maxKeys,
    onFull: fc.constant('emitEarly' as const),
  })
}

function withPolicies(suppression: fc.Arbitrary<OracleTrigger>): fc.Arbitrary<OracleTrigger> {
  return fc.oneof(
    { weight: 6, arbitrary: triggerTrees({ depth: 3, maxCount: 4, maxMs: 20 }) },
    { weight: 2, arbitrary: periodic },
    { weight: 1, arbitrary: suppression },
  )
}

/** Trees, and the policies that are none of those: by their period, and with a bounded buffer that is full soon. */
export const triggers: fc.Arbitrary<OracleTrigger> = withPolicies(
  suppressions(fc.option(fc.integer({ min: 1, max: 3 }), { nil: null })),
)
/** The same where each pane is told: which of two that wait equally long leaves a full buffer first is not. */
export const toldTriggers: fc.Arbitrary<OracleTrigger> = withPolicies(suppressions(fc.constant(null)))

/** No gate, or one that fits the shape: suppression is one itself, and differences cannot be swallowed. */
export function gateOf({ trigger, accumulation }: TreeShape, n: number): { readonly gate?: PaneGate } {
  if (triggerOf(trigger).gate !== undefined) return {}
  if (n === 0) return accumulation === 'discarding' ? {} : { gate: onChange() }
  return n < 5 ? { gate: atMostEvery(ms(n * 3)) } : {}
}
export const gates: fc.Arbitrary<number> = fc.integer({ min: 0, max: 9 })

export function summingTree(
  { windows, accumulation, onTime, closing, latenessMs, trigger }: TreeShape,
  options: { readonly gate?: PaneGate; readonly watermark?: WatermarkStrategy<Item> } = {},
): Pipeline<TreePane, Item> {
  const { gate, watermark = monotonous() } = options
  return pipeline('trees')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark })
    .keyBy(({ key }) => key)
    .window(assignerOf(windows), {
      trigger: triggerOf(trigger as never) as never,
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowedLateness: ms(latenessMs),
      allowDataLoss: true,
      ...(gate === undefined ? {} : { gate }),
    })
    .sum(({ value }) => value)
    .to(collected()) as never
}

/** The same for the slow reference. */
export function treeOptions(shape: TreeShape): OracleOptions {
  const { policy: _, ...options } = oracleOptions(shape)
  return { ...options, trigger: shape.trigger }
}

/** What the windows end with, whatever is published in between: each recomputed once, when it is freed. */
export function endsWith(shape: Shape): OracleOptions {
  const { policy: _, ...options } = oracleOptions(shape)
  return { ...options, trigger: 'never', accumulation: 'accumulating', closing: 'nonEmpty' }
}
