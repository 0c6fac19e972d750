/** Owns the laws of a trigger's step, looked after while it is at work: it is pure and stays within its row. */
import { type Trigger, type TriggerRows, type TriggerStep, sameValue } from '@tidemark/core'

/**
 * The same trigger, whose step throws a plain Error where it breaks a law: to ask (`fires`, `finished`, `wakeAt`,
 * `wakeAtWatermark`) changes nothing and gives the same answer again; what changes a row changes no other, and does the
 * same to an equal row; a record alone finishes nothing; in which order `merge` gets other rows is all one.
 */
export function watched(trigger: Trigger<never>): Trigger<never> {
  const { kind, step } = trigger
  const { length } = step.initial
  const broken = (what: string, how: string): Error => new Error(`${what} of the trigger ${kind} ${how}.`)

  /** Asks twice. */
  const asks = <N extends 'fires' | 'finished' | 'wakeAt' | 'wakeAtWatermark'>(
    name: N,
  ): NonNullable<TriggerStep[N]> => {
    const ask = step[name] as (rows: TriggerRows, row: number, third: never) => unknown
    return ((rows: TriggerRows, row: number, third: never) => {
      const before = rows.slice()
      const answer = ask(rows, row, third)
      if (!sameValue(before, rows)) throw broken(name, 'has changed its rows, expected it only to look')
      if (!sameValue(ask(rows, row, third), answer)) throw broken(name, 'gave two answers to one question')
      return answer
    }) as NonNullable<TriggerStep[N]>
  }

  /** Changes a row, and an equal one that stands alone; `copied` calls the step for the latter. */
  const changes = (
    name: string,
    rows: TriggerRows,
    row: number,
    change: (rows: TriggerRows, row: number) => void,
    copied: (rows: TriggerRows, row: number) => void,
    copy: TriggerRows,
  ): void => {
    const before = rows.slice()
    change(rows, row)
    copied(copy, 0)
    if (!sameValue(copy.slice(0, length), rows.slice(row, row + length)))
      throw broken(name, 'did another thing to an equal row: it depends on something else than its row and the context')
    before.set(rows.subarray(row, row + length), row)
    if (!sameValue(before, rows)) throw broken(name, 'has changed a row that is not its own')
  }
  const changing = (name: 'element' | 'fired'): TriggerStep['element'] => {
    const call = step[name]
    return (rows, row, at) => {
      const finished = step.finished(rows, row)
      changes(
        name,
        rows,
        row,
        (own, of) => call(own, of, at),
        (own, of) => call(own, of, at),
        rows.slice(row, row + length),
      )
      if (name === 'element' && step.finished(rows, row) !== finished)
        throw broken(name, 'has changed whether it has finished, expected that of fired and merge only')
    }
  }
  return Object.freeze({
    ...trigger,
    step: Object.freeze({
      ...step,
      element: changing('element'),
      fired: changing('fired'),
      fires: asks('fires'),
      finished: asks('finished'),
      ...(step.wakeAt === undefined ? {} : { wakeAt: asks('wakeAt') }),
      ...(step.wakeAtWatermark === undefined ? {} : { wakeAtWatermark: asks('wakeAtWatermark') }),
      clear: (rows, row) => changes('clear', rows, row, step.clear, step.clear, rows.slice(row, row + length)),
      merge: (rows, row, others, at) => {
        // The others stand behind the copy, in reverse.
        const copy = new Float64Array((others.length + 1) * length)
        for (const [i, from] of [row, ...others.toReversed()].entries())
          copy.set(rows.subarray(from, from + length), i * length)
        const reversed = others.map((_, i) => (i + 1) * length)
        changes(
          'merge',
          rows,
          row,
          (own, of) => step.merge(own, of, others, at),
          (own, of) => step.merge(own, of, reversed, at),
          copy,
        )
      },
    } satisfies TriggerStep),
  })
}
