/** Owns the checks that all stages share: what was found, what was expected, what to do. Thrown while building. */
import { configError } from '../errors/stream-error.ts'
import type { Sink } from '../io/sink.ts'
import { type Duration, toPositiveMs } from '../time/duration.ts'
import type { Accumulation } from '../pane/pane.ts'
import type { Trigger } from '../trigger/trigger.ts'
import type { OnError } from './plan.ts'
import type { WindowOptions } from './stages.ts'

/** A function of the user's, whatever it takes. */
export type Fn = (value: never, meta: never) => unknown

export function checkPolicy(policy: OnError): OnError {
  if (
    policy === 'fail' ||
    policy === 'skip' ||
    (typeof policy === 'object' && policy !== null && typeof policy.deadLetterTo?.open === 'function')
  )
    return policy
  throw configError('BAD_POLICY', 'onError', {
    found: policy,
    expected: "'fail', 'skip' or { deadLetterTo: sink }",
    remedy: 'Say what happens to records that cannot be processed.',
  })
}

export function checkFn(fn: unknown, what: string): Fn {
  if (typeof fn === 'function') return fn as Fn
  throw configError('BAD_FUNCTION', what, {
    found: fn,
    expected: 'a function',
    remedy: 'Pass a function of the value (and its meta).',
  })
}

export function checkSink(sink: Sink<never>): Sink<never> {
  if (typeof sink?.open === 'function') return sink
  throw configError('BAD_SINK', 'A sink', {
    found: sink,
    expected: 'an object with open(task)',
    remedy: 'See collected(), latestValues() and forEach() for sinks in memory.',
  })
}

/** A trigger, and whether it fits the rest: what could lose data is refused. */
export function checkTrigger(
  trigger: Trigger<never>,
  latenessMs: number,
  {
    gate,
    accumulation,
    allowDataLoss,
  }: Pick<WindowOptions<never, Accumulation>, 'gate' | 'accumulation' | 'allowDataLoss'>,
): void {
  if (typeof trigger?.step?.element !== 'function') {
    throw configError('BAD_TRIGGER', "'trigger' of window", {
      found: trigger,
      expected: 'a trigger',
      remedy: 'Write a call, as in watermarkThenUpdates().',
    })
  }
  const why = trigger.mayFinish?.(latenessMs)
  if (why !== undefined && allowDataLoss !== true) {
    throw configError('TRIGGER_FINISHES', `The trigger ${trigger.kind} of window`, {
      saw: `that it may finish while the window still takes records: ${why}`,
      expected:
        'a trigger that goes on as long as its window; what came after would not be shown before the window is freed',
      remedy: `Write repeatedly(${trigger.kind}), give afterWatermark a late part, or accept it with allowDataLoss: true.`,
    })
  }
  if (gate === undefined) return
  if (typeof gate.decide !== 'function' || typeof gate.emitted !== 'function') {
    throw configError('BAD_GATE', "'gate' of window", {
      found: gate,
      expected: 'a pane gate',
      remedy: "Write a call, as in onChange() or atMostEvery('10s').",
    })
  }
  if (trigger.gate !== undefined) {
    throw configError('TWO_GATES', `The gate ${gate.kind} of window`, {
      saw: `the trigger ${trigger.kind}, which has a gate of its own (${trigger.gate.kind})`,
      expected: 'one gate',
      remedy: 'Leave one of them out.',
    })
  }
  if (gate.swallows === true && accumulation === 'discarding') {
    throw configError('DELTAS_LOSE_DATA', `The gate ${gate.kind}`, {
      saw: "accumulation: 'discarding', whose panes are differences",
      expected: 'panes with whole values: a swallowed difference would be missing for ever',
      remedy: "Use accumulation: 'accumulating' or 'retracting', or another gate.",
    })
  }
}

export function oneOf(what: string, found: unknown, allowed: readonly string[]): void {
  if (allowed.includes(found as string)) return
  throw configError('BAD_OPTION', `'${what}'`, {
    found,
    expected: allowed.map((text) => `'${text}'`).join(' or '),
    remedy: 'Use one of these.',
  })
}

export function optional(
  value: Duration | undefined,
  what: string,
  read: (text: Duration, what: string) => number = toPositiveMs,
): number | undefined {
  return value === undefined ? undefined : read(value, what)
}
