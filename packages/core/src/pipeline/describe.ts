/** Owns the plan as something to look at: text, Mermaid and JSON. */
import { recordKey } from '../operator/record-key.ts'
import { showMs } from '../time/duration.ts'
import { type PlanNode, type SinkNode, inputsOf, namesOf, nodesOf, rolesOf } from './plan.ts'

export interface PlanJson {
  readonly name: string
  readonly nodes: readonly {
    readonly name: string
    readonly op: PlanNode['op']
    readonly what: string
    readonly from: readonly string[]
  }[]
}

export function planJson(name: string, sinks: readonly SinkNode[]): PlanJson {
  const nodes = nodesOf(sinks)
  const names = namesOf(nodes)
  const roles = rolesOf(sinks)
  return {
    name,
    nodes: nodes.map((node) => ({
      name: names.get(node) as string,
      op: node.op,
      what: what(node, roles),
      from: inputsOf(node).map((input) => names.get(input) as string),
    })),
  }
}

export function describePlan(name: string, sinks: readonly SinkNode[]): string {
  const { nodes } = planJson(name, sinks)
  const width = Math.max(...nodes.map((node) => node.name.length))
  const lines = nodes.map((node, i) => {
    // A line's input is the line before it, unless it says otherwise.
    const from =
      node.from.length === 0 || (node.from.length === 1 && node.from[0] === nodes[i - 1]?.name)
        ? ''
        : `   (from ${node.from.join(' and ')})`
    return `  ${node.name.padEnd(width)}  ${node.what}${from}`.trimEnd()
  })
  return [`pipeline '${name}'`, ...lines].join('\n')
}

export function planMermaid(sinks: readonly SinkNode[]): string {
  const { nodes } = planJson('', sinks)
  const id = new Map(nodes.map((node, i) => [node.name, `n${i}`]))
  const boxes = nodes.map((node) => {
    const text = `"${[node.name, node.what]
      .filter((part, i, all) => part !== '' && all.indexOf(part) === i)
      .join('<br/>')
      .replaceAll('"', '#quot;')}"`
    const [left, right] = node.op === 'source' ? ['([', '])'] : node.op === 'sink' ? ['[(', ')]'] : ['[', ']']
    return `  ${id.get(node.name)}${left}${text}${right}`
  })
  const arrows = nodes.flatMap((node) => node.from.map((from) => `  ${id.get(from)} --> ${id.get(node.name)}`))
  return ['flowchart LR', ...boxes, ...arrows].join('\n')
}

/** One line about a node, in the words the user wrote. */
function what(node: PlanNode, roles: ReturnType<typeof rolesOf>): string {
  switch (node.op) {
    case 'source':
      return `source: ${node.source.kind}`
    case 'filter':
    case 'map':
    case 'flatMap':
    case 'tap':
      return `${node.op}${named(node.fn)}`
    case 'eventTime':
      return [
        node.watermark.kind,
        node.idleAfterMs === undefined ? '' : `idleAfter ${showMs(node.idleAfterMs)}`,
        node.whenAllIdle === 'advance' ? 'advances when all are idle' : '',
        node.maxAheadMs === undefined ? '' : `maxAhead ${showMs(node.maxAheadMs)}`,
        node.maxDriftMs === undefined ? '' : `maxDrift ${showMs(node.maxDriftMs)}`,
      ]
        .filter((part) => part !== '')
        .join(', ')
    case 'merge':
      return 'one stream, the watermark of the slowest'
    case 'keyBy':
      return node.fn === recordKey ? 'keyByRecordKey' : `keyBy${named(node.fn)}`
    case 'keyResults':
      return `keyBy of results${named(node.fn)}${node.panes === 'completion' ? ', from completion on' : ''}`
    case 'window':
      return [
        node.assigner.kind,
        node.trigger.kind,
        node.accumulation,
        `allowedLateness ${showMs(node.latenessMs)}`,
        node.gate?.kind ?? '',
        aggregates(node.aggregate),
        node.late.length === 0 ? '' : 'late records to an output',
      ]
        .filter((part) => part !== '')
        .join(', ')
    case 'mapResults':
      return `map of results${named(node.fn)}`
    case 'filterResults':
      return `filter of results${named(node.fn)}`
    case 'sink':
      return `sink: ${node.sink.kind ?? 'own'}, ${roles.get(node)}`
  }
}

function named(fn: { readonly name: string }): string {
  return fn.name === '' || fn.name === 'fn' || fn.name === 'key' ? '' : ` ${fn.name}`
}

function aggregates(aggregate: object): string {
  return typeof (aggregate as { create?: unknown }).create === 'function'
    ? 'one aggregate'
    : Object.keys(aggregate).join(', ')
}
