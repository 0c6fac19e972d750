/** Owns the law of fast paths: a trigger that states one means the same by it as by its step. */
import {
  type Pipeline,
  type Trigger,
  type WindowAssigner,
  type WindowOptions,
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
type Options = WindowOptions<never, 'accumulating' | 'discarding'>

const WINDOWS: readonly (readonly [name: string, assigner: WindowAssigner<unknown, never>])[] = [
  ['tumbling', tumbling('10ms') as never],
  ['hopping', hopping('12ms', { every: '5ms' }) as never],
  ['session', session('6ms') as never],
  ['slidingByRecord', slidingByRecord('8ms') as never],
]

/**
 * Throws a plain Error, with the smallest script found and the seed, if the panes of a trigger with its fast path differ
 * from those of its step: on random scripts, for grid windows, record-aligned ones and sessions.
 * @throws Error also for a trigger without a fast path: there is nothing to compare
 * @example verifyTrigger(earlyAndLate({ earlyEvery: '5ms' }))
 */
export function verifyTrigger(trigger: Trigger<never>, options: VerifyTriggerOptions = {}): void {
  const { fastPath, ...generic } = trigger
  if (fastPath === undefined)
    throw new Error(`The trigger ${trigger.kind} states no fast path: there is nothing to compare.`)
  const slow = Object.freeze(generic) as Trigger<never>
  const how: fc.Arbitrary<Options> = fc.record({
    allowedLateness: fc.constantFrom('0ms', '7ms', '30ms'),
    accumulation: fc.constantFrom('accumulating', 'discarding'),
    onTime: fc.constantFrom('always', 'nonEmpty'),
    closing: fc.constantFrom('always', 'nonEmpty'),
  })
  for (const [name, assigner] of WINDOWS) {
    const property = fc.property(options.scripts ?? scripts(), how, (script, window) => {
      const panes = (by: Trigger<never>): readonly unknown[] => {
        const { steps } = play(summing(assigner, { ...window, trigger: by }), script, (key, value, at) => ({
          key,
          value,
          at,
        }))
        // Within one step keys and windows may take any order.
        return steps.flatMap((step) => step.panes.toSorted(byName))
      }
      samePanes(panes(trigger), panes(slow), `without the fast path of ${trigger.kind} (${name} windows)`)
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
      {
        cause,
      },
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
