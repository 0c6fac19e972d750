/** Owns what the state of a pipeline depends on: a checkpoint fits a pipeline whose layout is the same. */
import { showMs } from '../time/duration.ts'
import type { PaneGate } from '../trigger/gate.ts'
import { behind } from '../trigger/policy.ts'
import { windowOf } from './over-results.ts'
import { type SinkNode, namesOf, nodesOf } from './plan.ts'

/** Window stages by name, with everything that gives their state its meaning. */
export type Layout = { readonly [stage: string]: { readonly [what: string]: string } }

export function layoutOf(sinks: readonly SinkNode[]): Layout {
  const nodes = nodesOf(sinks)
  const names = namesOf(nodes)
  const layout: Record<string, { readonly [what: string]: string }> = {}
  for (const node of nodes) {
    const name = names.get(node) as string
    if (node.op === 'source') layout[`source ${name}`] = { kind: node.source.kind }
    if (node.op !== 'window') continue
    const single = typeof (node.aggregate as { create?: unknown }).create === 'function'
    const own = node.trigger.gate
    const gate = own ?? node.gate
    const { fastPath, step } = behind(node.gate, node.trigger)
    layout[name] = {
      windows: node.assigner.kind,
      trigger: lasting(node.trigger.kind, own),
      'trigger state': String(fastPath === undefined ? step.initial.length : 0),
      gate: gate === undefined ? 'none' : lasting(gate.kind, gate),
      accumulation: node.accumulation,
      allowedLateness: showMs(node.latenessMs),
      aggregates: single ? 'one' : Object.keys(node.aggregate).join(', '),
      ...(node.from.op === 'keyResults' ? { over: `${names.get(windowOf(node.from.from))}, ${node.from.panes}` } : {}),
    }
  }
  return layout
}

/** What a buffer holds back means the same whatever its bounds are, so that one that was full can be made larger. */
function lasting(kind: string, gate: PaneGate | undefined): string {
  return gate?.buffer === undefined ? kind : kind.replace(/\(.*/s, '')
}
