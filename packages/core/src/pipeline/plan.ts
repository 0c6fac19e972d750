/**
 * Owns the frozen plan under the stages: nodes that name what they get their input from. Building a pipeline makes
 * nodes; nothing here runs. Nodes are shared by identity, which is how several outputs of one stream run once.
 */
import type { AnyAggregator } from '../aggregate/aggregator.ts'
import type { DeadLetter, LateRecord, Accumulation } from '../pane/pane.ts'
import type { PaneGate } from '../trigger/gate.ts'
import type { Role, Sink } from '../io/sink.ts'
import type { Source } from '../io/source.ts'
import type { WatermarkStrategy } from '../time/watermark.ts'
import type { Trigger } from '../trigger/trigger.ts'
import type { WindowAssigner } from '../window/assigner.ts'

/** What a stage does with a record it cannot process. */
export type OnError = 'fail' | 'skip' | { readonly deadLetterTo: Sink<DeadLetter> }

type Fn = (value: never, meta: never) => unknown

export interface SourceNode {
  readonly op: 'source'
  readonly pipeline: string
  readonly source: Source<unknown>
  readonly onError: OnError
}
export interface RecordNode {
  readonly op: 'filter' | 'map' | 'flatMap' | 'tap'
  readonly from: RecordInput
  readonly fn: Fn
  readonly onError: OnError
}
export interface TimeNode {
  readonly op: 'eventTime'
  readonly from: RecordInput
  readonly onError: OnError
  readonly timestamp: Fn
  readonly watermark: WatermarkStrategy<never>
  readonly idleAfterMs: number | undefined
  readonly whenAllIdle: 'hold' | 'advance'
  readonly stalledAfterMs: number
  readonly maxAheadMs: number | undefined
  readonly maxDriftMs: number | undefined
}
export interface MergeNode {
  readonly op: 'merge'
  readonly from: readonly RecordInput[]
}
export interface KeyNode {
  readonly op: 'keyBy'
  readonly from: RecordInput
  readonly fn: Fn
  /** The source puts records of one key into one split: by its own key, or because the user says so. */
  readonly keepsPartition: boolean
  readonly onError: OnError
}
/** Results by another key, for windows over them. */
export interface ResultKeyNode {
  readonly op: 'keyResults'
  readonly from: ResultInput
  readonly fn: Fn
  readonly onError: OnError
  /** 'completion': early panes are left out. */
  readonly panes: 'all' | 'completion'
  /** Whether corrections of the results go into the windows over them; undefined: not said. */
  readonly corrections: 'add' | 'none' | undefined
}
export type RecordInput = SourceNode | RecordNode | TimeNode | MergeNode
export interface WindowNode {
  readonly op: 'window'
  readonly from: KeyNode | ResultKeyNode
  /** How far its watermark is held behind, of its own (finalize). */
  readonly lagMs: number
  /** Its records can say that there is nothing any more (finalize). */
  readonly mayDelete: boolean
  readonly name: string | undefined
  readonly onError: OnError
  readonly assigner: WindowAssigner<never, unknown>
  readonly trigger: Trigger<never>
  readonly latenessMs: number
  readonly allowDataLoss: boolean
  readonly accumulation: Accumulation
  readonly onTime: 'always' | 'nonEmpty'
  readonly closing: 'always' | 'nonEmpty'
  readonly gate: PaneGate | undefined
  readonly maxKeys: number
  readonly whenFull: 'fail' | 'shed'
  readonly late: readonly Sink<LateRecord<unknown, unknown>>[]
  readonly aggregate: AnyAggregator<never> | { readonly [name: string]: AnyAggregator<never> }
}
export interface ResultNode {
  readonly op: 'mapResults' | 'filterResults'
  readonly from: ResultInput
  readonly fn: Fn
  readonly onError: OnError
}
export type ResultInput = WindowNode | ResultNode
export interface SinkNode {
  readonly op: 'sink'
  readonly from: RecordInput | ResultInput
  /** What of it the sink gets; undefined: what is for everybody. */
  readonly only?: 'corrections'
  readonly sink: Sink<never>
  readonly role: Role | undefined
  readonly name: string | undefined
}
export type PlanNode =
  SourceNode | RecordNode | TimeNode | MergeNode | KeyNode | ResultKeyNode | WindowNode | ResultNode | SinkNode

/** Every node a set of sinks needs, inputs before those they feed, each once. */
export function nodesOf(sinks: readonly SinkNode[]): readonly PlanNode[] {
  const seen = new Set<PlanNode>()
  const visit = (node: PlanNode): void => {
    if (seen.has(node)) return
    for (const input of inputsOf(node)) visit(input)
    seen.add(node)
  }
  for (const sink of sinks) visit(sink)
  return [...seen]
}

export function inputsOf(node: PlanNode): readonly PlanNode[] {
  if (node.op === 'source') return []
  return node.op === 'merge' ? node.from : [node.from]
}

/** What each sink is to a job: the first without a role of its own is the primary one, where none is named. */
export function rolesOf(sinks: readonly SinkNode[]): ReadonlyMap<SinkNode, Role> {
  const roles = new Map<SinkNode, Role>()
  let primary = false
  for (const node of sinks) {
    const role: Role = node.role ?? (primary ? 'required' : 'primary')
    primary ||= role === 'primary'
    roles.set(node, role)
  }
  return roles
}

/** Everything a node's records have come through, itself included. */
export function upstreamOf(node: PlanNode): readonly PlanNode[] {
  return nodesOf([node as SinkNode])
}

/**
 * A readable, stable name for each node of a plan: what the user called it, or its kind, numbered where a kind comes
 * more than once. Checkpoints, metrics and errors use it.
 */
export function namesOf(nodes: readonly PlanNode[]): ReadonlyMap<PlanNode, string> {
  const names = new Map<PlanNode, string>()
  const used = new Map<string, number>()
  for (const node of nodes) {
    const given = 'name' in node ? node.name : undefined
    const base =
      given ?? (node.op === 'sink' ? (node.sink.kind ?? 'sink') : node.op === 'source' ? node.source.kind : node.op)
    const count = (used.get(base) ?? 0) + 1
    used.set(base, count)
    names.set(node, count === 1 ? base : `${base}-${count}`)
  }
  return names
}
