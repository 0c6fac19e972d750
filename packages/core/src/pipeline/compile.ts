/**
 * Owns the way from plan to task: each node becomes a function that pushes into the next ones, so that a record goes
 * through plain synchronous calls. A user function is called inside its own try: what throws downstream is not its error.
 */
import { withMeta } from '../operator/cursor.ts'
import { type Clocking, type Line, type Step, runLine } from '../operator/line.ts'
import { Endpoint } from '../operator/endpoint.ts'
import { ownKey } from '../operator/record-key.ts'
import { type Reject, makeReject } from '../operator/rejects.ts'
import { Task } from '../operator/task.ts'
import type { Port } from '../operator/task-parts.ts'
import { Timeline } from '../operator/timeline.ts'
import type { Key } from '../io/meta.ts'
import type { Sink } from '../io/sink.ts'
import type { Source } from '../io/source.ts'
import { badTimestamp } from '../time/timestamp.ts'
import { fuse, fuseResult } from './fuse.ts'
import { type CompiledWindow, WindowCompiler } from './compile-windows.ts'
import { gated } from './keeping.ts'
import { observer } from './observer.ts'
import { delayOf, windowBefore } from './over-results.ts'
import type { KeyNode, OnError, PlanNode, RecordNode, ResultKeyNode, SinkNode, SourceNode, TimeNode } from './plan.ts'
import { inputsOf, namesOf, nodesOf, rolesOf, upstreamOf } from './plan.ts'

/** What a record stage counts; `extra` is what flatMap made beyond one record each. */
export interface NodeCounters {
  filtered: number
  skipped: number
  deadLettered: number
  extra: number
}

export interface Compiled {
  readonly task: Task
  readonly sources: readonly { readonly port: Port; readonly source: Source<unknown> }[]
  readonly names: ReadonlyMap<PlanNode, string>
  readonly counters: ReadonlyMap<PlanNode, NodeCounters>
  readonly windows: readonly CompiledWindow[]
}

type Push = (value: unknown) => void

export interface CompileOptions {
  /** Whether code may be made from text where that is faster; true if not given, and where the host lets it. */
  readonly generateCode?: boolean
  /** Which keys are of the task; all if not given. Keys that the user has chosen are checked. */
  readonly owns?: (key: Key) => boolean
}

/** Puts a job together from the sinks of its pipelines. */
export function compile(pipeline: string, sinks: readonly SinkNode[], options: CompileOptions = {}): Compiled {
  return new Compiler(pipeline, sinks, options).compiled
}

class Compiler {
  readonly #pipeline: string
  readonly #keyOf: (node: KeyNode | ResultKeyNode) => KeyNode['fn']
  readonly #nodes: readonly PlanNode[]
  readonly #task: Task = new Task()
  readonly #names: ReadonlyMap<PlanNode, string>
  readonly #consumers: Map<PlanNode, PlanNode[]> = new Map()
  readonly #counters: Map<PlanNode, NodeCounters> = new Map()
  readonly #pushes: Map<PlanNode, Push> = new Map()
  readonly #timelines: Map<PlanNode, Timeline> = new Map()
  readonly #letters: Map<Sink<never>, Endpoint> = new Map()
  readonly #sinks: Map<SinkNode, Endpoint> = new Map()
  readonly #windows: WindowCompiler
  readonly #sources: { port: Port; source: Source<unknown>; node: SourceNode }[] = []
  /** What deals with the records that a stage refuses, and counts them. */
  readonly #parts: Map<PlanNode, { readonly reject: Reject; readonly counters: NodeCounters }> = new Map()
  readonly #clockings: Map<PlanNode, Clocking> = new Map()

