/**
 * Owns what a window stage writes in each phase of a window, and how many panes that can be, in words: from the fast
 * path of its trigger, or from what the trigger says of itself. It describes what the operators do, it decides nothing.
 */
import { often, waysOfCadence } from '../trigger/cadence-words.ts'
import type { PaneGate } from '../trigger/gate.ts'
import type { Trigger } from '../trigger/trigger.ts'
import { isMerging } from '../window/assigner.ts'
import { mayChange, mayWithdraw, windowOf } from './over-results.ts'
import type { WindowNode } from './plan.ts'

/** What the text needs to know of a stage. */
export interface Written {
  readonly node: WindowNode
  /** What comes in: records, results of another stage, updates. */
  readonly unit: 'record' | 'result' | 'update'
  /** Completion and freeing are two moments: late records are taken in between. */
  readonly takesLate: boolean
  readonly behind: Behind
}

/** What sinks behind a stage make of it. */
export interface Behind {
  /** What is too late becomes a correction; windows over results get those of the stage before. */
  readonly corrects: boolean
  readonly keeps: boolean
}

const NOTHING_SPECIAL: Behind = { corrects: false, keeps: false }

export function writtenBy(node: WindowNode, behind: Behind = NOTHING_SPECIAL): Written {
  const { shape } = node.assigner
  return {
    node,
    unit:
      shape.type === 'custom' && shape.stated === true ? 'update' : node.from.op === 'keyResults' ? 'result' : 'record',
    takesLate: node.latenessMs > 0 && shape.type !== 'one',
    behind,
  }
}

const KEPT = 'nothing yet, it is kept'

/** The trigger's own words about all phases at once, where it has none for each. */
export function atAnyTime(of: Written): string | undefined {
  const { node, takesLate } = of
  const { trigger } = node
  if (trigger.fastPath !== undefined) return undefined
  const { words, step, kind } = trigger
  if (words === undefined) return `when ${kind} says so`
  return words.early === undefined && !isSingle(trigger) && (step.firesAtCompletion || takesLate)
    ? `${words.when}${andNoMore(of)}`
    : undefined
}

/** A trigger that fires once in the life of a window. */
function firesOnce({ node: { trigger }, takesLate }: Written): boolean {
  return trigger.fastPath === undefined && trigger.words?.panes(false, takesLate).join() === 'one'
}

function andNoMore(of: Written): string {
  if (!firesOnce(of)) return ''
  return `, and none after that before ${of.node.assigner.shape.type === 'one' ? 'the end of input' : 'the window is final'}`
}

/** What may have come to its end before late records do. */
function unlessItHasEnded(of: Written): string {
  const { trigger, latenessMs } = of.node
  if (firesOnce(of)) return ', if none has come before'
  return trigger.step.endsEarly || trigger.mayFinish?.(latenessMs) !== undefined
    ? ', unless the trigger has finished'
    : ''
}

export function early(of: Written): string {
  const { trigger } = of.node
  const cadence = trigger.fastPath?.early
  if (cadence !== undefined)
    return cadence === 'never' ? KEPT : `an early pane ${often(cadence, of.unit)}${ifItPasses(of)}`
  if (atAnyTime(of) !== undefined) return `an early pane, as far as said above${ifItPasses(of)}`
  const when = trigger.words?.early ?? trigger.words?.when
  return when === 'never' ? KEPT : `an early pane ${when}${andNoMore(of)}${ifItPasses(of)}`
}

export function completion(of: Written): string {
  const { node, takesLate } = of
  const { trigger, onTime } = node
  if (!takesLate) {
    if (endsWithLast(of))
      return `the on-time pane, marked isLast${isShown(of) ? ', even if nothing came since the one before' : ''}`
    return isShownAtOnce(node)
      ? 'nothing more, every update has been written'
      : 'what is pending, in an on-time pane marked isLast; nothing if all has been written'
  }
  if (trigger.emitsAtCompletion) {
    if (onTime === 'always')
      return `the on-time pane${isShown(of) ? ', even if nothing came since the one before' : ''}`
    if (!isShown(of)) return 'the on-time pane'
    return isShownAtOnce(node)
      ? 'nothing more, every update has been written'
      : 'the on-time pane, if anything is pending'
  }
  if (isShownAtOnce(node)) return 'nothing, every update has been written'
  if (trigger.step.firesAtCompletion) return 'the on-time pane, if anything is pending and the trigger has not finished'
  if (trigger.fastPath?.early === 'perRecord') return 'nothing by itself: what the gate holds back waits on'
  return isSingle(trigger)
    ? 'nothing yet, the pane comes when the window is final'
    : 'the on-time pane if the trigger fires then; else what is pending waits for it, or for the window to be final'
}

export function late(of: Written): string {
  const { trigger } = of.node
  const cadence = trigger.fastPath?.late
  // Completion is what such a trigger waits for: a window that begins after it is shown at once.
  if (cadence === 'never' && trigger.fastPath?.completion === true)
    return 'a late pane if the window begins with a late record, and none after that'
  if (cadence !== undefined)
    return cadence === 'never' ? KEPT : `a late pane ${often(cadence, `late ${of.unit}`)}${ifItPasses(of)}`
  if (atAnyTime(of) !== undefined) return `a late pane, as far as said above${unlessItHasEnded(of)}${ifItPasses(of)}`
  const when = trigger.words?.late ?? trigger.words?.when
  return when === 'never' ? KEPT : `a late pane ${when}${ifItPasses(of)}`
}

