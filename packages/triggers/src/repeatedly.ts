import type { Trigger } from '@tidemark/core'
import {
  ONLY_IF_IT_BEGINS_LATE,
  type Part,
  again,
  checkParts,
  combined,
  firstOf,
  kindOf,
  laidOut,
  panesOf,
  reset,
  says,
  wakesOf,
} from './parts.ts'

/**
 * Fires whenever its part fires, for ever: a part that has finished begins anew, so it is never refused. (Beam's
 * Repeatedly.forever.)
 * @throws StreamError BAD_TRIGGER for a part that is no trigger or stands for itself
 * @example repeatedly(afterFirst(afterCount(100), afterProcessingTime('10s')))
 */
export function repeatedly<W>(trigger: Trigger<W>): Trigger<W> {
  checkParts('repeatedly', [trigger], 1)
  const { initial, parts } = laidOut([], [trigger])
  const [part] = parts as readonly [Part]
  const { step } = part
  const { early, late } = trigger.words ?? {}
  return combined({
    kind: kindOf('repeatedly', [trigger]),
    mayFinish: undefined,
    words: {
      when: again(says(trigger)),
      ...(early === undefined ? {} : { early: again(early) }),
      // What fires at completion and has finished with it fires for whatever comes after.
      ...(late === undefined ? {} : { late: late === ONLY_IF_IT_BEGINS_LATE ? 'for every late record' : again(late) }),
      panes: (_, takesLate) => panesOf([trigger], true, takesLate),
      first: firstOf(trigger),
    },
    step: {
      initial,
      firesAtCompletion: step.firesAtCompletion,
      endsEarly: false,
      element: step.element,
      fires: step.fires,
      fired: (rows, row, at) => {
        step.fired(rows, row, at)
        if (step.finished(rows, row)) reset(part, rows, row)
      },
      clear: step.clear,
      merge: (rows, row, others, at) => {
        step.merge(rows, row, others, at)
        // A part that a merge has finished would never be asked again.
        if (step.finished(rows, row)) reset(part, rows, row)
      },
      finished: () => false,
      ...wakesOf(parts),
    },
  })
}
