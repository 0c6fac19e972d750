/** Owns the accounts of a job: what every stage counted, put together so that both equations of law 5 can be checked. */
import type { Compiled, NodeCounters } from './compile.ts'
import type { ResultInputCounters } from '../operator/result-input.ts'
import type { WindowStage } from '../operator/window-stage.ts'
import { type PlanNode, type SourceNode, inputsOf, upstreamOf } from './plan.ts'

/**
 * Per window stage `<name>.`: records (after flatMap) = skipped + deadLettered + filtered + noWindow + assigned;
 * assignments = onTime + late + tooLate + shed. What shared stages before it counted is part of each stage's account.
 */
export function metricsOf(compiled: Compiled, dropped: number): ReadonlyMap<string, number> {
  const metrics = new Map<string, number>()
  const { task, names, counters, windows, sources } = compiled
  metrics.set('watermark', task.cursor.watermark)
  metrics.set('dropped', dropped)
  metrics.set(
    'tooFarAhead',
    task.timelines.reduce((sum, timeline) => sum + timeline.ahead, 0),
  )
  const ports = new Map<unknown, number>(sources.map(({ port, source }) => [source, port.records]))
  for (const { port } of sources) metrics.set(`${port.name}.records`, port.records)
  for (const [node, counts] of counters)
    for (const [what, count] of Object.entries(counts)) metrics.set(`${names.get(node)}.${what}`, count)
  for (const { node, name, operator } of windows) {
    const own = operator.stage.counters
    if (node.from.op === 'keyResults') {
      overResults(metrics, name, counters.get(node.from) as unknown as ResultInputCounters, operator.stage)
      continue
    }
    const upstream = upstreamOf(node)
    const paths = pathsTo(node, upstream)
    const shared = total(upstream, counters, paths)
    const records = upstream
      .filter((other): other is SourceNode => other.op === 'source')
      .reduce((sum, other) => sum + (ports.get(other.source) ?? 0) * (paths.get(other) ?? 0), 0)
    metrics.set(`${name}.records`, records + shared.extra)
    metrics.set(`${name}.filtered`, shared.filtered)
    for (const [what, count] of Object.entries(own)) metrics.set(`${name}.${what}`, count)
    metrics.set(`${name}.skipped`, shared.skipped + own.skipped)
    metrics.set(`${name}.deadLettered`, shared.deadLettered + own.deadLettered)
    metrics.set(`${name}.entries`, operator.stage.entries)
  }
  return metrics
}

/** What a task has counted that is over: what it kept and how far it was went with it. */
export function countsOf(compiled: Compiled): ReadonlyMap<string, number> {
  const counts = new Map(metricsOf(compiled, 0))
  for (const gauge of ['watermark', 'dropped', ...compiled.windows.map(({ name }) => `${name}.entries`)])
    counts.delete(gauge)
  return counts
}

/** The accounts of several tasks as one: counts add up, the watermark is the least. What is dropped is the job's. */
export function sumOfMetrics(tasks: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const [first, ...others] = tasks
  const sum = new Map(first)
  for (const other of others) {
    for (const [name, count] of other) {
      const so = sum.get(name) ?? 0
      if (name === 'watermark') sum.set(name, Math.min(so, count))
      else if (name !== 'dropped') sum.set(name, so + count)
    }
  }
  return sum
}

/** A stage over results: its records are the panes that came; what was replaced or withdrawn is told apart. */
function overResults(
  metrics: Map<string, number>,
  name: string,
  input: ResultInputCounters,
  { counters, entries }: WindowStage,
): void {
  for (const [what, count] of Object.entries(counters)) metrics.set(`${name}.${what}`, count)
  for (const what of ['records', 'filtered', 'replaced', 'withdrawn'] as const)
    metrics.set(`${name}.${what}`, input[what])
  metrics.set(`${name}.skipped`, input.skipped + counters.skipped)
  metrics.set(`${name}.deadLettered`, input.deadLettered + counters.deadLettered)
  metrics.set(`${name}.entries`, entries)
}

/** How many ways lead from each node to the stage: a stream that forks and is merged again brings its records twice. */
function pathsTo(node: PlanNode, upstream: readonly PlanNode[]): ReadonlyMap<PlanNode, number> {
  const paths = new Map<PlanNode, number>([[node, 1]])
  for (const at of upstream.toReversed()) {
    for (const input of inputsOf(at)) paths.set(input, (paths.get(input) ?? 0) + (paths.get(at) ?? 0))
  }
  return paths
}

function total(
  nodes: readonly PlanNode[],
  counters: ReadonlyMap<PlanNode, NodeCounters>,
  paths: ReadonlyMap<PlanNode, number>,
): NodeCounters {
  const sum: NodeCounters = { filtered: 0, skipped: 0, deadLettered: 0, extra: 0 }
  for (const node of nodes) {
    const counts = counters.get(node)
    if (counts === undefined) continue
    const ways = paths.get(node) ?? 0
    sum.filtered += counts.filtered * ways
    sum.skipped += counts.skipped * ways
    sum.deadLettered += counts.deadLettered * ways
    sum.extra += counts.extra * ways
  }
  return sum
}
