import type { TimeWindow, Trigger, TriggerContext, TriggerRows, TriggerWords } from '@tidemark/core'
import { never } from './never.ts'
import {
  ONLY_IF_IT_BEGINS_LATE,
  type Part,
  again,
  checkParts,
  combined,
  firstOf,
  laidOut,
  mergePart,
  reset,
  says,
  whicheverFirst,
  wakesOf,
} from './parts.ts'

/**
 * Fires when the watermark completes the window. With `early`, also before that, whenever that part fires; with `late`,
 * also after it. Both parts begin anew after each firing of theirs, so that a trigger with a late part never finishes;
 * one without has finished at completion. (Beam's AfterWatermark.pastEndOfWindow with early and late firings; there
 * finished marks inside the parts live on.) Without a late part it is refused where late records are allowed.
 * @throws StreamError BAD_TRIGGER for a part that is no trigger, or stands for itself (a policy with a gate)
 * @example afterWatermark({ early: afterProcessingTime('10s'), late: afterCount(1) })
 */
export function afterWatermark(
  options: { readonly early?: Trigger<TimeWindow>; readonly late?: Trigger<TimeWindow> } = {},
): Trigger<TimeWindow> {
  const { early = never(), late } = options
  // Both parts begin anew after each firing, so that their first one is all that counts.
  const [earlyWords, lateWords] = [firstOf(early), late === undefined ? undefined : firstOf(late)]
  const sayEarly = inPhase(early, 'early')
  const sayLate = late === undefined ? 'never' : inPhase(late, 'late')
  const given = Object.entries(options).map(([name, trigger]) => `${name}: ${(trigger as Trigger<TimeWindow>).kind}`)
  const kind = `afterWatermark(${given.length === 0 ? '' : `{ ${given.join(', ')} }`})`
  checkParts('afterWatermark', late === undefined ? [early] : [early, late], 1)
  // 1: the firing at completion has been.
  const { initial, parts } = laidOut([0], late === undefined ? [early] : [early, late])
  const [before, after] = parts as readonly [Part, Part | undefined]
  const part = (rows: TriggerRows, row: number): Part | undefined => (rows[row] === 0 ? before : after)
  const element = (of: Part | undefined, rows: TriggerRows, row: number, at: TriggerContext): void => {
    if (of !== undefined) of.step.element(rows, row + of.at, at)
  }
  return combined({
    kind,
    mayFinish: (latenessMs) =>
      late === undefined && latenessMs > 0 ? `${kind} has no late part, but late records are allowed` : undefined,
    words: {
      when: [
        ...(options.early === undefined ? [] : [`before completion ${again(sayEarly)}`]),
        COMPLETED,
        ...(lateWords === undefined ? [] : [`after that ${again(sayLate)}`]),
      ].join('; '),
      early: again(sayEarly),
      late: sayLate === 'never' ? ONLY_IF_IT_BEGINS_LATE : again(sayLate),
      panes: (repeated, takesLate) => [
        ...earlyPanes(earlyWords, takesLate),
        'one at completion',
        ...(takesLate ? latePanes(lateWords, repeated) : []),
      ],
      first: whicheverFirst(
        [
          { when: sayEarly, panes: (_, takesLate) => earlyPanes(earlyWords, takesLate) },
          {
            when: COMPLETED,
            early: 'never',
            panes: (_, takesLate) => ['one at completion', ...(takesLate ? latePanes(undefined, true) : [])],
          },
        ],
        true,
      ),
    },
    step: {
      initial,
      firesAtCompletion: true,
      endsEarly: false,
      element: (rows, row, at) => {
        if (!at.merging) element(part(rows, row), rows, row, at)
        else {
          // A merge may bring the window back to its early phase, or on to its late one.
          element(before, rows, row, at)
          element(after, rows, row, at)
        }
      },
      fires: (rows, row, at) => {
        if (rows[row] === 0 && at.complete) return true
        const now = part(rows, row)
        return now !== undefined && !now.step.finished(rows, row + now.at) && now.step.fires(rows, row + now.at, at)
      },
      fired: (rows, row, at) => {
        if (at.complete) rows[row] = 1
        reset(before, rows, row)
        if (after !== undefined) reset(after, rows, row)
      },
      clear: (rows, row) => {
        before.step.clear(rows, row + before.at)
        after?.step.clear(rows, row + after.at)
      },
      merge: (rows, row, others, at) => {
        const passed = at.complete && rows[row] === 1 && others.every((other) => rows[other] === 1)
        rows[row] = passed ? 1 : 0
        if (passed) {
          if (after !== undefined) mergePart(after, rows, row, others, at)
          reset(before, rows, row)
          return
        }
        // Still, or again, before completion: some of what is pending has had no chance to be shown.
        mergePart(before, rows, row, others, at)
        if (after !== undefined) reset(after, rows, row)
      },
      finished: (rows, row) => rows[row] === 1 && after === undefined,
      ...wakesOf(parts),
    },
  })
}

const COMPLETED = 'once the watermark has completed the window'

/** A policy has phases of its own; others are at their beginning in each. */
function inPhase(part: Trigger<TimeWindow>, phase: 'early' | 'late'): string {
  return part.fastPath === undefined ? firstOf(part).when : says(part, phase)
}

function earlyPanes(early: TriggerWords, takesLate: boolean): readonly string[] {
  return early.panes(true, takesLate, 'early').map((pane) => `${pane} before completion`)
}

function latePanes(late: TriggerWords | undefined, repeated: boolean): readonly string[] {
  if (late === undefined) return repeated ? ['one for every late record'] : []
  return late
    .panes(true, true, 'late')
    .map((pane) => (pane === 'one for every record' ? 'one for every late record' : `${pane} after it`))
}
