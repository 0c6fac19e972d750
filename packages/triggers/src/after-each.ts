import type { Trigger, TriggerContext, TriggerRows, TriggerWords } from '@tidemark/core'
import {
  type Part,
  checkParts,
  clearParts,
  combined,
  comesToAnEnd,
  firstOf,
  firstThatFinishes,
  kindOf,
  laidOut,
  mergePart,
  panesOf,
  recordsOf,
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
    words: wordsOf(triggers),
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

function wordsOf(triggers: readonly Trigger<never>[]): TriggerWords {
  const [head] = triggers as readonly [Trigger<never>]
  return {
    when:
      says(head) === 'never'
        ? 'never'
        : `first ${triggers.map((trigger) => says(trigger).replace(/^first /, '')).join(', then ')}`,
    panes: (repeated, late) => {
      const last = triggers.findIndex((trigger) => !comesToAnEnd(trigger, late))
      const reached = last === -1 ? triggers : triggers.slice(0, last + 1)
      const once = reached.map((trigger) => panesOf([trigger], false, late))
      // It begins anew only where every part comes to its end.
      if (!repeated || last !== -1) return once.flat()
      const ways = reached.map((trigger) => panesOf([trigger], true, late))
      const records = ways.map((way, i) =>
        way.length === 1 && once[i]?.join() === 'one' ? recordsOf(way[0] as string) : undefined,
      )
      const round = records.reduce<number>((sum, part) => sum + (part ?? Number.NaN), 0)
      return [
        Number.isNaN(round)
          ? `in turn ${ways.flat().join(', then ')}`
          : `${triggers.length} for every ${round} records`,
      ]
    },
    first: firstOf(head),
  }
}
