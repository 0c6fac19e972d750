/** Owns generated triggers: trees of primitives and combinators, and how they shrink. */
import * as fc from 'fast-check'
import type { OracleTree } from './trigger-tree.ts'

export interface TriggerTreesOptions {
  /** Combinators stand at most this deep; 3 if not given, 0 gives primitives only. */
  readonly depth?: number
  /** Counts go from 1 to this; 4 if not given. */
  readonly maxCount?: number
  /** Times of the clock go from 1 to this, in ms; 20 if not given. */
  readonly maxMs?: number
  /** Triggers that wait for the clock; true if not given. */
  readonly clock?: boolean
}

/**
 * Trees of triggers, with small counts and times. A tree shrinks to one of its parts, to the same with a smaller part,
 * and to smaller numbers.
 */
export function triggerTrees(options: TriggerTreesOptions = {}): fc.Arbitrary<OracleTree> {
  return new TriggerTrees(treesOf(options.depth ?? 3, options))
}

class TriggerTrees extends fc.Arbitrary<OracleTree> {
  readonly #trees: fc.Arbitrary<OracleTree>

  constructor(trees: fc.Arbitrary<OracleTree>) {
    super()
    this.#trees = trees
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<OracleTree> {
    return new fc.Value(this.#trees.generate(random, bias).value, undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is OracleTree {
    return value !== undefined
  }

  override shrink(tree: OracleTree): fc.Stream<fc.Value<OracleTree>> {
    return fc.stream(smaller(tree)).map((value) => new fc.Value(value, undefined))
  }
}

function treesOf(depth: number, options: TriggerTreesOptions): fc.Arbitrary<OracleTree> {
  const { maxCount = 4, maxMs = 20, clock = true } = options
  const ms = fc.integer({ min: 1, max: maxMs })
  const primitives: fc.WeightedArbitrary<OracleTree>[] = [
    { weight: 3, arbitrary: fc.integer({ min: 1, max: maxCount }).map((afterCount) => ({ afterCount })) },
    { weight: 2, arbitrary: fc.constant({ afterWatermark: {} }) },
    { weight: 1, arbitrary: fc.constant('everyUpdate' as const) },
    { weight: 1, arbitrary: fc.constant('never' as const) },
  ]
  if (clock)
    primitives.push(
      { weight: 3, arbitrary: ms.map((afterProcessingTime) => ({ afterProcessingTime })) },
      { weight: 1, arbitrary: ms.map((alignedProcessingTime) => ({ alignedProcessingTime })) },
    )
  const primitive = fc.oneof(...primitives)
  if (depth <= 0) return primitive
  const part = treesOf(depth - 1, options)
  const parts = fc.array(part, { minLength: 2, maxLength: 3 })
  return fc.oneof(
    { weight: 2, arbitrary: primitive },
    { weight: 2, arbitrary: part.map((repeatedly) => ({ repeatedly })) },
    {
      weight: 2,
      arbitrary: fc
        .record({ early: part, late: part }, { requiredKeys: [] })
        .map((afterWatermark) => ({ afterWatermark })),
    },
    { weight: 1, arbitrary: parts.map((afterFirst) => ({ afterFirst })) },
    { weight: 1, arbitrary: parts.map((afterAll) => ({ afterAll })) },
    { weight: 1, arbitrary: parts.map((afterEach) => ({ afterEach })) },
    { weight: 1, arbitrary: fc.tuple(part, part).map((orFinally) => ({ orFinally })) },
  )
}

/** Smaller trees, the smallest first. Every one has fewer parts or smaller numbers, so that shrinking ends. */
function* smaller(tree: OracleTree): IterableIterator<OracleTree> {
  if (typeof tree === 'string') return
  if ('afterCount' in tree) for (const afterCount of below(tree.afterCount)) yield { afterCount }
  else if ('afterProcessingTime' in tree)
    for (const afterProcessingTime of below(tree.afterProcessingTime)) yield { afterProcessingTime }
  else if ('alignedProcessingTime' in tree)
    for (const alignedProcessingTime of below(tree.alignedProcessingTime)) yield { alignedProcessingTime }
  else if ('repeatedly' in tree) {
    yield tree.repeatedly
    for (const repeatedly of smaller(tree.repeatedly)) yield { repeatedly }
  } else if ('afterWatermark' in tree) yield* smallerWatermark(tree.afterWatermark)
  else if ('orFinally' in tree) {
    yield* tree.orFinally
    for (const [a, b] of withOneSmaller(tree.orFinally)) yield { orFinally: [a as OracleTree, b as OracleTree] }
  } else if ('afterFirst' in tree)
    for (const list of smallerParts(tree.afterFirst)) yield wrap(list, (afterFirst) => ({ afterFirst }))
  else if ('afterAll' in tree)
    for (const list of smallerParts(tree.afterAll)) yield wrap(list, (afterAll) => ({ afterAll }))
  else for (const list of smallerParts(tree.afterEach)) yield wrap(list, (afterEach) => ({ afterEach }))
}

function* smallerWatermark(parts: {
  readonly early?: OracleTree
  readonly late?: OracleTree
}): IterableIterator<OracleTree> {
  const { early, late } = parts
  if (early !== undefined) {
    yield early
    yield { afterWatermark: late === undefined ? {} : { late } }
    for (const less of smaller(early)) yield { afterWatermark: { ...parts, early: less } }
  }
  if (late !== undefined) {
    yield late
    yield { afterWatermark: early === undefined ? {} : { early } }
    for (const less of smaller(late)) yield { afterWatermark: { ...parts, late: less } }
  }
}

/** One part alone, fewer parts, or one of them smaller. */
function* smallerParts(parts: readonly OracleTree[]): IterableIterator<readonly OracleTree[]> {
  for (const part of parts) yield [part]
  if (parts.length > 2) for (const i of parts.keys()) yield parts.toSpliced(i, 1)
  yield* withOneSmaller(parts)
}

function* withOneSmaller(parts: readonly OracleTree[]): IterableIterator<readonly OracleTree[]> {
  for (const [i, part] of parts.entries()) for (const less of smaller(part)) yield parts.with(i, less)
}

/** A combinator has two parts at least: one part stands for itself. */
function wrap(parts: readonly OracleTree[], make: (parts: readonly OracleTree[]) => OracleTree): OracleTree {
  const [only, second] = parts
  return only !== undefined && second === undefined ? only : make(parts)
}

function* below(n: number): IterableIterator<number> {
  for (const less of new Set([1, Math.floor(n / 2), n - 1])) if (less >= 1 && less < n) yield less
}