export function freeing(of: Written): string {
  const { trigger, closing } = of.node
  if (isSingle(trigger)) return 'the one pane, marked isLast'
  if (closing === 'always') return 'a last pane, marked isLast, even if nothing is pending'
  return leavesPending(of)
    ? 'what is pending, if anything is, in a pane marked isLast'
    : 'nothing more, every update has been written'
}

/** How many panes a key and window can have. */
export function howMany(of: Written): string {
  const { node } = of
  const gate = gateOf(node)
  const ways = waysOf(of)
  const count = hasOne(of)
    ? isShown(of)
      ? 'at most one'
      : 'exactly one'
    : `${isBounded(of) ? `at most ${ways.length}: ` : ''}${ways.join(', ')}`
  return [
    count,
    ...(gate === undefined ? [] : [`the gate lets through ${gate.words?.panes ?? `what ${gate.kind} says`}`]),
    ...(isMerging(node.assigner) && showsBeforeFinal(of) ? ['a session with new bounds counts anew'] : []),
  ].join('; ')
}

/** A key and window has one pane, and no other takes its place. */
export function hasOne(of: Written): boolean {
  return isSingle(of.node.trigger) || (isBounded(of) && waysOf(of).length < 2)
}

/** Results that come once come in time; their corrections need not. */
export function neverLate({ node: { from }, behind }: Written): boolean {
  return (
    !behind.corrects &&
    from.op === 'keyResults' &&
    !mayChange(from) &&
    windowOf(from.from).accumulation !== 'discarding'
  )
}

/** Neither the number of records nor time makes more panes. */
function isBounded(of: Written): boolean {
  const { node, takesLate } = of
  const fast = node.trigger.fastPath
  return fast !== undefined && fast.early === 'never' && (!takesLate || neverLate(of) || fast.late === 'never')
}

function waysOf(of: Written): readonly string[] {
  return of.node.trigger.fastPath === undefined ? waysOfStep(of) : waysOfFastPath(of)
}

/** Whether every key and window ends with a pane that is marked last, unless all of it is withdrawn. */
export function endsWithLast({ node, takesLate }: Written): boolean {
  const { trigger, closing, onTime } = node
  if (closing === 'always' || isSingle(trigger)) return true
  return !takesLate && ((trigger.emitsAtCompletion && onTime === 'always') || trigger.fastPath?.early === 'never')
}

/** Whether a pane of a window can come before the one that is final. */
export function showsBeforeFinal({ node: { trigger }, takesLate }: Written): boolean {
  const fast = trigger.fastPath
  if (isSingle(trigger)) return false
  if (fast === undefined) return true
  return fast.early !== 'never' || (takesLate && (fast.completion || fast.late !== 'never'))
}

function waysOfFastPath(of: Written): readonly string[] {
  const { node, unit, takesLate } = of
  const { trigger, closing, onTime } = node
  const { early: before, late: after } = trigger.fastPath ?? { early: 'never', late: 'never' }
  const end = node.assigner.shape.type === 'one' ? 'at the end of input' : 'at completion'
  const atEnd = takesLate
    ? trigger.emitsAtCompletion && (onTime === 'always' || !isShownAtOnce(node))
    : endsWithLast(of) || !isShownAtOnce(node)
  return [
    ...waysOfCadence(before, `${unit} in time`, 'before completion'),
    ...(atEnd ? [`one ${end}`] : []),
    ...(takesLate && !neverLate(of) ? waysOfCadence(after, `late ${unit}`, 'after it') : []),
    ...(takesLate && (closing === 'always' || isSingle(trigger) || leavesPending(of)) ? ['one when it is final'] : []),
  ]
}

function waysOfStep({ node, takesLate }: Written): readonly string[] {
  const { words, kind, step } = node.trigger
  const own = words?.panes(false, takesLate) ?? [`as many as ${kind} says`]
  const end = node.assigner.shape.type === 'one' ? 'one at the end of input' : 'one when it is final'
  // What has ended before completion has shown nothing of what came since.
  return takesLate || !step.firesAtCompletion || step.endsEarly ? [...own, end] : own
}

function ifItPasses({ node }: Written): string {
  return gateOf(node) === undefined ? '' : ', if the gate lets it pass'
}

function gateOf({ trigger, gate }: WindowNode): PaneGate | undefined {
  return trigger.gate ?? gate
}

/** Nothing but the freeing makes it write: one pane, the final one. */
function isSingle({ fastPath, words }: Trigger<never>): boolean {
  if (fastPath === undefined) return words?.panes(false, true).length === 0
  return fastPath.early === 'never' && !fastPath.completion && fastPath.late === 'never'
}

/** Something may have been written before completion, so that nothing need be pending then. */
function isShown({ node }: Written): boolean {
  const { trigger } = node
  return (trigger.fastPath?.early !== 'never' && !isSingle(trigger)) || mayWithdraw(node)
}

/** Nothing is ever pending before completion. */
function isShownAtOnce(node: WindowNode): boolean {
  return node.trigger.fastPath?.early === 'perRecord' && gateOf(node) === undefined
}

/** Something may be pending when a window is freed that was complete before. */
function leavesPending({ node }: Written): boolean {
  const fast = node.trigger.fastPath
  if (fast === undefined || gateOf(node) !== undefined) return true
  return fast.late !== 'perRecord' || !(fast.completion || fast.early === 'perRecord')
}
