import type { Trigger, TriggerWords } from '@tidemark/core'
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
  recordsOf,
  wakesOf,
} from './parts.ts'

/**
 * Fires once, when each of its parts has fired or does now. (Beam's AfterAll.) Alone it has finished with that firing:
 * put it into `repeatedly`.
 * @throws StreamError BAD_TRIGGER for fewer than two parts, or one that is no trigger or stands for itself
 * @example repeatedly(afterAll(afterCount(10), afterProcessingTime('1m')))
 */
export function afterAll<W>(...triggers: readonly Trigger<W>[]): Trigger<W> {
  checkParts('afterAll', triggers, 2)
  // 1: it has fired.
  const { initial, parts } = laidOut([0], triggers)
  return combined({
    kind: kindOf('afterAll', triggers),
    // As Beam classes it. What comes after its one firing is shown when the window is freed.
    mayFinish: (latenessMs) =>
      triggers.every((trigger) => trigger.mayFinish?.(latenessMs) !== undefined)
        ? firstThatFinishes(triggers, latenessMs)
        : undefined,
    words: wordsOf(triggers.map(firstOf)),
    step: {
      initial,
      firesAtCompletion: parts.every(({ step }) => step.firesAtCompletion),
      // Its first firing is its last, whatever its parts are.
      endsEarly: true,
      element: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const part = parts[i] as Part
          if (!part.step.finished(rows, row + part.at)) part.step.element(rows, row + part.at, at)
        }
      },
      fires: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const { step, at: offset } = parts[i] as Part
          if (!step.finished(rows, row + offset) && !step.fires(rows, row + offset, at)) return false
        }
        return true
      },
      fired: (rows, row, at) => {
        for (let i = 0; i < parts.length; i++) {
          const part = parts[i] as Part
          if (!part.step.finished(rows, row + part.at)) part.step.fired(rows, row + part.at, at)
        }
        rows[row] = 1
      },
      clear: (rows, row) => clearParts(parts, rows, row),
      merge: (rows, row, others, at) => {
        mergeParts(parts, rows, row, others, at)
        rows[row] = parts.every(({ step, at: offset }) => step.finished(rows, row + offset)) ? 1 : 0
      },
      finished: (rows, row) => rows[row] === 1,
      ...wakesOf(parts),
    },
  })
}

function wordsOf(parts: readonly TriggerWords[]): TriggerWords {
  if (parts.some(({ when }) => when === 'never')) return { when: 'never', panes: () => [] }
  return {
    when: `${parts.map(({ when }) => when).join(', and ')}, when all of these have come`,
    panes: (repeated, late) => {
      if (!repeated) return ['one']
      const ways = [...new Set(parts.flatMap(({ panes }) => panes(true, late)))]
      const most = Math.max(...ways.map((way) => recordsOf(way) ?? Number.NaN))
      // The whole waits for the part that comes most seldom.
      return Number.isNaN(most)
        ? [`at most ${ways.join(', and at most ')}`]
        : ways.filter((way) => recordsOf(way) === most)
    },
  }
}
