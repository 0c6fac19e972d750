/**
 * Owns what a reader of stored results has to know of the pipeline that makes them: how accumulators are merged and
 * become values, and what its windows promise. A process that only reads imports the same pipeline and never starts it.
 */
import { AccumulatorCodec, type Accumulator } from '../aggregate/accumulator-codec.ts'
import { AggregateSpec } from '../aggregate/accumulators.ts'
import { configError } from '../errors/stream-error.ts'
import type { Accumulation, PaneMeta } from '../pane/pane.ts'
import { type WindowShape, isMerging } from '../window/assigner.ts'
import { stagesOf, throughStages, whyNoCorrections } from './keeping.ts'
import { settledAfter, windowBefore } from './over-results.ts'
import type { ResultInput, SinkNode, WindowNode } from './plan.ts'

type Meta = PaneMeta<unknown, unknown>

/** The results of one window stage, for readers. */
export interface ServedResults {
  /** The name of the pipeline. */
  readonly name: string
  readonly shape: WindowShape
  /** How far apart the ends of its windows usually are, ms: the size, of a session the gap. */
  readonly windowMs: number
  readonly accumulation: Accumulation
  readonly allowedLatenessMs: number
  /** How long after its end the panes of a window can change, ms. */
  readonly settledAfterMs: number
  /** Windows become one: complete when W > end. */
  readonly merging: boolean
  /** Everything pending leaves when a window completes; else only when it is freed. */
  readonly emitsAtCompletion: boolean
  /** Records that are too late become corrections. */
  readonly corrects: boolean
  readonly decode: (bytes: Uint8Array) => Accumulator
  readonly encode: (accumulator: Accumulator) => Uint8Array
  /** May change and return the first; the second is left as it is. */
  readonly merge: (a: Accumulator, b: Accumulator) => Accumulator
  /** What a user sees, after `map` and `filter` of results; undefined: they leave it out, or there is nothing. */
  readonly value: (accumulator: Accumulator, meta: Meta) => { readonly value: unknown } | undefined
}

/**
 * The results that a pipeline writes to its sinks.
 * @throws StreamError NOT_SERVED where it cannot keep what two tiers promise: no windows, windows without bounds,
 * differences instead of values, several window stages, or no pane for each window before it is called complete
 */
export function servedResults(name: string, sinks: readonly SinkNode[]): ServedResults {
  const ways = new Map(
    sinks.filter(({ only }) => only === undefined).map(({ from }) => [windowBefore(from), from] as const),
  )
  const [[window, from] = []] = ways
  if (window === undefined || from === undefined || ways.size > 1) {
    throw notServed(name, {
      saw: ways.size > 1 ? `results of ${ways.size} stages` : 'records without windows',
      expected: 'the results of one window stage',
      remedy: 'Give each its own pipeline, and run them as one job by together().',
    })
  }
  check(name, window)
  const codec = new AccumulatorCodec(new AggregateSpec(window.aggregate))
  const why = codec.notPlain()
  if (why !== undefined) {
    throw notServed(name, {
      saw: why,
      expected: 'accumulators that are plain values, or aggregators with encode and decode: stores keep bytes',
      remedy: 'Give the aggregator encode and decode.',
    })
  }
  const stages = stagesOf(from as ResultInput)
  return Object.freeze({
    name,
    shape: window.assigner.shape,
    windowMs: windowMs(window.assigner.shape),
    accumulation: window.accumulation,
    allowedLatenessMs: window.latenessMs,
    settledAfterMs: settledAfter(window),
    merging: isMerging(window.assigner),
    emitsAtCompletion: window.trigger.emitsAtCompletion,
    corrects: whyNoCorrections(window) === undefined,
    decode: (bytes) => codec.decode(bytes),
    encode: (accumulator) => codec.encode(accumulator),
    merge: (a, b) => codec.merge(a, b),
    value: (accumulator, meta) => throughStages(stages, codec.result(accumulator), meta),
  } satisfies ServedResults)
}

function check(name: string, node: WindowNode): void {
  const { accumulation, assigner, trigger, onTime, closing, from } = node
  const uncorrected = whyNoCorrections(node)
  if (from.op === 'keyResults' && from.corrections !== 'none' && uncorrected !== undefined) {
    throw notServed(name, {
      saw: uncorrected,
      expected: 'that it is said what becomes of records that are too late: tiers would serve what is wrong for ever',
      remedy:
        "Where parts of results add up, as sums of counts do, write keyBy(key, { corrections: 'add' }) before the windows over them; else corrections: 'none', and take such records from lateTo.",
    })
  }
  if (accumulation === 'discarding') {
    throw notServed(name, {
      saw: "accumulation: 'discarding', whose panes are differences",
      expected: 'whole values: a store of newest versions would keep only the last difference',
      remedy: "Use accumulation: 'accumulating'.",
    })
  }
  if (assigner.shape.type === 'one') {
    throw notServed(name, {
      saw: 'oneWindow(), which has no end',
      expected: 'windows with bounds: results move from tier to tier when their windows have ended',
      remedy: "Use tumbling, hopping, session or calendar windows, as tumbling('1h').",
    })
  }
  // An early pane may be the last that came: the cold tier, which keeps none, would never hear of its window.
  const early = trigger.fastPath?.early !== 'never'
  if (early && closing !== 'always' && !(trigger.emitsAtCompletion && onTime === 'always')) {
    throw notServed(name, {
      saw: `the trigger ${trigger.kind}, after whose early panes nothing has to come`,
      expected: 'a pane that is not early for every window, before it is called complete',
      remedy: `Set onTime: 'always' or closing: 'always' for the window${trigger.kind.startsWith('continuousRefinement') ? ', or use continuousRefinement({ completion: true })' : ''}.`,
    })
  }
}

/** How far apart window ends usually are. A grid without a fixed size (a calendar) is measured where time begins. */
function windowMs(shape: WindowShape): number {
  switch (shape.type) {
    case 'grid':
      return shape.endOf(shape.startOf(0)) - shape.startOf(0)
    case 'hopping':
      return shape.everyMs
    case 'session':
      return shape.gapMs
    case 'byRecord':
      return shape.sizeMs
    default:
      return 3_600_000
  }
}

function notServed(
  name: string,
  why: { readonly saw: string; readonly expected: string; readonly remedy: string },
): Error {
  return configError('NOT_SERVED', `Results of '${name}' in two tiers`, why)
}
