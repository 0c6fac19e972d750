/**
 * Owns the account of one window stage: what comes in, what is written for each kind of arrival, how many panes that can
 * be, which are final and how a consumer can tell, what may be withdrawn.
 */
import { showMs } from '../time/duration.ts'
import { isMerging } from '../window/assigner.ts'
import type { Row } from './columns.ts'
import {
  type Behind,
  type Written,
  atAnyTime,
  completion,
  early,
  endsWithLast,
  freeing,
  hasOne,
  howMany,
  late,
  neverLate,
  showsBeforeFinal,
  writtenBy,
} from './explain-panes.ts'
import { delayOf, delayText, mayChange, mayWithdraw, windowOf } from './over-results.ts'
import type { ResultKeyNode, WindowNode } from './plan.ts'

/** What names the nodes of the plan. */
export type Name = (node: WindowNode) => string

export function explainWindow(node: WindowNode, name: Name, behind: Behind): readonly Row[] {
  const of = writtenBy(node, behind)
  return [
    ...input(of, name),
    ['each pane holds', holds(of)],
    ...arrivals(of, name),
    ...gate(of),
    ...dataLoss(node),
    ['how many', `per key and window: ${howMany(of)}`],
    ...withdrawn(of),
    ['final is', final(of)],
  ]
}

/** Where a stage that does not read records gets what it counts, and how far its time is behind. */
function input({ node, behind }: Written, name: Name): readonly Row[] {
  const delayMs = delayOf(node)
  if (node.from.op !== 'keyResults') {
    if (node.lagMs === 0) return []
    return [
      ['made of', 'updates that name their window; of a key and window the newest counts, by arrival'],
      [
        'W here',
        `the watermark − ${showMs(node.lagMs)}: an update is waited for until ${showMs(node.lagMs)} after the end of its window`,
      ],
    ]
  }
  const before = windowOf(node.from.from)
  const results = `'${name(before)}'`
  return [
    ['made of', madeOf(node.from, results)],
    [
      'W here',
      delayMs === 0
        ? `the watermark itself: each result of ${results} comes in time, when its window is complete at the latest`
        : `the watermark − ${delayText(delayMs)}, so that no result of ${results} is late when it first comes`,
    ],
    [
      'results come',
      `per key and window of ${results}: ${howMany(writtenBy(before))}${node.from.panes === 'completion' ? ' (early ones are left out)' : ''}`,
    ],
    ...(behind.corrects
      ? [['corrected by', `what is too late for ${results}: what it alone makes of them comes as one more`] as const]
      : []),
  ]
}

function madeOf(from: ResultKeyNode, results: string): string {
  const { accumulation } = windowOf(from.from)
  const meaning =
    accumulation === 'discarding'
      ? 'each is a difference, so they add up'
      : mayChange(from)
        ? 'a newer one of the same key and window takes the place of the one before, a withdrawn one leaves again'
        : 'each comes once'
  return `results of ${results}, each at the last instant of its window; ${meaning}`
}

function holds(of: Written): string {
  const { node, unit } = of
  if (hasOne(of) && unit !== 'update')
    return `the whole value of its key and window${node.accumulation === 'discarding' ? " (kind 'delta')" : ''}`
  if (unit === 'update') return 'the newest update of its key and window; a newer pane takes its place'
  switch (node.accumulation) {
    case 'accumulating':
      return 'the whole value of its key and window so far; a newer pane takes its place'
    case 'retracting':
      return 'the whole value of its key and window so far; before a newer one a retraction takes it back'
    case 'discarding':
      return `what came since the pane before (kind 'delta'); all of them add up to the whole${isMerging(node.assigner) ? ', those of sessions that became one as well' : ''}`
  }
}

/** The phases of a window in order: what comes in each of them does, and what time does between them. */
function arrivals(of: Written, name: Name): readonly Row[] {
  const { node, unit, takesLate } = of
  const { shape } = node.assigner
  const when = atAnyTime(of)
  const rows: Row[] = when === undefined ? [] : [['a pane comes', when]]
  if (shape.type === 'hopping' && shape.everyMs > shape.sizeMs)
    rows.push(['in no window', `a ${unit} between two windows: counted (noWindow)`])
  if (unit !== 'update' && shape.type === 'custom')
    rows.push(['in no window', `a ${unit} for which assign returns none: counted (noWindow)`])
  if (shape.type === 'one') {
    rows.push(['in time, always', early(of)], ['at the end of input', completion(of)])
    return rows
  }
  const [before, end] = isMerging(node.assigner) ? ['W ≤ end', 'W > end'] : ['W < end', 'W ≥ end']
  rows.push([`in time, ${before}`, early(of)])
  if (takesLate) {
    const lateness = showMs(node.latenessMs)
    rows.push([`complete, ${end}`, completion(of)])
    rows.push([`late, ${before} + ${lateness}`, latest(of, name)])
    rows.push([`final, ${end} + ${lateness}`, freeing(of)])
  } else rows.push([`complete and final, ${end}`, completion(of)])
  rows.push(['too late, after that', tooLate(of, name)])
  if (node.whenFull === 'shed')
    rows.push(['no room', `beyond ${counted(node.maxKeys)} keys and windows: as what is too late, but counted as shed`])
  return rows
}

