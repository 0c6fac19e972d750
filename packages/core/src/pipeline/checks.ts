/** Owns the checks that all stages share: what was found, what was expected, what to do. Thrown while building. */
import { configError } from '../errors/stream-error.ts'
import type { Sink } from '../io/sink.ts'
import { type Duration, showMs, toPositiveMs } from '../time/duration.ts'
import type { Accumulation } from '../pane/pane.ts'
import type { Trigger } from '../trigger/trigger.ts'
import { type WindowAssigner, isMerging } from '../window/assigner.ts'
import { mayChange, windowOf } from './over-results.ts'
import type { OnError, ResultInput, ResultKeyNode } from './plan.ts'
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

/** Windows over results: what is wanted of the panes must be what they are. */
export function checkResultKey(results: ResultInput, panes: unknown): void {
  oneOf("'from' of keyBy", panes, ['all', 'completion'])
  const { assigner, trigger, accumulation, onTime, closing, latenessMs } = windowOf(results)
  if (assigner.shape.type === 'one') {
    throw configError('RESULTS_WITHOUT_TIME', 'keyBy of results', {
      saw: `results of ${assigner.kind}, whose window has no end`,
      expected: 'windows with an end: it gives their results event time',
      remedy: 'Use windows with bounds before it.',
    })
  }
  if (panes !== 'completion') return
  // The closing pane comes at completion only where no late records are waited for after it.
  const shown = trigger.fastPath?.early === 'never' || onTime === 'always' || (closing === 'always' && latenessMs === 0)
  const saw =
    accumulation === 'discarding'
      ? 'panes that are differences'
      : !trigger.emitsAtCompletion
        ? `${trigger.kind}, which may emit nothing at completion`
        : shown
          ? undefined
          : `${trigger.kind} with onTime: 'nonEmpty': what an early pane has shown does not come again at completion`
  if (saw === undefined) return
  throw configError('EARLY_PANES_NEEDED', "from: 'completion' of keyBy", {
    saw,
    expected: 'whole values, and a pane at completion whatever came before',
    remedy:
      "Set onTime: 'always' before it, or leave it out: all panes take part, each in the place of the one before.",
  })
}

/** Windows over results: they must be able to take back what may be withdrawn. */
export function checkOverResults(
  node: ResultKeyNode,
  assigner: WindowAssigner<never, unknown>,
  accumulation: Accumulation,
  latenessMs: number,
): void {
  const before = windowOf(node.from)
  if (latenessMs < before.latenessMs) {
    throw configError('LATENESS_TOO_SMALL', "'allowedLateness' of a window over results", {
      saw: showMs(latenessMs),
      expected: `at least that of the results, ${showMs(before.latenessMs)}: what they accept late would be lost here`,
      remedy: 'Leave it out: it defaults to that.',
    })
  }
  if (!mayChange(node)) return
  const { type } = assigner.shape
  const found =
    accumulation === 'discarding'
      ? "accumulation: 'discarding'"
      : isMerging(assigner) || type === 'byRecord'
        ? assigner.kind
        : undefined
  if (found === undefined) return
  throw configError(
    'RESULTS_MAY_CHANGE',
    `${found} over results of ${before.assigner.kind} by ${before.trigger.kind}`,
    {
      saw: 'results that may be replaced or withdrawn',
      expected:
        'results that come once: ' +
        (accumulation === 'discarding' ? 'a difference cannot be taken back' : 'a session could not be split again'),
      remedy: 'Let the windows before it emit once (emitOnClose()), or use aligned windows with whole values here.',
    },
  )
}

export function oneOf(what: string, found: unknown, allowed: readonly string[]): void {
  if (allowed.includes(found as string)) return
  throw configError('BAD_OPTION', what.includes("'") ? what : `'${what}'`, {
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
