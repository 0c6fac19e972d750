/** Owns what follows for a window stage from the sinks behind it: who keeps accumulators, who takes corrections. */
import { AggregateSpec } from '../aggregate/accumulators.ts'
import type { AccumulatorCodec } from '../aggregate/accumulator-codec.ts'
import { NOTHING } from '../aggregate/nothing.ts'
import { configError } from '../errors/stream-error.ts'
import { isVisible } from '../operator/kept.ts'
import type { PaneMeta } from '../pane/pane.ts'
import { windowBefore, windowOf } from './over-results.ts'
import type { PlanNode, ResultInput, ResultNode, SinkNode, WindowNode } from './plan.ts'

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
    consumers(node).some((consumer) => consumer.op === 'sink' && consumer.only === 'corrections') ||
    feeds(node, consumers).some((over) => takesCorrections(over, consumers))
  )
}

/** Windows over the results of a stage. */
function feeds(node: PlanNode, consumers: Consumers): readonly WindowNode[] {
  return consumers(node).flatMap((consumer) => {
    if (consumer.op === 'keyResults') return consumers(consumer) as readonly WindowNode[]
    return consumer.op === 'mapResults' || consumer.op === 'filterResults' ? feeds(consumer, consumers) : []
  })
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
export function whyNoCorrections({ from, assigner, aggregate }: WindowNode): string | undefined {
  const { shape } = assigner
  if (shape.type === 'byRecord') return 'slidingByRecord, whose windows depend on all records of a key'
  if (shape.type === 'one') return 'oneWindow(), which is never freed'
  if (shape.type === 'custom' && shape.stated === true)
    return 'finalize, where the newest update counts and nothing adds up'
  if (from.op !== 'keyResults') return undefined
  if (from.corrections !== 'add')
    return `windows over results whose keyBy ${from.corrections === undefined ? 'does not say whether parts of them add up' : "says corrections: 'none'"}`
  const whole = wholeResultsOnly(aggregate)
  if (whole !== undefined) return `${whole} over results, for which a part of a result is one more result`
  if (stagesOf(from.from).some(({ op }) => op === 'filterResults'))
    return 'windows over results behind a filter, which decides about whole results'
  const why = whyNoCorrections(windowOf(from.from))
  return why === undefined ? undefined : `windows over results of ${why}`
}

/** Built-in aggregators to which part of a result means something else than the result does. */
const WHOLE: ReadonlySet<string> = new Set('count mean variance first last collect distinct topK quantiles'.split(' '))

/** Which of a stage's aggregators is one of those. */
function wholeResultsOnly(aggregate: WindowNode['aggregate']): string | undefined {
  return new AggregateSpec(aggregate).columns
    .map(({ kind, layout }) => kind ?? layout ?? '')
    .find((name) => WHOLE.has(name))
}

export function checkCorrections(results: ResultInput): WindowNode {
  const node = windowBefore(results) as WindowNode
  const why = whyNoCorrections(node)
  if (why === undefined) return node
  throw configError('NO_CORRECTIONS', 'correctionsTo', {
    saw: why,
    expected:
      'windows on a grid, sessions or windows of your own over records, or sums, extremes and folds over their results whose parts add up',
    remedy:
      "Where parts of results add up, as sums of counts do, write keyBy(key, { corrections: 'add' }) before the windows over them; else take such records from lateTo.",
  })
}

/** Stages behind the window, in the order in which results go through them. */
export function stagesOf(from: ResultInput): readonly ResultNode[] {
  const stages: ResultNode[] = []
  for (let node = from; node.op !== 'window'; node = node.from) stages.unshift(node)
  return stages
}

/** What a user sees of a result; undefined: they leave it out, or there is nothing. */
export function throughStages(
  stages: readonly ResultNode[],
  result: unknown,
  meta: PaneMeta<unknown, unknown>,
): { readonly value: unknown } | undefined {
  if (result === NOTHING) return undefined
  let value = result
  for (const { op, fn } of stages) {
    const found = fn(value as never, meta as never)
    if (op === 'mapResults') value = found
    else if (!found) return undefined
  }
  return { value }
}

/** @throws StreamError ACCUMULATOR_NOT_PLAIN where accumulators of a stage are to be kept, and cannot be bytes */
export function checkPlain(stage: string, codec: AccumulatorCodec): void {
  const why = codec.notPlain()
  if (why === undefined) return
  throw configError('ACCUMULATOR_NOT_PLAIN', `The accumulators of '${stage}', which a sink keeps`, {
    saw: why,
    expected: 'plain values, or aggregators with encode and decode',
    remedy: 'Give the aggregator encode and decode.',
  })
}
