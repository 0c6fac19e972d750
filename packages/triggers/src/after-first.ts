import type { Trigger } from '@tidemark/core'
import {
  type Part,
  checkParts,
  clearParts,
  combined,
  firstOf,
  firstThatFinishes,
  kindOf,
  laidOut,
  mergeParts,
  partFires,
  whicheverFirst,
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
    words: whicheverFirst(triggers.map(firstOf), firesAtCompletion),
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
          // No part has finished here: with the first one the whole has.
          if (step.fires(rows, row + offset, at)) return true
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
