/**
 * Owns what the primitives have in common: a row of one number, in which one value says that the trigger has finished,
 * and the facts that follow from it.
 */
import { described, type Trigger, type TriggerRows, type TriggerStep, type TriggerWords } from '@tidemark/core'

/** The number of a count that has fired and is done. */
export const FINISHED: number = -1
/** A time that is not set. */
export const NEVER: number = Number.POSITIVE_INFINITY

type Step = Pick<TriggerStep, 'initial' | 'element' | 'fires' | 'fired' | 'clear' | 'merge'>

/** A primitive; `once`: it may finish while its window still takes records. */
export function leaf<W>(options: {
  readonly kind: string
  readonly once: boolean
  readonly when: string
  readonly panes: TriggerWords['panes']
  readonly first?: TriggerWords
  readonly step: Step & Partial<Pick<TriggerStep, 'finished' | 'wakeAt'>>
}): Trigger<W> {
  const { kind, once, when, panes, first, step } = options
  return described({
    kind,
    emitsAtCompletion: false,
    ...(once ? { mayFinish: () => `${kind} finishes with its first firing` } : {}),
    words: Object.freeze({ when, panes, ...(first === undefined ? {} : { first: Object.freeze(first) }) }),
    step: Object.freeze({
      firesAtCompletion: false,
      endsEarly: once,
      finished: (rows, row) => rows[row] === FINISHED,
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
      // The time it is due, which is whole; one that has finished has a half added, or is DONE where no time is set.
      initial: [NEVER],
      // Where windows merge a part that has finished is told of records as well: it may be revived.
      element: (rows, row, at) => {
        if (rows[row] === NEVER) rows[row] = Math.ceil(dueAt(at.now))
        else if (rows[row] === DONE) rows[row] = Math.ceil(dueAt(at.now)) + 0.5
      },
      fires: (rows, row, at) => !timeFinished(rows, row) && at.now >= (rows[row] as number),
      fired: (rows, row) => {
        rows[row] = DONE
      },
      clear: (rows, row) => {
        rows[row] = timeFinished(rows, row) ? DONE : NEVER
      },
      // New bounds make a new window: what has fired may fire again. The earliest point of all parts counts.
      merge: (rows, row, others) => {
        rows[row] = timeOf(rows, row)
        for (const other of others) rows[row] = Math.min(rows[row] as number, timeOf(rows, other))
      },
      finished: timeFinished,
      wakeAt: (rows, row, now) =>
        !timeFinished(rows, row) && (rows[row] as number) > now ? (rows[row] as number) : NEVER,
    },
  })
}

/** A time that has finished, and none is set. */
const DONE = Number.NEGATIVE_INFINITY

function timeFinished(rows: TriggerRows, row: number): boolean {
  return rows[row] !== NEVER && !Number.isInteger(rows[row])
}

/** The time that is set, finished or not. */
function timeOf(rows: TriggerRows, row: number): number {
  return rows[row] === DONE ? NEVER : Math.floor(rows[row] as number)
}