  constructor(pipeline: string, sinks: readonly SinkNode[], { generateCode = true, owns }: CompileOptions) {
    this.#pipeline = pipeline
    this.#keyOf = (node) => (owns === undefined ? node.fn : ownKey(node.fn, owns))
    this.#nodes = nodesOf(sinks)
    this.#names = namesOf(this.#nodes)
    for (const node of this.#nodes) {
      for (const input of inputsOf(node)) this.#consumers.set(input, [...(this.#consumers.get(input) ?? []), node])
    }
    this.#windows = new WindowCompiler({
      task: this.#task,
      name: (node) => this.#name(node),
      consumers: (node) => this.#consumers.get(node) ?? [],
      next: (node) => this.#next(node),
      many: (node) => this.#many(node),
      count: (node) => this.#count(node),
      reject: (node, policy, ofResult) => this.#reject(node, policy, ofResult),
      part: (node) => this.#part(node),
      sideOutput: (sink, name) => this.#sideOutput(sink, name),
      keyOf: this.#keyOf,
    })
    const roles = rolesOf(sinks)
    for (const node of sinks) {
      // Several sinks may take the same output; results() yields it once.
      this.#endpoint(
        node,
        roles.get(node) as Endpoint['role'],
        sinks.find((other) => other.from === node.from && other.only === undefined) === node,
      )
    }
    // In the order of the plan, so that snapshots and events name things in a stable order.
    for (const node of this.#nodes) if (node.op === 'eventTime') this.#timeline(node)
    for (const node of this.#nodes) if (node.op === 'source') this.#port(node)
    for (const { port, node } of this.#sources) {
      const line = this.#line(node)
      port.run = (generateCode ? fuse(line) : undefined) ?? runLine(line)
    }
    if (!generateCode) return
    for (const { operator } of this.#windows.windows) {
      const { spec } = operator.stage
      // What carries accumulators is put together already.
      if (spec.names !== undefined && !operator.stage.options.keeps)
        spec.toResult = fuseResult(spec.names) ?? spec.toResult
    }
  }

  /** What the records of a source go through until they fork, or come to something that takes them as they are. */
  #line(source: SourceNode): Line {
    const steps: Step[] = []
    let clocking: Clocking | undefined
    let node: PlanNode = source
    for (;;) {
      const [next, ...others]: readonly PlanNode[] = this.#consumers.get(node) ?? []
      const part = next === undefined ? undefined : this.#parts.get(next)
      const end = (): Line => ({ task: this.#task, steps, clocking, end: { kind: 'push', push: this.#next(node) } })
      if (next === undefined || others.length > 0 || part === undefined) return end()
      if (next.op === 'keyBy') {
        steps.push({ op: next.op, fn: this.#keyOf(next), ...part })
        return { task: this.#task, steps, clocking, end: this.#windows.endOf(next) }
      }
      if (next.op === 'eventTime') {
        clocking = this.#clockings.get(next)
        steps.push({ op: next.op, fn: next.timestamp, ...part })
      } else if (next.op === 'filter' || next.op === 'map' || next.op === 'tap')
        steps.push({ op: next.op, fn: next.fn, ...part })
      else return end()
      node = next
    }
  }

  get compiled(): Compiled {
    return {
      task: this.#task,
      sources: this.#sources,
      names: this.#names,
      counters: this.#counters,
      windows: this.#windows.windows,
    }
  }

  #name(node: PlanNode): string {
    return this.#names.get(node) as string
  }

  #count(node: PlanNode): NodeCounters {
    const counters = { filtered: 0, skipped: 0, deadLettered: 0, extra: 0 }
    this.#counters.set(node, counters)
    return counters
  }

  #endpoint(node: SinkNode, role: Endpoint['role'], isResult: boolean): void {
    const before = windowBefore(node.from)
    const endpoint = new Endpoint(
      this.#name(node),
      node.sink,
      role,
      isResult,
      before === undefined ? 0 : delayOf(before),
    )
    this.#task.endpoints.push(endpoint)
    this.#pushes.set(
      node,
      gated(node, (of) => this.#consumers.get(of) ?? [], endpoint.push),
    )
    this.#sinks.set(node, endpoint)
  }

  /** Late records and dead letters go the way of results: one endpoint per sink, fed from what is durable. */
  #sideOutput(sink: Sink<never>, name: string): Push {
    let endpoint = this.#letters.get(sink)
    if (endpoint === undefined) {
      // The outbox is kept by name: no two may share one.
      const names = new Set([...this.#names.values(), ...this.#task.endpoints.map((other) => other.name)])
      let unique = name
      for (let i = 2; names.has(unique); i++) unique = `${name}-${i}`
      endpoint = new Endpoint(unique, sink, 'required')
      this.#letters.set(sink, endpoint)
      this.#task.endpoints.push(endpoint)
    }
    return endpoint.push
  }

  #reject(node: PlanNode, policy: OnError, ofResult = false): Reject {
    const stage = this.#name(node)
    const options =
      typeof policy === 'string'
        ? { policy, deadLetters: undefined }
        : {
            policy: 'deadLetter' as const,
            deadLetters: this.#sideOutput(policy.deadLetterTo as Sink<never>, 'dead-letters'),
          }
    return makeReject({ pipeline: this.#pipeline, stage, ofResult, ...options }, this.#task.cursor)
  }

  #part(node: RecordNode | TimeNode | KeyNode): { readonly reject: Reject; readonly counters: NodeCounters } {
    const part = { reject: this.#reject(node, node.onError), counters: this.#count(node) }
    this.#parts.set(node, part)
    return part
  }

  #timeline(node: TimeNode): Timeline {
    const { watermark, idleAfterMs, whenAllIdle, stalledAfterMs, maxDriftMs } = node
    const sources = upstreamOf(node).filter((other): other is SourceNode => other.op === 'source')
    const maxAheadMs =
      node.maxAheadMs ?? sources.find(({ source }) => source.maxAheadMs !== undefined)?.source.maxAheadMs
    const timeline = new Timeline(
      { name: this.#name(node), watermark, idleAfterMs, whenAllIdle, stalledAfterMs, maxAheadMs, maxDriftMs },
      this.#task.watermarks,
    )
    this.#timelines.set(node, timeline)
    this.#task.timelines.push(timeline)
    return timeline
  }

  #port(node: SourceNode): void {
    const timelines = this.#nodes.filter(
      (other): other is TimeNode => other.op === 'eventTime' && upstreamOf(other).includes(node),
    )
    const port: Port = {
      name: this.#name(node),
      timelines: timelines.map((other) => this.#timelines.get(other) as Timeline),
      run: () => {},
      records: 0,
      splits: 0,
      finished: 0,
    }
    this.#next(node)
    this.#task.ports.push(port)
    this.#sources.push({ port, source: node.source, node })
  }

  /** What a node's output goes to. */
  #next(node: PlanNode): Push {
    const pushes = (this.#consumers.get(node) ?? []).map((consumer) => this.#push(consumer))
    if (pushes.length === 1) return pushes[0] as Push
    return (value) => {
      for (const push of pushes) push(value)
    }
  }

  #many(node: PlanNode): ((items: unknown[]) => void) | undefined {
    const [only, ...others] = this.#consumers.get(node) ?? []
    return only?.op === 'sink' && only.only === undefined && others.length === 0
      ? this.#sinks.get(only)?.pushAll
      : undefined
  }

  /** A node as a function, made once however many feed it. */
  #push(node: PlanNode): Push {
    const known = this.#pushes.get(node)
    if (known !== undefined) return known
    const push = this.#make(node)
    this.#pushes.set(node, push)
    return push
  }

  #make(node: PlanNode): Push {
    switch (node.op) {
      case 'filter':
      case 'map':
      case 'flatMap':
      case 'tap':
        return this.#record(node)
      case 'eventTime':
        return this.#time(node)
      case 'merge':
        return this.#next(node)
      case 'keyBy':
        return this.#windows.key(node)
      case 'keyResults':
        return this.#windows.keyResults(node)
      case 'mapResults':
      case 'filterResults':
        return this.#windows.result(node)
      // Windows are fed by keys, sinks and sources are made up front.
      case 'window':
      case 'sink':
      case 'source':
        throw new TypeError(`no function for ${node.op}`)
    }
  }

  #record(node: RecordNode): Push {
    const { cursor } = this.#task
    const call = withMeta(node.fn)
    const { reject, counters } = this.#part(node)
    const next = this.#next(node)
    switch (node.op) {
      case 'filter':
        return (value) => {
          let keep: unknown
          try {
            keep = call(value, cursor)
          } catch (error) {
            counters[reject(error, value)]++
            return
          }
          if (keep) next(value)
          else counters.filtered++
        }
      case 'map':
        return (value) => {
          let mapped: unknown
          try {
            mapped = call(value, cursor)
          } catch (error) {
            counters[reject(error, value)]++
            return
          }
          next(mapped)
        }
      case 'tap':
        return (value) => {
          try {
            call(value, cursor)
          } catch (error) {
            counters[reject(error, value)]++
            return
          }
          next(value)
        }
      case 'flatMap':
        return (value) => {
          let parts: unknown[]
          try {
            // Run to its end first: a generator that throws half-way must not leave half a record behind.
            parts = [...(call(value, cursor) as Iterable<unknown>)]
          } catch (error) {
            counters[reject(error, value)]++
            return
          }
          counters.extra += parts.length - 1
          for (const part of parts) next(part)
        }
    }
  }

  #time(node: TimeNode): Push {
    const task = this.#task
    const { cursor } = task
    const timestampOf = withMeta(node.timestamp)
    const { reject, counters } = this.#part(node)
    const next = this.#next(node)
    const timeline = this.#timelines.get(node) as Timeline
    const { boundMs } = node.watermark
    const observe = observer(node.watermark.observe)
    const ahead = this.#guard(timeline)
    this.#clockings.set(node, { timeline, boundMs, observe, ahead })
    return (value) => {
      let timestamp: unknown
      let watermark: number
      try {
        timestamp = timestampOf(value, cursor)
        if (!Number.isSafeInteger(timestamp)) throw badTimestamp(timestamp)
        cursor.eventTime = timestamp as number
        watermark = boundMs === undefined ? observe(value, cursor) : (timestamp as number) - boundMs
      } catch (error) {
        counters[reject(error, value)]++
        return
      }
      // The record meets the watermark before it.
      next(value)
      if (watermark > timeline.own && (ahead === undefined || !ahead(timestamp as number))) {
        timeline.own = watermark
        task.raise(watermark < timeline.others ? watermark : timeline.others)
      }
      if (task.settles) task.settle()
    }
  }

  /** The future-clock guard: whether a record is stamped too far ahead of its arrival to be believed. */
  #guard(timeline: Timeline): ((timestamp: number) => boolean) | undefined {
    const limit = timeline.options.maxAheadMs
    if (limit === undefined) return undefined
    const { cursor } = this.#task
    return (timestamp) => {
      const arrived = cursor.timestamp ?? cursor.arrivedAt
      // Where event time is the source's own timestamp, that says nothing about the record's arrival.
      const aheadMs = timestamp - (arrived === timestamp ? cursor.arrivedAt : arrived)
      if (aheadMs <= limit) return false
      timeline.ahead++
      this.#task.events.ahead(cursor.split, aheadMs)
      return true
    }
  }
}
