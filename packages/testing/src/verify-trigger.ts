/** Owns the laws of triggers: a step is pure, and a fast path means the same as the step beside it. */
import {
  type PaneGate,
  type Pipeline,
  type TimeWindow,
  type Trigger,
  type WindowAssigner,
  type WindowOptions,
  assignWindows,
  collected,
  hopping,
  monotonous,
  pipeline,
  session,
  slidingByRecord,
  tumbling,
} from '@tidemark/core'
import * as fc from 'fast-check'
import { scripts } from './arbitraries.ts'
import { play } from './play.ts'
import type { Script } from './script.ts'
import { samePanes } from './simulate.ts'
import { watched } from './watched-step.ts'

export interface VerifyTriggerOptions {
  /** Scripts per kind of window; 100 if not given. */
  readonly runs?: number
  /** The seed of a failure, to see it again. */
  readonly seed?: number
  /** Event times of the scripts are small whole numbers, the clock moves by up to 15 ms: choose periods to match. */
  readonly scripts?: fc.Arbitrary<Script>
}

interface Item {
  readonly key: string
  readonly value: number
  readonly at: number
}
type Options = WindowOptions<never, 'accumulating' | 'retracting' | 'discarding'>

/** Short periods, and now and then a long one that makes several of them one. */
function periodOf(at: number): readonly TimeWindow[] {
  return [{ start: at, end: at + (at % 5 === 0 ? 20 : 3) }]
}

const WINDOWS: readonly (readonly [name: string, assigner: WindowAssigner<unknown, never>])[] = [
  ['tumbling', tumbling('10ms') as never],
  ['hopping', hopping('12ms', { every: '5ms' }) as never],
  ['session', session('6ms') as never],
  ['merging', assignWindows({ assign: periodOf, merge: true }) as never],
  ['slidingByRecord', slidingByRecord('8ms') as never],
]

/** Holds each pane back until some time after the one before. */
const HOLDS: PaneGate<number> = {
  kind: 'holds',
  decide: (last = Number.NEGATIVE_INFINITY, _, { now }) => (now >= last + 20 ? 'emit' : { holdUntil: last + 20 }),
  emitted: (_, __, { now }) => now,
}

/**
 * Throws a plain Error, with the smallest script found and the seed, where a trigger breaks a law on random scripts, for
 * grid windows, record-aligned ones and sessions: its step is pure and stays within its row (see `watched`), a restart
 * after every step leaves no trace, and where it states a fast path, the panes by that are those by its step, also
 * behind a gate that holds them back.
 * @example verifyTrigger(earlyAndLate({ earlyEvery: '5ms' }))
 */
export function verifyTrigger(trigger: Trigger<never>, options: VerifyTriggerOptions = {}): void {
  const { fastPath, ...generic } = trigger
  const slow = watched(Object.freeze(generic) as Trigger<never>)
  const how: fc.Arbitrary<Omit<Options, 'gate'> & { readonly gate?: PaneGate | undefined }> = fc.record({
    allowedLateness: fc.constantFrom('0ms', '7ms', '30ms'),
    accumulation: fc.constantFrom('accumulating', 'retracting', 'discarding'),
    onTime: fc.constantFrom('always', 'nonEmpty'),
    closing: fc.constantFrom('always', 'nonEmpty'),
    allowDataLoss: fc.constant(true),
    ...(trigger.gate === undefined ? { gate: fc.option(fc.constant(HOLDS as PaneGate), { nil: undefined }) } : {}),
  })
  for (const [name, assigner] of WINDOWS) {
    const property = fc.property(options.scripts ?? scripts(), how, (script, { gate, ...window }) => {
      const panes = (by: Trigger<never>, crash: boolean): readonly unknown[] => {
        const record = (key: string, value: number, at: number): Item => ({ key, value, at })
        // The fast path as it runs: in generated code, where that may be made.
        const way = by === trigger ? { crash } : { crash, generateCode: false }
        const how = { ...window, trigger: by, ...(gate === undefined ? {} : { gate }) }
        const { steps } = play(summing(assigner, how), script, record, way)
        // Within one step keys and windows may take any order.
        return steps.flatMap((step) => step.panes.toSorted(byName))
      }
      const whole = panes(slow, false)
      const of = `of ${trigger.kind} (${name} windows)`
      if (fastPath === undefined) samePanes(whole, panes(slow, true), `with a restart after every step ${of}`)
      else samePanes(panes(trigger, false), whole, `without the fast path ${of}`)
    })
    const details = fc.check(property, {
      numRuns: options.runs ?? 100,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    })
    if (!details.failed) continue
    const cause = details.errorInstance
    const shown = (details.counterexample ?? []).map((value) => fc.stringify(value)).join('\n')
    throw new Error(
      `${cause instanceof Error ? cause.message : String(cause)}\nSeed ${details.seed}; smallest found:\n${shown}`,
      { cause },
    )
  }
}

function summing(assigner: WindowAssigner<unknown, never>, options: Options): Pipeline<unknown, Item> {
  return pipeline('verify-trigger')
    .from<Item>([])
    .eventTime({ timestamp: ({ at }) => at, watermark: monotonous() })
    .keyBy(({ key }) => key)
    .window(assigner, options)
    .sum(({ value }) => value)
    .to(collected())
}

function byName(a: unknown, b: unknown): number {
  const name = (pane: unknown): string => {
    const { key, window, index } = pane as {
      readonly key: string
      readonly window: { readonly start: number }
      readonly index: number
    }
    return `${key}/${String(window.start).padStart(8)}/${String(index).padStart(4)}`
  }
  const [first, second] = [name(a), name(b)]
  return first < second ? -1 : first > second ? 1 : 0
}