function latest(of: Written, name: Name): string {
  const { from } = of.node
  return neverLate(of) && from.op === 'keyResults'
    ? `none: each result of '${name(windowOf(from.from))}' comes once, in time`
    : late(of)
}

function tooLate({ node, unit, behind }: Written, name: Name): string {
  if (behind.corrects) return `a correction of ${correctionOf(node, name)}; ${refused(node, unit)}`
  if (node.from.op === 'keyResults')
    return `none: what is too late has been refused by '${name(windowOf(node.from.from))}'`
  return refused(node, unit)
}

function correctionOf({ assigner, from }: WindowNode, name: Name): string {
  if (from.op === 'keyResults') return `a window, by what corrects '${name(windowOf(from.from))}'`
  return isMerging(assigner) ? 'its own, a session that readers join to those it touches' : 'its window'
}

function refused(node: WindowNode, unit: Written['unit']): string {
  if (node.late.length > 0) return 'to the late output with the reason, and counted by window (job.lateness())'
  return `counted by window (job.lateness()), not kept: ${unit === 'update' ? 'the option lateTo' : 'lateTo(sink)'} would keep it`
}

function gate({ node, behind }: Written): readonly Row[] {
  const { trigger, gate: own } = node
  const found = trigger.gate ?? own
  if (found === undefined) return []
  const leaves = found.swallows === true && !behind.keeps ? '' : ', and what it holds leaves'
  const passed = trigger.emitsAtCompletion ? 'at completion and when the window is final' : 'when the window is final'
  const rows: Row[] = [
    [
      'gate',
      `${found.words === undefined ? `${found.kind} decides which panes wait` : `${found.kind.replace(/\(.*/, '')} ${found.words.does}`}; ${passed} it is not asked${leaves}`,
    ],
  ]
  const { buffer } = found
  if (buffer === undefined) return rows
  const bounds = [
    ...(buffer.maxKeys === undefined ? [] : [`${counted(buffer.maxKeys)} panes`]),
    ...(buffer.maxBytes === undefined ? [] : [`${counted(buffer.maxBytes)} bytes of values`]),
  ]
  const full = buffer.onFull === 'fail' ? 'the job fails (BUFFER_FULL)' : 'those leave that have waited longest'
  rows.push([
    'buffer',
    bounds.length === 0
      ? `as many panes as there are keys and windows (maxKeys: ${counted(node.maxKeys)})`
      : `at most ${bounds.join(' and ')} over all keys; beyond that ${full}`,
  ])
  return rows
}

function dataLoss({ trigger, latenessMs, allowDataLoss }: WindowNode): readonly Row[] {
  const why = allowDataLoss ? trigger.mayFinish?.(latenessMs) : undefined
  if (why === undefined) return []
  return [
    [
      'data loss',
      `accepted (allowDataLoss): ${why}; what comes then is kept, but not shown before the window is final`,
    ],
  ]
}

function withdrawn(of: Written): readonly Row[] {
  const { node, unit } = of
  const says: string[] = []
  if (node.accumulation === 'retracting' && !hasOne(of)) says.push('before each newer pane, the pane before')
  if (isMerging(node.assigner) && node.accumulation !== 'discarding' && showsBeforeFinal(of))
    says.push(
      'what was written of a session that has other bounds now or is part of another: together with the next pane, at the latest when it would be final',
    )
  if (unit === 'update' && node.mayDelete)
    says.push('what was released, if the newest update is one that deleted() recognises')
  if (unit === 'result' && mayWithdraw(node) && showsBeforeFinal(of))
    says.push('what was written of a window that has lost all its results')
  return says.length === 0 ? [] : [['withdrawn are', `${says.join('; ')} (a pane of kind 'retraction' says so)`]]
}

function final(of: Written): string {
  const { node } = of
  if (node.assigner.shape.type === 'one') return 'what was written last, when the input has ended'
  const unless = mayWithdraw(node) ? ', unless all of it was withdrawn' : ''
  const last = `a pane marked isLast${node.accumulation === 'discarding' && !hasOne(of) ? ', together with all before it' : ''}`
  if (endsWithLast(of)) return `${last}; each key and window ends with one${unless}`
  const end = node.latenessMs === 0 ? 'end' : `end + ${showMs(node.latenessMs)}`
  const reached = isMerging(node.assigner) ? `has passed ${end}` : `has reached ${end}`
  return `${last}; else what was written last, once the watermark that sinks are told (progress) ${reached}`
}

function counted(n: number): string {
  return n.toLocaleString('en-US')
}
