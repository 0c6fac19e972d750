import type { Trigger } from '@tidemark/core'
import {
  ONLY_IF_IT_BEGINS_LATE,
  type Part,
  checkParts,
  clearParts,
  combined,
  firstThatFinishes,
  kindOf,
  laidOut,
  mergeParts,
  panesOf,
  partFires,
  says,
  wakesOf,
} from './parts.ts'

/**
 * Fires once, as soon as one of its parts does; what the others have counted is void then. (Beam's AfterFirst.)
 * Alone it has finished with that firing: put it into `repeatedly`.
 * @throws StreamError BAD_TRIGGER for fewer than two parts, or one that is no trigger or stands for itself
 * @example repeatedly(afterFirst(afterCount(100), afterProcessingTime('10s')))
 */
export function afterFirst<W>(...triggers: readonly Trigger<W>[]): Trigger<W> {
  checkParts('afterFirst', triggers, 2)
  // 1: it has fired.
  const { initial, parts } = laidOut([0], triggers)
  const firesAtCompletion = parts.some(({ step }) => step.firesAtCompletion)
  return combined({
    kind: kindOf('afterFirst', triggers),
    mayFinish: (latenessMs) => firstThatFinishes(triggers, latenessMs),
    words: {
      when: first(triggers.map((trigger) => says(trigger))),
      // Before completion a part that waits for it says nothing; with it the whole has finished.
      ...(firesAtCompletion
        ? { early: first(triggers.map((trigger) => says(trigger, 'early'))), late: ONLY_IF_IT_BEGINS_LATE }
        : {}),
      panes: (repeated, late) => (repeated ? panesOf(triggers, true, late) : ['one']),
    },
    step: {
      initial,
      firesAtCompletion,
      // Its first firing is its last, whatever its parts are.
      endsEarly: true,
      element: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const part = parts[i] as Part
          part.step.element(rows, row + part.at, at)
        }
      },
      fires: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const { step, at: offset } = parts[i] as Part
          if (step.finished(rows, row + offset) || step.fires(rows, row + offset, at)) return true
        }
        return false
      },
      fired: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const part = parts[i] as Part
          if (partFires(part, rows, row, at)) part.step.fired(rows, row + part.at, at)
          else part.step.clear(rows, row + part.at)
        }
        rows[row] = 1
      },
      clear: (rows, row) => clearParts(parts, rows, row),
      merge: (rows, row, others, at) => {
        mergeParts(parts, rows, row, others, at)
        rows[row] = parts.some(({ step, at: offset }) => step.finished(rows, row + offset)) ? 1 : 0
      },
      finished: (rows, row) => rows[row] === 1,
      ...wakesOf(parts),
    },
  })
}

function first(texts: readonly string[]): string {
  const some = texts.filter((text) => text !== 'never')
  return some.length < 2 ? (some[0] ?? 'never') : `${some.join(', or ')}, whichever comes first`
}
