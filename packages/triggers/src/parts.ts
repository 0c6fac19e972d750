/**
 * Owns what combinators have in common: the rows of their parts behind their own numbers, and how the facts about a
 * whole follow from those about its parts.
 */
import {
  described,
  StreamError,
  type Trigger,
  type TriggerRows,
  type TriggerStep,
  type TriggerWords,
} from '@tidemark/core'

/** One part of a combinator and where in the whole's row its own begins. */
export interface Part {
  readonly step: TriggerStep
  readonly at: number
}

/** The rows of parts, one after the other behind `own`. */
export function laidOut(
  own: readonly number[],
  triggers: readonly Trigger<never>[],
): { readonly initial: readonly number[]; readonly parts: readonly Part[] } {
  const initial = [...own]
  const parts = triggers.map(({ step }) => {
    const at = initial.length
    initial.push(...step.initial)
    return { step, at }
  })
  return { initial: Object.freeze(initial), parts }
}

/** A part begins anew: counts, times and finished marks. */
export function reset({ step, at }: Part, rows: TriggerRows, row: number): void {
  rows.set(step.initial, row + at)
}

/** Whether a part fires now; one that has finished does not. */
export function partFires({ step, at }: Part, ...[rows, row, context]: Parameters<TriggerStep['fires']>): boolean {
  return !step.finished(rows, row + at) && step.fires(rows, row + at, context)
}

type Wake = NonNullable<TriggerStep['wakeAt']>

/** The earliest time that any part wants to be asked at. */
export function wakesOf(parts: readonly Part[]): Pick<TriggerStep, 'wakeAt' | 'wakeAtWatermark'> {
  const wakeAt = earliest(parts.map(({ step, at }) => [step.wakeAt, at]))
  const wakeAtWatermark = earliest(parts.map(({ step, at }) => [step.wakeAtWatermark, at]))
  return { ...(wakeAt === undefined ? {} : { wakeAt }), ...(wakeAtWatermark === undefined ? {} : { wakeAtWatermark }) }
}

/** Asked for each record: by as few calls as there are parts that ever wake. */
function earliest(all: readonly (readonly [ask: Wake | undefined, at: number])[]): Wake | undefined {
  const wakes = all.flatMap(([ask, at]) => (ask === undefined ? [] : [{ ask, at }]))
  const [first] = wakes
  if (first === undefined) return undefined
  const { ask, at } = first
  if (wakes.length === 1) return at === 0 ? ask : (rows, row, time) => ask(rows, row + at, time)
  return (rows, row, time) => {
    let next = Number.POSITIVE_INFINITY
    for (let i = 0; i < wakes.length; i++) {
      const wake = wakes[i] as (typeof wakes)[number]
      next = Math.min(next, wake.ask(rows, row + wake.at, time))
    }
    return next
  }
}

export function clearParts(parts: readonly Part[], rows: TriggerRows, row: number): void {
  for (let i = 0; i < parts.length; i++) {
    const { step, at } = parts[i] as Part
    step.clear(rows, row + at)
  }
}

export function mergeParts(parts: readonly Part[], ...[rows, row, others, at]: Parameters<TriggerStep['merge']>): void {
  for (const part of parts) mergePart(part, rows, row, others, at)
}

export function mergePart(
  { step, at: offset }: Part,
  ...[rows, row, others, at]: Parameters<TriggerStep['merge']>
): void {
  step.merge(
    rows,
    row + offset,
    others.map((other) => other + offset),
    at,
  )
}

/** Parts as the user gave them: at least `least`, each a trigger without a gate of its own. */
export function checkParts<W>(what: string, triggers: readonly Trigger<W>[], least: number): readonly Trigger<W>[] {
  if (triggers.length < least)
    throw new StreamError('BAD_TRIGGER', `${what}: found ${triggers.length} triggers, expected at least ${least}.`)
  for (const trigger of triggers) {
    if (typeof trigger?.step?.element !== 'function')
      throw new StreamError('BAD_TRIGGER', `${what}: found ${typeof trigger}, expected a trigger, as in afterCount(3).`)
    if (trigger.gate !== undefined || trigger.repeatsPanes === true)
      throw new StreamError(
        'BAD_TRIGGER',
        `${what}: found ${trigger.kind}, which stands for itself, expected a trigger that can be a part of another.`,
      )
  }
  return triggers
}

