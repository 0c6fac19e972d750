/** Owns the pipelines that laws are tried on: a keyed sum under any window and policy, for the engine and the oracle. */
import {
  type Pane,
  type Pipeline,
  type TimeWindow,
  type WindowAssigner,
  type WatermarkStrategy,
  assignWindows,
  collected,
  hopping,
  monotonous,
  ms,
  oneWindow,
  pipeline,
  session,
  slidingByRecord,
  tumbling,
  watermarkThenUpdates,
} from '@tidemark/core'
import type { OraclePolicy, OracleOptions, OracleWindows } from '@tidemark/testing'
import { continuousRefinement, earlyAndLate, emitOnClose } from '@tidemark/triggers'
import * as fc from 'fast-check'

export interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
export const item = (key: string, value: number, at: number): Item => ({ key, value, at })
export type SumPane = Extract<Pane<string, number, TimeWindow>, { readonly kind: 'value' }>

/** One way to window and to emit. */
export interface Shape {
  readonly windows: OracleWindows
  readonly policy: PolicyName
  readonly earlyMs: number
  readonly lateMs: number | undefined
  readonly accumulation: 'accumulating' | 'retracting' | 'discarding'
  readonly onTime: 'always' | 'nonEmpty'
  readonly closing: 'always' | 'nonEmpty'
  readonly latenessMs: number
}

export const POLICIES = [
  'watermarkThenUpdates',
  'emitOnClose',
  'continuousRefinement',
  'continuousRefinement(completion)',
  'earlyAndLate',
  'earlyAndLate(early)',
  'earlyAndLate(early, late)',
  'earlyAndLate(late)',
] as const
export type PolicyName = (typeof POLICIES)[number]

/** Two windows per record that overlap and carry a field of their own; a third of the time only one, or none. */
const ownWindows = (at: number): readonly (TimeWindow & { readonly of: string })[] => {
  const short = Math.floor(at / 8) * 8
  const long = Math.floor(at / 20) * 20
  if (Math.abs(at) % 7 === 3) return []
  const wide = { start: long, end: long + 20, of: 'wide' }
  return Math.abs(at) % 3 === 0 ? [wide] : [{ start: short, end: short + 8, of: 'narrow' }, wide]
}

/** Periods that merge where they touch, longer for even times. */
const ownSessions = (at: number): readonly TimeWindow[] => [{ start: at, end: at + (at % 2 === 0 ? 7 : 3) }]

export const WINDOWS: { readonly [name: string]: fc.Arbitrary<OracleWindows> } = {
  tumbling: fc.record({
    kind: fc.constant('tumbling'),
    size: fc.integer({ min: 1, max: 15 }),
    offset: fc.integer({ min: 0, max: 6 }),
  }),
  hopping: fc.record({
    kind: fc.constant('hopping'),
    size: fc.integer({ min: 1, max: 20 }),
    every: fc.integer({ min: 1, max: 12 }),
    offset: fc.integer({ min: 0, max: 6 }),
  }),
  session: fc.record({ kind: fc.constant('session'), gap: fc.integer({ min: 1, max: 10 }) }),
  slidingByRecord: fc.record({ kind: fc.constant('slidingByRecord'), size: fc.integer({ min: 1, max: 15 }) }),
  one: fc.constant({ kind: 'one' }),
  custom: fc.constant({ kind: 'custom', assign: ownWindows }),
  merging: fc.constant({ kind: 'custom', assign: ownSessions, merge: true }),
}

/** Any shape with these windows. */
export function shapes(
  windows: fc.Arbitrary<OracleWindows>,
  only: Partial<{ readonly [F in keyof Shape]: readonly Shape[F][] }> = {},
): fc.Arbitrary<Shape> {
  const from = <F extends keyof Shape>(name: F, values: readonly Shape[F][]): fc.Arbitrary<Shape[F]> =>
    fc.constantFrom(...((only[name] as readonly Shape[F][] | undefined) ?? values))
  return fc.record({
    windows,
    policy: from('policy', POLICIES),
    earlyMs: fc.integer({ min: 1, max: 20 }),
    lateMs: fc.integer({ min: 1, max: 20 }),
    accumulation: from('accumulation', ['accumulating', 'retracting', 'discarding']),
    onTime: from('onTime', ['always', 'nonEmpty']),
    closing: from('closing', ['always', 'nonEmpty']),
    latenessMs:
      only.latenessMs === undefined
        ? fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40 }))
        : from('latenessMs', []),
  })
}

