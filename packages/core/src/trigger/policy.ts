/**
 * Owns how a fast path becomes a step: policies whose whole meaning is a `FastPath` are written once, as data, and get
 * the equivalent step from here.
 */
import { described } from '../time/described.ts'
import { often, waysOfCadence } from './cadence-words.ts'
import type { PaneGate } from './gate.ts'
import type { Cadence, FastPath, Trigger, TriggerContext, TriggerRows, TriggerStep, TriggerWords } from './trigger.ts'

/**
 * The row. DUE: the processing time at which what is pending leaves (+∞: nothing waits for time, −∞: at once).
 * DONE: 1 when the window's completion has been dealt with.
 */
const DUE = 0
const DONE = 1
const NEVER = Number.POSITIVE_INFINITY
const AT_ONCE = Number.NEGATIVE_INFINITY

/**
 * A trigger that is fully described by its fast path: the step that means the same is made from it. `kind` is how it
 * prints; `onTime` its default for empty panes at completion; `gate` sees what it fires and is part of it, so that no
 * other can stand beside it.
 * @example policy({ kind: 'hourlyUntilComplete()', fastPath: { early: { afterMs: 3_600_000 }, completion: true, late: 'never' } })
 */
export function policy<W>(options: {
  readonly kind: string
  readonly fastPath: FastPath
  readonly onTime?: 'always' | 'nonEmpty'
  readonly gate?: PaneGate
}): Trigger<W> {
  const { kind, fastPath, onTime, gate } = options
  return described({
    kind,
    emitsAtCompletion: fastPath.completion,
    ...(onTime === undefined ? {} : { onTime }),
    ...(gate === undefined ? {} : { gate }),
    fastPath: Object.freeze({ ...fastPath, early: frozen(fastPath.early), late: frozen(fastPath.late) }),
    words: wordsOf(fastPath),
    step: stepOf(fastPath),
  })
}

const COMPLETED = 'once the watermark has completed the window'

/** For those who hold a policy as a part: alone it is told of by its fast path. */
function wordsOf({ early, completion, late }: FastPath): TriggerWords {
  const says = (cadence: Cadence): string => (cadence === 'never' ? 'never' : often(cadence, 'record'))
  const before = says(early)
  const after = late === 'never' && completion ? 'only if the window begins with a late record' : says(late)
  const phases = [
    ...(early === 'never' ? [] : [late === early && !completion ? before : `before completion ${before}`]),
    ...(completion ? [COMPLETED] : []),
    ...(late === 'never' || (late === early && !completion) ? [] : [`after that ${after}`]),
  ]
  const panes: TriggerWords['panes'] = (_, takesLate, phase) =>
    phase !== undefined
      ? waysOfCadence(phase === 'early' ? early : late, 'record')
      : [
          ...waysOfCadence(early, 'record before completion', 'before completion'),
          ...(completion ? ['one at completion'] : []),
          ...(takesLate ? waysOfCadence(late, 'record after completion', 'after completion') : []),
        ]
  const first = [...(early === 'never' ? [] : [before]), ...(completion ? [COMPLETED] : [])].join(', or ')
  return Object.freeze({
    when: phases.length === 0 ? 'never' : phases.join('; '),
    early: before,
    late: after,
    panes,
    ...(first === '' ? {} : { first: Object.freeze({ when: first, early: before, late: after, panes }) }),
  })
}

function frozen(cadence: Cadence): Cadence {
  return typeof cadence === 'string' ? cadence : Object.freeze({ ...cadence })
}

function stepOf({ early, completion, late }: FastPath): TriggerStep {
  /** A session that grew is not complete any more: what its late phase waited for is void. */
  const reopen = (rows: TriggerRows, row: number, at: TriggerContext): void => {
    if (at.complete || rows[row + DONE] === 0) return
    rows[row + DONE] = 0
    if (completion) rows[row + DUE] = NEVER
  }
  return Object.freeze({
    initial: Object.freeze([NEVER, 0]),
    firesAtCompletion: completion,
    endsEarly: false,
    element: (rows, row, at) => {
      reopen(rows, row, at)
      const cadence = at.complete ? late : early
      // Completion is what such a policy waits for: what comes first after it fires at once.
      const overdue = at.complete && completion && rows[row + DONE] === 0
      if (cadence === 'perRecord' || overdue) rows[row + DUE] = AT_ONCE
      else if (cadence !== 'never' && rows[row + DUE] === NEVER) rows[row + DUE] = at.now + cadence.afterMs
      if (at.complete) rows[row + DONE] = 1
    },
    fires: (rows, row, at) =>
      at.now >= (rows[row + DUE] as number) || (completion && at.complete && rows[row + DONE] === 0),
    fired: (rows, row, at) => {
      rows[row + DUE] = NEVER
      if (at.complete) rows[row + DONE] = 1
    },
    clear: (rows, row) => {
      rows[row + DUE] = NEVER
    },
    merge: (rows, row, others, at) => {
      reopen(rows, row, at)
      for (const other of others) {
        const isVoid = completion && !at.complete && rows[other + DONE] === 1
        if (!isVoid) rows[row + DUE] = Math.min(rows[row + DUE] as number, rows[other + DUE] as number)
        if (at.complete) rows[row + DONE] = Math.max(rows[row + DONE] as number, rows[other + DONE] as number)
      }
    },
    finished: () => false,
    wakeAt: (rows, row, now) => ((rows[row + DUE] as number) > now ? (rows[row + DUE] as number) : NEVER),
  } satisfies TriggerStep)
}

/**
 * A trigger behind a gate. A fast path knows one time that a slot waits for; where a gate may hold a pane for another,
 * a trigger with a cadence goes by its step.
 */
export function behind<W>(gate: PaneGate | undefined, trigger: Trigger<W>): Trigger<W> {
  const { fastPath, ...byStep } = trigger
  const hasCadence = typeof fastPath?.early === 'object' || typeof fastPath?.late === 'object'
  return hasCadence && (trigger.gate ?? gate) !== undefined ? byStep : trigger
}