/** A combinator. */
export function combined<W>(options: {
  readonly kind: string
  readonly mayFinish: Trigger<W>['mayFinish']
  readonly words: TriggerWords
  readonly step: TriggerStep
}): Trigger<W> {
  const { kind, mayFinish, words, step } = options
  return described({
    kind,
    emitsAtCompletion: step.firesAtCompletion && !step.endsEarly,
    ...(mayFinish === undefined ? {} : { mayFinish }),
    words: Object.freeze(words),
    step: Object.freeze(step),
  })
}

/** Why the first of some triggers that may finish does. */
export function firstThatFinishes(triggers: readonly Trigger<never>[], latenessMs: number): string | undefined {
  for (const trigger of triggers) {
    const why = trigger.mayFinish?.(latenessMs)
    if (why !== undefined) return why
  }
  return undefined
}

/** When a part fires, in words; with a phase, in that phase. */
export function says({ words, kind }: Trigger<never>, phase?: 'early' | 'late'): string {
  return (phase === undefined ? undefined : words?.[phase]) ?? words?.when ?? `as ${kind} says`
}

/** What a part says of its first firing: all that counts where the whole finishes or begins anew with it. */
export function firstOf({ words, kind }: Trigger<never>): TriggerWords {
  return words?.first ?? words ?? { when: `as ${kind} says`, panes: () => [`as many as ${kind} says`] }
}

/** What a whole says that fires once, with the first of its parts. */
export function whicheverFirst(parts: readonly TriggerWords[], firesAtCompletion: boolean): TriggerWords {
  return Object.freeze({
    when: whichever(parts.map(({ when }) => when)),
    // Before completion a part that waits for it says nothing; with it the whole has finished.
    ...(firesAtCompletion
      ? { early: whichever(parts.map(({ when, early }) => early ?? when)), late: ONLY_IF_IT_BEGINS_LATE }
      : {}),
    panes: (repeated, late) => {
      const ways = [...new Set(parts.flatMap(({ panes }) => panes(true, late)))]
      if (!repeated) return ways.length === 0 ? [] : ['one']
      const least = Math.min(...ways.map((way) => recordsOf(way) ?? Number.POSITIVE_INFINITY))
      return ways.filter((way) => (recordsOf(way) ?? least) === least)
    },
  } satisfies TriggerWords)
}

function whichever(texts: readonly string[]): string {
  const some = texts.filter((text) => text !== 'never')
  return some.length < 2 ? (some[0] ?? 'never') : `${some.join(', or ')}, whichever comes first`
}

/** 'one for every 3 records' → 3; undefined for panes that come otherwise. */
export function recordsOf(way: string): number | undefined {
  const found = /^one for every (?:(\d+) records|record)$/.exec(way)
  return found === null ? undefined : Number(found[1] ?? 1)
}

/** Whether a part can come to its end, so that what stands behind it comes. */
export function comesToAnEnd({ step, mayFinish }: Trigger<never>, late: boolean): boolean {
  return step.endsEarly || mayFinish?.(late ? 1 : 0) !== undefined
}

/** What is left to a trigger after completion if it finishes with it, in words. */
export const ONLY_IF_IT_BEGINS_LATE: string = 'if the window begins with a late record, and none after that'

/** The same for a part that begins anew after each firing. */
export function again(when: string): string {
  if (when === 'for the next record') return 'for every record'
  const goesOn = when === 'never' || when === 'for every record' || when.endsWith('again and again')
  return goesOn ? when : `${when}, again and again`
}

/** How many panes parts can make: each way once that is repeated, the others one by one. */
export function panesOf(
  triggers: readonly Trigger<never>[],
  ...[repeated, late]: Parameters<TriggerWords['panes']>
): readonly string[] {
  const ways = triggers.flatMap(({ words, kind }) => words?.panes(repeated, late) ?? [`as many as ${kind} says`])
  return ways.filter((way, i) => way === 'one' || ways.indexOf(way) === i)
}

export function kindOf(name: string, triggers: readonly Trigger<never>[]): string {
  return `${name}(${triggers.map(({ kind }) => kind).join(', ')})`
}
