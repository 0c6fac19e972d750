/** Owns how window stages and what comes after them become functions: keys, operators, results, and windows over them. */
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { Cursor, withMeta } from '../operator/cursor.ts'
import { GridOperator } from '../operator/grid-operator.ts'
import type { End } from '../operator/line-end.ts'
import { HoppingOperator } from '../operator/hopping-operator.ts'
import { makeOperator } from '../operator/make-operator.ts'
import type { WindowOperator } from '../operator/operator.ts'
import type { Reject } from '../operator/rejects.ts'
import { ResultFilter, mapResults, resultCounters } from '../operator/result-chain.ts'
import { ResultInput } from '../operator/result-input.ts'
import type { Task } from '../operator/task.ts'
import { SessionOperator } from '../operator/session-operator.ts'
import { WindowStage } from '../operator/window-stage.ts'
import type { Sink } from '../io/sink.ts'
import { copyKey, keyId } from '../state/key.ts'
import { AccumulatorCodec } from '../aggregate/accumulator-codec.ts'
import { Corrections } from '../operator/correct.ts'
import { keeping, unfold } from '../operator/kept.ts'
import { checkPlain, keepsAccumulators, stagesOf, takesCorrections, throughStages, visibleOnly } from './keeping.ts'
import { behind } from '../trigger/policy.ts'
import { isMerging } from '../window/assigner.ts'
import type { NodeCounters } from './compile.ts'
import { keepShapes } from './kept-shapes.ts'
import { delayOf, mayChange, mayWithdraw, settledAfter, windowOf } from './over-results.ts'
import {
  type KeyNode,
  type OnError,
  type PlanNode,
  type ResultKeyNode,
  type ResultNode,
  type WindowNode,
  upstreamOf,
} from './plan.ts'

type Push = (value: unknown) => void

/** What a node needs of the plan it stands in. */
export interface Site {
  readonly task: Task
  readonly name: (node: PlanNode) => string
  readonly consumers: (node: PlanNode) => readonly PlanNode[]
  readonly next: (node: PlanNode) => Push
  /** Where many items of a node can go at once: its only sink. */
  readonly many: (node: PlanNode) => ((items: unknown[]) => void) | undefined
  readonly count: (node: PlanNode) => NodeCounters
  /** What deals with the records that a stage refuses, and counts them. */
  readonly part: (node: KeyNode) => { readonly reject: Reject; readonly counters: NodeCounters }
  readonly reject: (node: PlanNode, policy: OnError, ofResult?: boolean) => Reject
  /** One endpoint per sink of late records or dead letters. */
  readonly sideOutput: (sink: Sink<never>, name: string) => Push
  /** What a node keys by, checked where keys are of one task. */
  readonly keyOf: (node: KeyNode | ResultKeyNode) => KeyNode['fn']
}

export interface CompiledWindow {
  readonly node: WindowNode
  readonly name: string
  readonly operator: WindowOperator
}

export class WindowCompiler {
  readonly windows: CompiledWindow[] = []
  readonly #site: Site
  readonly #entries: Map<KeyNode, readonly (WindowOperator | Pick<WindowOperator, 'record'>)[]> = new Map()

  constructor(site: Site) {
    keepShapes()
    this.#site = site
  }

  /** Records by key into their windows. */
  key(node: KeyNode): Push {
    const { task, part, keyOf } = this.#site
    const { cursor } = task
    const call = withMeta(keyOf(node))
    const { reject, counters } = part(node)
    const operators = this.#windowsOf(node, undefined, (window) => (window.lagMs === 0 ? cursor : new Cursor()))
    const into = operators.map((operator) => entry(operator, cursor))
    const [only] = into
    this.#entries.set(node, into)
    return (value) => {
      let key: unknown
      let id: unknown
      try {
        key = call(value, cursor)
        id = keyId(key as never)
      } catch (error) {
        counters[reject(error, value)]++
        return
      }
      if (typeof key === 'object') key = copyKey(key as never)
      if (into.length === 1) (only as WindowOperator).record(key, id, value)
      else for (const operator of into) operator.record(key, id, value)
    }
  }

  /** Where records with a key go, for the code that is generated. */
  endOf(node: KeyNode): End {
    const into = this.#entries.get(node) ?? []
    const [only] = into
    if (into.length === 1 && only instanceof GridOperator) return { kind: 'grid', operator: only }
    if (into.length === 1 && only instanceof HoppingOperator) return { kind: 'hopping', operator: only }
    if (into.length === 1 && only instanceof SessionOperator) return { kind: 'session', operator: only }
    if (into.length === 1 && only !== undefined) return { kind: 'operator', operator: only }
    return {
      kind: 'operator',
      operator: { record: (key, id, value) => into.forEach((one) => one.record(key, id, value)) },
    }
  }

