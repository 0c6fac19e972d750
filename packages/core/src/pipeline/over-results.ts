/**
 * Owns what follows for windows over results from those before them: how far their watermark is behind, and whether
 * panes of one key and window can follow each other or be withdrawn.
 */
import { showMs } from '../time/duration.ts'
import { isMerging } from '../window/assigner.ts'
import type { PlanNode, ResultInput, ResultKeyNode, WindowNode } from './plan.ts'

/** The window stage that results come from. */
export function windowOf(results: ResultInput): WindowNode {
  let node = results
  while (node.op !== 'window') node = node.from
  return node
}

/** The window stage that a sink's items come from; undefined: they are records. */
export function windowBefore(node: PlanNode): WindowNode | undefined {
  return node.op === 'window' || node.op === 'mapResults' || node.op === 'filterResults' ? windowOf(node) : undefined
}

/** How far the watermark of a window stage is behind that of its task, ms. */
export function delayOf(node: WindowNode): number {
  if (node.from.op === 'keyBy') return node.lagMs
  const before = windowOf(node.from.from)
  return node.lagMs + delayOf(before) + passedOn(before)
}

/**
 * How much later than a window's completion its result may come and be on time: the allowed lateness for policies that
 * emit at the freeing; a session completes one millisecond after its end.
 */
function passedOn({ trigger, latenessMs, assigner }: WindowNode): number {
  return (trigger.emitsAtCompletion ? 0 : latenessMs) + (isMerging(assigner) ? 1 : 0)
}

/** A delay as text. A session completes a millisecond after its end: that is told apart from the rest. */
export function delayText(delayMs: number): string {
  const odd = delayMs % 1_000
  return delayMs > 1_000 && odd !== 0 && odd < 10 ? `${showMs(delayMs - odd)} and ${odd}ms` : showMs(delayMs)
}

/** How long after a window's end, in its own time, its panes can change. */
export function settledAfter({ latenessMs, assigner }: WindowNode): number {
  return latenessMs + (isMerging(assigner) ? 1 : 0)
}

/** Whether panes of a key and window can follow each other or be withdrawn, as far as windows over them see. */
export function mayChange({ from, panes }: ResultKeyNode): boolean {
  const { accumulation, trigger, latenessMs } = windowOf(from)
  if (accumulation === 'discarding') return false
  if (panes === 'completion' && latenessMs === 0) return false
  const fast = trigger.fastPath
  const single = fast?.early === 'never' && (latenessMs === 0 || (!fast.completion && fast.late === 'never'))
  return !single
}

/** Whether what is in a window can leave it again. */
export function mayWithdraw(node: WindowNode): boolean {
  return node.from.op === 'keyResults' ? mayChange(node.from) : node.mayDelete
}
