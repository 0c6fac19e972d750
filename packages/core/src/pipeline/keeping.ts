/** Owns what follows for a window stage from the sinks behind it: who keeps accumulators, who takes corrections. */
import { configError } from '../errors/stream-error.ts'
import { isVisible } from '../operator/kept.ts'
import type { PlanNode, ResultInput, SinkNode, WindowNode } from './plan.ts'
import { windowBefore } from './over-results.ts'

type Push = (value: unknown) => void
type Consumers = (node: PlanNode) => readonly PlanNode[]

/** A sink behind the stage, and behind its `map` and `filter`, keeps accumulators. */
export function keepsAccumulators(node: PlanNode, consumers: Consumers): boolean {
  return consumers(node).some((consumer) => {
    if (consumer.op === 'sink') return consumer.only === undefined && consumer.sink.keepsAccumulators === true
    return (consumer.op === 'mapResults' || consumer.op === 'filterResults') && keepsAccumulators(consumer, consumers)
  })
}

/** Somebody takes corrections of the stage, and there can be some. */
export function takesCorrections(node: WindowNode, consumers: Consumers): boolean {
  if (whyNoCorrections(node) !== undefined) return false
  return (
    keepsAccumulators(node, consumers) ||
    consumers(node).some((consumer) => consumer.op === 'sink' && consumer.only === 'corrections')
  )
}

/** The way to a sink, past what is not for it. */
export function gated(node: SinkNode, consumers: Consumers, push: Push): Push {
  if (node.only === 'corrections')
    return (item) => {
      if ((item as { readonly kind?: unknown }).kind === 'correction') push(item)
    }
  return node.sink.keepsAccumulators === true ? push : visibleOnly(node.from, consumers, push)
}

/** Past what only sinks that keep accumulators, or take corrections, are to get; nothing else comes where there are none. */
export function visibleOnly(from: PlanNode, consumers: Consumers, push: Push): Push {
  const window = windowBefore(from)
  if (window === undefined || !(keepsAccumulators(window, consumers) || takesCorrections(window, consumers)))
    return push
  return (item) => {
    if (isVisible(item as object)) push(item)
  }
}

/** Why records that are too late for a stage cannot become corrections; undefined: they can. */
export function whyNoCorrections({ from, mayDelete, assigner }: WindowNode): string | undefined {
  const { type } = assigner.shape
  if (from.op === 'keyResults' || mayDelete) return 'windows over results, which replace what they were given'
  if (type === 'byRecord') return 'slidingByRecord, whose windows depend on all records of a key'
  return type === 'one' ? 'oneWindow(), which is never freed' : undefined
}

export function checkCorrections(results: ResultInput): WindowNode {
  const node = windowBefore(results) as WindowNode
  const why = whyNoCorrections(node)
  if (why === undefined) return node
  throw configError('NO_CORRECTIONS', 'correctionsTo', {
    saw: why,
    expected: 'windows on a grid, sessions, or windows of your own over records',
    remedy: 'Take such records from lateTo.',
  })
}