export const anyWindows: fc.Arbitrary<OracleWindows> = fc.oneof(...Object.values(WINDOWS))

export function assignerOf(windows: OracleWindows): WindowAssigner<unknown, TimeWindow> {
  switch (windows.kind) {
    case 'tumbling':
      return tumbling(ms(windows.size), { offset: ms((windows.offset ?? 0) % windows.size) })
    case 'hopping':
      return hopping(ms(windows.size), { every: ms(windows.every), offset: ms((windows.offset ?? 0) % windows.every) })
    case 'session':
      return session(ms(windows.gap))
    case 'slidingByRecord':
      return slidingByRecord(ms(windows.size))
    case 'one':
      return oneWindow() as never
    case 'custom':
      return assignWindows({ assign: (at) => windows.assign(at), merge: windows.merge ?? false })
  }
}

export function triggerOf({ policy, earlyMs, lateMs }: Shape): ReturnType<typeof watermarkThenUpdates> {
  const early = { earlyEvery: ms(earlyMs) }
  const late = { lateEvery: ms(lateMs ?? 1) }
  switch (policy) {
    case 'watermarkThenUpdates':
      return watermarkThenUpdates()
    case 'emitOnClose':
      return emitOnClose()
    case 'continuousRefinement':
      return continuousRefinement()
    case 'continuousRefinement(completion)':
      return continuousRefinement({ completion: true })
    case 'earlyAndLate':
      return earlyAndLate()
    case 'earlyAndLate(early)':
      return earlyAndLate(early)
    case 'earlyAndLate(early, late)':
      return earlyAndLate({ ...early, ...late })
    case 'earlyAndLate(late)':
      return earlyAndLate(late)
  }
}

function policyOf({ policy, earlyMs, lateMs }: Shape): OraclePolicy {
  const late = lateMs ?? 1
  switch (policy) {
    case 'watermarkThenUpdates':
      return { early: 'never', completion: true, late: 'perRecord' }
    case 'emitOnClose':
      return { early: 'never', completion: false, late: 'never' }
    case 'continuousRefinement':
      return { early: 'perRecord', completion: false, late: 'perRecord' }
    case 'continuousRefinement(completion)':
      return { early: 'perRecord', completion: true, late: 'perRecord' }
    case 'earlyAndLate':
      return { early: 'never', completion: true, late: 'perRecord' }
    case 'earlyAndLate(early)':
      return { early: earlyMs, completion: true, late: 'perRecord' }
    case 'earlyAndLate(early, late)':
      return { early: earlyMs, completion: true, late }
    case 'earlyAndLate(late)':
      return { early: 'never', completion: true, late }
  }
}

export function oracleOptions(shape: Shape): OracleOptions {
  const { windows, accumulation, onTime, closing, latenessMs } = shape
  const aligned =
    windows.kind === 'tumbling'
      ? { ...windows, offset: (windows.offset ?? 0) % windows.size }
      : windows.kind === 'hopping'
        ? { ...windows, offset: (windows.offset ?? 0) % windows.every }
        : windows
  return {
    windows: aligned,
    policy: policyOf(shape),
    accumulation,
    onTime,
    closing,
    latenessMs,
  }
}

/** The keyed sum of a shape. The strategy is in force only where a script names no watermark. */
export function summing(shape: Shape, watermark: WatermarkStrategy<Item> = monotonous()): Pipeline<SumPane, Item> {
  const { accumulation, onTime, closing, latenessMs } = shape
  return pipeline('law')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark })
    .keyBy(({ key }) => key)
    .window(assignerOf(shape.windows), {
      trigger: triggerOf(shape),
      accumulation: accumulation as 'accumulating',
      onTime,
      closing,
      allowedLateness: ms(latenessMs),
    })
    .sum(({ value }) => value)
    .to(collected()) as unknown as Pipeline<SumPane, Item>
}