  /** Results by key into the windows over them. */
  keyResults(node: ResultKeyNode): Push {
    const { task, name, reject, count, keyOf } = this.#site
    const before = windowOf(node.from)
    const counters = Object.assign(count(node), { records: 0, replaced: 0, withdrawn: 0 })
    const { cursor, options } = (this.windows.find((window) => window.node === before) as CompiledWindow).operator.stage
    const codec = codecOf(before)
    const stages = stagesOf(node.from)
    const input = new ResultInput(cursor, {
      key: keyOf(node) as never,
      reject: reject(node, node.onError, true),
      counters,
      fromCompletion: node.panes === 'completion',
      replaces: mayChange(node),
      settledAfterMs: settledAfter(before),
      valueOf: (delta, pane) => throughStages(stages, codec.result(codec.decode(delta)), pane),
    })
    options.corrections?.inputs.push(input)
    task.inputs.set(name(node), input)
    input.operators = this.#windowsOf(node, input, () => new Cursor())
    return visibleOnly(node.from, this.#site.consumers, input.accept as Push)
  }

  result(node: ResultNode): Push {
    const { task, name, next, count, consumers, reject: rejectOf } = this.#site
    const reject = rejectOf(node, node.onError, true)
    const counters = Object.assign(count(node), resultCounters())
    const fn = node.fn as never
    if (node.op === 'mapResults') return mapResults(fn, reject, counters, next(node)) as Push
    const marks = keepsAccumulators(node, consumers)
    const filter = new ResultFilter(fn, reject, counters, windowOf(node).latenessMs, marks, next(node))
    task.filters.set(name(node), filter)
    return filter.accept as Push
  }

  #windowsOf(
    node: KeyNode | ResultKeyNode,
    input: ResultInput | undefined,
    cursorOf: (window: WindowNode) => Cursor,
  ): readonly WindowOperator[] {
    return this.#site
      .consumers(node)
      .map((consumer) => this.#window(consumer as WindowNode, cursorOf(consumer as WindowNode), input))
  }

  #window(node: WindowNode, cursor: Cursor, input: ResultInput | undefined): WindowOperator {
    const { task, name: nameOf, reject, sideOutput, next, consumers } = this.#site
    const name = nameOf(node)
    const late = node.late.map((sink, i) =>
      sideOutput(sink as Sink<never>, i === 0 ? `${name}-late` : `${name}-late-${i + 1}`),
    )
    const spec = new AggregateSpec(node.aggregate)
    const keeps = keepsAccumulators(node, consumers)
    const corrects = takesCorrections(node, consumers)
    const codec = codecOf(node)
    if (keeps || corrects) checkPlain(name, codec)
    const stage = new WindowStage(
      {
        ...node,
        name,
        trigger: behind(node.gate, node.trigger),
        merging: isMerging(node.assigner),
        mayWithdraw: mayWithdraw(node),
        keeps,
        corrections: corrects ? new Corrections(codec, hasManySources(node)) : undefined,
      },
      spec,
      cursor,
      {
        reject: reject(node, node.onError, input !== undefined),
        late: late.length === 0 ? undefined : (record) => late.forEach((push) => push(record)),
      },
    )
    const operator = makeOperator(node.assigner, stage)
    this.windows.push({ node, name, operator })
    // Known before what it feeds is made.
    const output = {
      name,
      operator,
      delayMs: delayOf(node),
      input,
      feeds: this.#feeds(node),
      out: (_: object): void => {},
      outAll: keeps ? undefined : this.#site.many(node),
    }
    task.outputs.push(output)
    const out = next(node)
    output.out = keeps ? (pane) => out(unfold(pane)) : out
    if (keeps) spec.toResult = keeping(codec, spec.toResult)
    task.settles ||= stage.heldBack !== undefined || output.feeds
    return operator
  }

  /** Whether results of a node go into windows over them. */
  #feeds(node: PlanNode): boolean {
    return this.#site
      .consumers(node)
      .some((consumer) => consumer.op === 'keyResults' || (consumer.op !== 'sink' && this.#feeds(consumer)))
  }
}

/** Of an aggregate of its own: what stands in the stage's hand is left alone. */
function codecOf({ aggregate }: WindowNode): AccumulatorCodec {
  return new AccumulatorCodec(new AggregateSpec(aggregate))
}

function hasManySources(node: WindowNode): boolean {
  return upstreamOf(node).filter(({ op }) => op === 'source').length > 1
}

/** An operator whose cursor is another one than that of the record in hand: it is told where the record stands. */
function entry(operator: WindowOperator, from: Cursor): Pick<WindowOperator, 'record'> {
  const { cursor } = operator.stage
  if (cursor === from) return operator
  return {
    record: (key, id, value) => {
      cursor.batch = from.batch
      cursor.origin = from.origin
      cursor.index = from.index
      cursor.eventTime = from.eventTime
      cursor.now = from.now
      operator.record(key, id, value)
    },
  }
}
