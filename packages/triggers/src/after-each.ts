import type { Trigger, TriggerContext, TriggerRows } from '@tidemark/core'
import {
  type Part,
  checkParts,
  clearParts,
  combined,
  firstThatFinishes,
  kindOf,
  laidOut,
  mergePart,
  panesOf,
  reset,
  says,
  wakesOf,
} from './parts.ts'

/**
 * Its parts in order: fires whenever the one in force does, and goes on to the next when that has finished; finishes
 * with the last. Where windows merge all parts run side by side, for a merge may revive an earlier one. (Beam's
 * AfterEach.inOrder.)
 * @throws StreamError BAD_TRIGGER for fewer than two parts, or one that is no trigger or stands for itself
 * @example afterEach(afterCount(1), repeatedly(afterCount(100)))
 */
export function afterEach<W>(...triggers: readonly Trigger<W>[]): Trigger<W> {
  checkParts('afterEach', triggers, 2)
  const { initial, parts } = laidOut([], triggers)
  const current = (rows: TriggerRows, row: number): Part | undefined => {
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Part
      if (!part.step.finished(rows, row + part.at)) return part
    }
    return undefined
  }
  return combined({
    kind: kindOf('afterEach', triggers),
    // One part that goes on is enough: those after it never come.
    mayFinish: (latenessMs) =>
      triggers.every((trigger) => trigger.mayFinish?.(latenessMs) !== undefined)
        ? firstThatFinishes(triggers, latenessMs)
        : undefined,
    words: {
      when: `first ${triggers.map((trigger) => says(trigger)).join(', then ')}`,
      panes: (repeated, late) =>
        repeated ? panesOf(triggers, true, late) : triggers.flatMap((trigger) => panesOf([trigger], false, late)),
    },
    step: {
      initial,
      firesAtCompletion: parts.every(({ step }) => step.firesAtCompletion),
      endsEarly: parts.every(({ step }) => step.endsEarly),
      element: (rows, row, at: TriggerContext) => {
        if (at.merging) {
          for (let i = 0; i < parts.length; i++) {
            const part = parts[i] as Part
            part.step.element(rows, row + part.at, at)
          }
          return
        }
        const part = current(rows, row)
        part?.step.element(rows, row + part.at, at)
      },
      fires: (rows, row, at) => {
        const part = current(rows, row)
        return part?.step.fires(rows, row + part.at, at) ?? false
      },
      fired: (rows, row, at) => {
        const part = current(rows, row)
        part?.step.fired(rows, row + part.at, at)
        if (at.merging) clearParts(parts, rows, row)
      },
      clear: (rows, row) => clearParts(parts, rows, row),
      merge: (rows, row, others, at) => {
        let begun = true
        for (const part of parts) {
          if (begun) {
            mergePart(part, rows, row, others, at)
            begun = part.step.finished(rows, row + part.at)
          } else {
            // Not begun, seen from now, even where it had finished.
            reset(part, rows, row)
          }
        }
      },
      finished: (rows, row) => current(rows, row) === undefined,
      ...wakesOf(parts),
    },
  })
}
