import type { Trigger } from '@tidemark/core'
import { checkParts, combined, kindOf, laidOut, reset, wakesOf, type Part } from './parts.ts'

/**
 * Fires whenever its part fires, for ever: a part that has finished begins anew. (Beam's Repeatedly.forever.)
 * @example repeatedly(afterFirst(afterCount(100), afterProcessingTime('10s')))
 */
export function repeatedly<W>(trigger: Trigger<W>): Trigger<W> {
  checkParts('repeatedly', [trigger], 1)
  const { initial, parts } = laidOut([], [trigger])
  const [part] = parts as readonly [Part]
  const { step } = part
  return combined({
    kind: kindOf('repeatedly', [trigger]),
    mayFinish: undefined,
    words: {
      when: `${trigger.words?.when ?? `as ${trigger.kind} says`}, again and again`,
      panes: () => trigger.words?.panes(true) ?? [],
    },
    step: {
      initial,
      firesAtCompletion: step.firesAtCompletion,
      element: step.element,
      fires: step.fires,
      fired: (rows, row, at) => {
        step.fired(rows, row, at)
        if (step.finished(rows, row)) reset(part, rows, row)
      },
      clear: step.clear,
      merge: (rows, row, others, other, at) => {
        step.merge(rows, row, others, other, at)
        // A part that a merge has finished would never be asked again.
        if (step.finished(rows, row)) reset(part, rows, row)
      },
      finished: () => false,
      ...wakesOf(parts),
    },
  })
}
