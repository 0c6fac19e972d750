/** Owns the answer to "which result is written when, and what does late data do?", given before anything runs. */
import { showMs } from '../time/duration.ts'
import { type Row, inColumns } from './columns.ts'
import { explainWindow } from './explain-window.ts'
import { keepsAccumulators, takesCorrections } from './keeping.ts'
import { windowBefore, windowOf } from './over-results.ts'
import {
  type PlanNode,
  type ResultInput,
  type ResultKeyNode,
  type SinkNode,
  type TimeNode,
  type WindowNode,
  inputsOf,
  namesOf,
  nodesOf,
  rolesOf,
} from './plan.ts'

export function explainPlan(pipeline: string, sinks: readonly SinkNode[]): string {
  const nodes = nodesOf(sinks)
  const names = namesOf(nodes)
  const name = (node: PlanNode): string => names.get(node) as string
  const roles = rolesOf(sinks)
  const windows = nodes.filter((node) => node.op === 'window')
  const records = sinks.filter(({ from }) => windowBefore(from) === undefined)
  const written = (sink: SinkNode): Row => [`to '${name(sink)}'`, how(roles.get(sink) as Role)]
  const lines = [`pipeline '${pipeline}'`]
  if (windows.length > 0)
    lines.push('W is the watermark: no record before it is expected any more. A window is [start, end).')
  const consumers = (of: PlanNode): readonly PlanNode[] => nodes.filter((node) => inputsOf(node).includes(of))
  for (const node of windows) {
    const behind = { corrects: takesCorrections(node, consumers), keeps: keepsAccumulators(node, consumers) }
    const outputs = sinks.filter(({ from }) => windowBefore(from) === node)
    lines.push(
      '',
      `'${name(node)}': ${node.assigner.kind}, ${node.trigger.kind}`,
      ...inColumns([
        ...explainWindow(node, name, behind),
        ...functionsAfter(node, nodes, name),
        ...goesInto(node, nodes, name),
        ...outputs.map(written),
      ]),
    )
  }
  if (records.length > 0)
    lines.push('', 'Records: each that passes is written when it comes.', ...inColumns(records.map(written)))
  for (const node of nodes)
    if (node.op === 'eventTime')
      lines.push('', `Time ('${name(node)}'): ${node.watermark.kind}`, ...inColumns(time(node)))
  return lines.join('\n')
}

type Role = NonNullable<SinkNode['role']>

function how(role: Role): string {
  return role === 'bestEffort'
    ? 'at once, best effort: may lose panes, counted'
    : `${role}: in order; with a checkpoint, once the interval is durable`
}

/** Functions on the results of a stage, where they change what a consumer sees. */
function functionsAfter(
  node: WindowNode,
  nodes: readonly PlanNode[],
  name: (node: PlanNode) => string,
): readonly Row[] {
  return nodes.flatMap((other): readonly Row[] =>
    other.op === 'filterResults' && windowOf(other) === node
      ? [
          [
            `'${name(other)}'`,
            node.accumulation === 'discarding'
              ? 'a pane that does not pass is not written, and nothing is withdrawn: panes are differences'
              : 'a pane that does not pass is not written; what has passed before of its window is withdrawn',
          ],
        ]
      : [],
  )
}

/** Windows over the results of a stage. */
function goesInto(node: WindowNode, nodes: readonly PlanNode[], name: (node: PlanNode) => string): readonly Row[] {
  const over = (other: PlanNode): other is WindowNode & { readonly from: ResultKeyNode } =>
    other.op === 'window' && other.from.op === 'keyResults' && windowOf(other.from.from as ResultInput) === node
  return nodes
    .filter(over)
    .map((other): Row => [
      `to '${name(other)}'`,
      other.from.panes === 'completion' ? 'its windows, all but early panes' : 'its windows, every pane',
    ])
}

function time({
  watermark,
  idleAfterMs,
  whenAllIdle,
  stalledAfterMs,
  maxAheadMs,
  maxDriftMs,
}: TimeNode): readonly Row[] {
  const rows: Row[] = []
  if (watermark.boundMs !== undefined)
    rows.push([
      'W is',
      watermark.boundMs === 0
        ? 'the greatest event time so far; of several splits, that of the slowest'
        : `${showMs(watermark.boundMs)} behind the greatest event time so far; of several splits, that of the slowest`,
    ])
  rows.push([
    'a silent split',
    idleAfterMs === undefined
      ? 'holds W back (there is no idleAfter)'
      : `with nothing more to read for ${showMs(idleAfterMs)} does not hold W back${whenAllIdle === 'advance' ? '; when all are silent, W goes on with processing time' : ''}`,
  ])
  if (maxDriftMs !== undefined)
    rows.push(['a fast split', `waits while it is more than ${showMs(maxDriftMs)} ahead of the slowest`])
  if (maxAheadMs !== undefined)
    rows.push([
      'a wrong clock',
      `a record more than ${showMs(maxAheadMs)} ahead of its arrival does not move W; it is counted`,
    ])
  rows.push(['if W stands still', `for ${showMs(stalledAfterMs)} while windows wait, the job says so ('stalled')`])
  return rows
}
