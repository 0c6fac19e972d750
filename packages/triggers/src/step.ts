/**
 * Owns what the primitives have in common: a row of one number, in which one value says that the trigger has finished,
 * and the facts that follow from it.
 */
import type { Trigger, TriggerStep, TriggerWords } from '@tidemark/core'

/** The number of a primitive that has fired and is done. No count, time or mark takes this value. */
export const FINISHED = -1e300
/** A time that is not set. */
export const NEVER: number = Number.POSITIVE_INFINITY

type Step = Pick<TriggerStep, 'initial' | 'element' | 'fires' | 'fired' | 'clear' | 'merge'>

/** A primitive; `once`: it may finish while its window still takes records. */
export function leaf<W>(options: {
  readonly kind: string
  readonly once: boolean
  readonly when: string
  readonly panes: TriggerWords['panes']
  readonly step: Step & { readonly wakeAt?: TriggerStep['wakeAt'] }
}): Trigger<W> {
  const { kind, once, when, panes, step } = options
  return Object.freeze({
    kind,
    emitsAtCompletion: false,
    ...(once ? { mayFinish: () => `${kind} finishes with its first firing` } : {}),
    words: Object.freeze({ when, panes }),
    step: Object.freeze({
      firesAtCompletion: false,
      finished: (rows, row) => rows[row] === FINISHED,
      wakeAt: () => NEVER,
      wakeAtWatermark: () => NEVER,
      ...step,
      initial: Object.freeze(step.initial),
    } satisfies TriggerStep),
  })
}

/** A primitive that fires at a processing time it takes from the first record of the pane. */
export function timer<W>(
  options: { readonly kind: string; readonly when: string; readonly often: string },
  dueAt: (now: number) => number,
): Trigger<W> {
  const { kind, when, often } = options
  return leaf({
    kind,
    once: true,
    when,
    panes: (repeated) => [repeated ? `one ${often}` : 'one'],
    step: {
      // The time it is due.
      initial: [NEVER],
      element: (rows, row, at) => {
        if (rows[row] === NEVER) rows[row] = dueAt(at.now)
      },
      fires: (rows, row, at) => rows[row] !== FINISHED && at.now >= (rows[row] as number),
      fired: (rows, row) => {
        rows[row] = FINISHED
      },
      clear: (rows, row) => {
        if (rows[row] !== FINISHED) rows[row] = NEVER
      },
      // The earliest point of all parts. A part that has finished has nothing more to say.
      merge: (rows, row, others, other) => {
        if (others === undefined || rows[row] === FINISHED) return
        if (others[other] !== FINISHED) rows[row] = Math.min(rows[row] as number, others[other] as number)
      },
      wakeAt: (rows, row, now) => ((rows[row] as number) > now ? (rows[row] as number) : NEVER),
    },
  })
}
