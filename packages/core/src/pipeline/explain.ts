/** Owns the answer to "which result is written when, and what does late data do?", given before anything runs. */
import { showMs } from '../time/duration.ts'
import { isMerging } from '../window/assigner.ts'
import type { Cadence, FastPath } from '../trigger/trigger.ts'
import { type PlanNode, type SinkNode, type WindowNode, namesOf, nodesOf, upstreamOf } from './plan.ts'

export function explainPlan(name: string, sinks: readonly SinkNode[]): string {
  const nodes = nodesOf(sinks)
  const names = namesOf(nodes)
  const windows = nodes.filter((node): node is WindowNode => node.op === 'window')
  const lines = [`pipeline '${name}'`]
  for (const node of windows) lines.push('', ...explainWindow(node, names, sinks))
  if (windows.length === 0) lines.push('', 'No windows: every record that passes is written when it comes.')
  for (const node of nodes) {
    if (node.op === 'eventTime')
      lines.push(
        '',
        `Time ('${names.get(node)}'): ${node.watermark.kind}; a watermark that stands still for ${showMs(node.stalledAfterMs)} while windows wait is announced as 'stalled'.`,
      )
  }
  return lines.join('\n')
}

function explainWindow(
  node: WindowNode,
  names: ReadonlyMap<PlanNode, string>,
  sinks: readonly SinkNode[],
): readonly string[] {
  const complete = isMerging(node.assigner) ? 'W > end' : 'W ≥ end'
  const freed = node.latenessMs === 0 ? complete : `${complete} + ${showMs(node.latenessMs)}`
  const pane = node.accumulation === 'discarding' ? 'what came since the last pane' : 'the whole value'
  const fast = node.trigger.fastPath
  const lines = [`'${names.get(node)}': ${node.assigner.kind}, ${node.trigger.kind}; a pane is ${pane}`]
  lines.push(
    `  before ${complete}:`.padEnd(30) + (fast === undefined ? 'early panes as the trigger says' : early(fast)),
  )
  lines.push(`  at ${complete}:`.padEnd(30) + completion(node, fast))
  if (node.latenessMs > 0)
    lines.push(
      `  late, until ${freed}:`.padEnd(30) + (fast === undefined ? 'late panes as the trigger says' : late(fast)),
    )
  if (node.latenessMs > 0 || node.closing === 'always')
    lines.push(
      `  at ${freed}:`.padEnd(30) +
        `${node.closing === 'always' ? 'a last pane per key' : 'whatever is pending'}; then the window is final`,
    )
  lines.push(
    '  later still:'.padEnd(30) +
      (node.late.length === 0
        ? 'counted by window (job.lateness()), not kept: add lateTo(sink) to keep the records'
        : `to the late output, counted by window`),
  )
  const fed = sinks.filter((sink) => upstreamOf(sink).includes(node))
  for (const sink of fed) lines.push(`  written to '${names.get(sink)}'`.padEnd(30) + written(sink, fed[0] === sink))
  return lines
}

function early({ early: cadence }: FastPath): string {
  return cadence === 'never' ? 'nothing' : `an early pane ${often(cadence)}`
}

function late({ late: cadence }: FastPath): string {
  return cadence === 'never' ? 'kept for the freeing' : `a late pane ${often(cadence)}`
}

function often(cadence: Cadence): string {
  if (cadence === 'perRecord') return 'for every record'
  return cadence === 'never'
    ? 'never'
    : `at most every ${showMs(cadence.afterMs)} of processing time, per key and window`
}

function completion(node: WindowNode, fast: FastPath | undefined): string {
  if (fast === undefined) return node.trigger.emitsAtCompletion ? 'the on-time pane' : 'a pane if the trigger fires'
  if (!fast.completion)
    return node.latenessMs === 0
      ? 'the on-time pane (the freeing)'
      : 'nothing: the pane comes when nothing can change it any more'
  return `the on-time pane${node.onTime === 'always' ? ', even if nothing came since the last one' : ''}${node.latenessMs === 0 ? ', which is the last' : ''}`
}

function written(sink: SinkNode, first: boolean): string {
  const role = sink.role ?? (first ? 'primary' : 'required')
  return role === 'bestEffort'
    ? 'at once, best effort: may lose panes, counted'
    : `${role}: in order; with a checkpoint, once the interval is durable`
}
