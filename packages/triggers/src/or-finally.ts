import type { Trigger } from '@tidemark/core'
import {
  ONLY_IF_IT_BEGINS_LATE,
  type Part,
  checkParts,
  clearParts,
  combined,
  comesToAnEnd,
  firstOf,
  firstThatFinishes,
  laidOut,
  mergeParts,
  panesOf,
  partFires,
  says,
  whicheverFirst,
  wakesOf,
} from './parts.ts'

/**
 * Fires as `trigger` does until `until` fires; that is its last firing. `until` counts across the firings of `trigger`.
 * (Beam's orFinally.)
 * @throws StreamError BAD_TRIGGER for a part that is no trigger or stands for itself
 * @example repeatedly(orFinally(repeatedly(afterProcessingTime('10s')), afterCount(1_000)))
 */
export function orFinally<W>(trigger: Trigger<W>, until: Trigger<W>): Trigger<W> {
  const triggers = checkParts('orFinally', [trigger, until], 2)
  const { initial, parts } = laidOut([], triggers)
  const [main, end] = parts as readonly [Part, Part]
  const firesAtCompletion = main.step.firesAtCompletion || end.step.firesAtCompletion
  return combined({
    kind: `orFinally(${trigger.kind}, ${until.kind})`,
    mayFinish: (latenessMs) => firstThatFinishes(triggers, latenessMs),
    words: {
      when: endedBy(says(trigger), says(until)),
      // With completion it has finished: `until` fires then.
      ...(says(until, 'late') === ONLY_IF_IT_BEGINS_LATE && comesToAnEnd(until, true)
        ? { early: endedBy(says(trigger, 'early'), says(until, 'early')), late: ONLY_IF_IT_BEGINS_LATE }
        : {}),
      panes: (repeated, late) => {
        // What takes several firings may be cut short by the other part, and then begins anew.
        if (repeated)
          return panesOf(triggers, true, late).map((way) => way.replace(/^\d.*/, 'at most one for every record'))
        const ways = triggers.flatMap((part) => panesOf([part], false, late))
        // The first of two that fire once and end with it ends the whole.
        const once = ways.join() === 'one,one' && triggers.every((part) => comesToAnEnd(part, late))
        return once ? ['one'] : ways
      },
      first: whicheverFirst(triggers.map(firstOf), firesAtCompletion),
    },
    step: {
      initial,
      firesAtCompletion,
      endsEarly: main.step.endsEarly || end.step.endsEarly,
      element: (rows, row, at) => {
        main.step.element(rows, row + main.at, at)
        end.step.element(rows, row + end.at, at)
      },
      fires: (rows, row, at) => partFires(main, rows, row, at) || partFires(end, rows, row, at),
      fired: (rows, row, at) => {
        if (partFires(end, rows, row, at)) {
          end.step.fired(rows, row + end.at, at)
          main.step.clear(rows, row + main.at)
        } else main.step.fired(rows, row + main.at, at)
      },
      clear: (rows, row) => clearParts(parts, rows, row),
      merge: (rows, row, others, at) => mergeParts(parts, rows, row, others, at),
      finished: (rows, row) => main.step.finished(rows, row + main.at) || end.step.finished(rows, row + end.at),
      ...wakesOf(parts),
    },
  })
}

function endedBy(main: string, end: string): string {
  if (main === 'never') return end
  return end === 'never' ? main : `${main}; the last one ${end}`
}
