import { type Aggregator, aggregators, type Columns } from '@tidemark/core'
import { quantiles } from '@tidemark/core/quantiles'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyAggregator, type VerifyAggregatorOptions } from './verify-aggregator.ts'

type Trial = readonly [
  name: string,
  of: Aggregator<never, never, unknown>,
  options: VerifyAggregatorOptions<never, unknown>,
]

/** Takes an aggregator and its values together, so that their types are checked before the table forgets them. */
function trial<In, Acc, Out>(
  name: string,
  of: Aggregator<In, Acc, Out>,
  options: VerifyAggregatorOptions<In, Out>,
): Trial {
  return [name, of as unknown as Trial[1], options as unknown as Trial[2]]
}

function near(a: number, b: number): boolean {
  return Object.is(a, b) || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))
}

const a = aggregators
const number = fc.integer({ min: -1000, max: 1000 })
const refusedToo = fc.oneof({ weight: 5, arbitrary: number }, fc.constant(Number.NaN))
const fraction = fc.double({ min: -1000, max: 1000, noNaN: true })
const letter = fc.constantFrom('a', 'b', 'c', 'd')
const key = fc.oneof(
  letter,
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(0n, 1n, true, '', '\u0000'),
  fc.uint8Array({ maxLength: 1 }),
  fc.array(letter, { maxLength: 2 }),
)
const itself = <T>(value: unknown): T => value as T

describe('every built-in keeps the laws', () => {
  const kept: Trial[] = [
    trial('count', a.count(), { values: number }),
    trial('sum', a.sum(itself), { values: refusedToo }),
    trial('sum of fractions', a.sum(itself), { values: fraction, equal: near }),
    trial('mean', a.mean(itself), { values: refusedToo }),
    trial('mean of fractions', a.mean(itself), { values: fraction, equal: near }),
    trial('variance', a.variance(itself), { values: refusedToo, equal: near }),
    trial('min', a.min(itself<number>), {
      values: fc.oneof(refusedToo, fraction, fc.constantFrom(Infinity, -Infinity)),
    }),
    trial('max', a.max(itself<number>), {
      values: fc.oneof(refusedToo, fraction, fc.constantFrom(Infinity, -Infinity)),
    }),
    trial('min of all types', a.min(itself<string>), { values: fc.oneof(fc.string(), number, fc.bigInt()) }),
    trial('max of all types', a.max(itself<string>), { values: fc.oneof(fc.string(), number, fc.bigInt()) }),
    trial('first', a.first(itself), { values: fc.oneof(number, fc.constant(undefined)) }),
    trial('last', a.last(itself), { values: fc.oneof(number, fc.constant(undefined)) }),
    trial('collect', a.collect({ max: 5 }), { values: fc.anything({ withBigInt: true, withDate: true }) }),
    trial('distinct, exact', a.distinct(itself<string>), { values: key }),
    trial('distinct, from exact to estimate', a.distinct(itself<string>, { max: 4 }), { values: key }),
    trial('topK', a.topK(itself<string>, { k: 3 }), { values: key }),
    trial(
      'reduce',
      a.reduce((x, y) => `${String(x)}${String(y)}`),
      { values: fc.oneof(letter, fc.constant('')) },
    ),
    trial(
      'fold',
      a.fold({
        create: () => new Map<unknown, number>(),
        add: (counts, value) => counts.set(value, (counts.get(value) ?? 0) + 1),
        merge: (one, other) =>
          new Map([...one, ...[...other].map(([value, n]) => [value, n + (one.get(value) ?? 0)] as const)]),
        result: (counts) => new Map(counts),
      }),
      { values: letter },
    ),
    trial('use', a.use(a.count()), { values: letter }),
    trial('quantiles', quantiles(itself<number>, { at: [0, 0.5, 0.99, 1] }), {
      values: fc.oneof(refusedToo, fraction, fc.double()),
    }),
  ]
  test.each(kept)('%s', (_, of, options) => {
    verifyAggregator(of, { ...options, runs: 300 })
  })

  test('all that there are have been tried', () => {
    const names = new Set(kept.map(([name]) => name.split(/[ ,]/)[0]))
    expect(names).toEqual(new Set([...Object.keys(a), 'quantiles']))
  })
})

describe('every law can fail', () => {
  interface Sum {
    n: number
  }
  const good = {
    create: (): Sum => ({ n: 0 }),
    add: (acc: Sum, value: number): Sum => ({ n: acc.n + value }),
    merge: (x: Sum, y: Sum): Sum => ({ n: x.n + y.n }),
    result: (acc: Sum): number => acc.n,
  }
  const list = {
    create: (): number[] => [],
    add: (acc: number[], value: number): number[] => [...acc, value],
    merge: (x: number[], y: number[]): number[] => [...x, ...y],
    result: (acc: number[]): readonly number[] => acc.slice(),
  }
  class Total {
    n = 0
    value(): number {
      return this.n
    }
  }
  const columns = a.sum(itself)['~columns'] as Columns
  /** The columns of sum, with something of theirs replaced. */
  function withColumn(change: Partial<ReturnType<Columns['make']>>): Columns {
    return {
      ...columns,
      make: (capacity) => {
        const column = columns.make(capacity)
        const bound = Object.fromEntries(
          (['grow', 'open', 'add', 'merge', 'result', 'save', 'load'] as const).map((name) => [
            name,
            (...args: unknown[]) =>
              (column[name] as (...all: unknown[]) => unknown).apply(
                column,
                args.map((arg) => (arg as { inner?: unknown } | null)?.inner ?? arg),
              ),
          ]),
        )
        return { addMayThrow: false, inner: column, ...bound, ...change } as never
      },
    }
  }
  const plainSum = a.sum(itself<number>)

  test('the good ones do not', () => {
    verifyAggregator(good, { values: number })
    verifyAggregator(list, { values: number })
    verifyAggregator({ ...plainSum, '~columns': withColumn({}) }, { values: number })
  })

  const broken: Trial[] = [
    trial('create is the unit of merge', { ...good, create: () => ({ n: 1 }) }, { values: number }),
    trial(
      'create is the unit of merge',
      { ...list, merge: (x, y) => (y.length === 0 ? [] : [...x, ...y]) },
      { values: number },
    ),
    trial(
      'merge is associative',
      { ...good, merge: (x, y) => (y.n === 0 ? x : x.n === 0 ? y : { n: (x.n + y.n) / 2 }) },
      { values: number },
    ),
    trial(
      'adding one by one equals merging the parts',
      { ...good, merge: (x, y) => ({ n: x.n + y.n + (x.n !== 0 && y.n !== 0 ? 1 : 0) }) },
      { values: fc.constant(1) },
    ),
    trial('adding one by one equals merging the parts', { ...list, merge: (x, y) => [...y, ...x] }, { values: number }),
    trial(
      'merge leaves its second argument unchanged',
      { ...list, merge: (x, y) => y.splice(0, 0, ...x) && y },
      { values: number },
    ),
    trial(
      'merge leaves its second argument unchanged',
      {
        ...list,
        add: (acc, value) => {
          acc.push(value)
          return acc
        },
        merge: (x, y) => (x.length === 0 ? y : [...x, ...y]),
      },
      { values: number },
    ),
    trial(
      'a result stays as it was',
      {
        ...list,
        add: (acc, value) => {
          acc.push(value)
          return acc
        },
        result: (acc) => acc,
      },
      { values: number },
    ),
    trial('a result stays as it was', { ...list, result: (acc) => acc.splice(0) }, { values: number }),
    trial(
      'an add that throws changes nothing',
      {
        ...list,
        add: (acc, value) => {
          acc.push(value)
          if (value < 0) throw new Error('negative')
          return acc
        },
      },
      { values: number },
    ),
    trial('subtract undoes merge', { ...good, subtract: (x) => x }, { values: number }),
    trial(
      'subtract undoes merge',
      { ...good, subtract: (x, y) => ({ n: Math.max(0, x.n - y.n) }) },
      { values: number },
    ),
    trial(
      'subtract leaves its second argument unchanged',
      {
        ...list,
        subtract: (x, y) => {
          const left = x.slice(0, x.length - y.length)
          y.length = 0
          return left
        },
      },
      { values: number },
    ),
    trial(
      'encode and decode round-trip',
      { ...good, encode: (acc) => Uint8Array.of(acc.n), decode: (bytes) => ({ n: bytes[0] as number }) },
      { values: number },
    ),
    trial(
      'encode and decode round-trip',
      { ...list, encode: (acc) => new Uint8Array(acc.splice(0)), decode: (bytes) => [...bytes] },
      { values: fc.nat(255) },
    ),
    trial('encode and decode round-trip', { ...good, encode: () => new Uint8Array(0) }, { values: number }),
    trial(
      'an accumulator without encode is plain',
      {
        create: () => new Total(),
        add: (acc, value: number) => Object.assign(new Total(), { n: acc.n + value }),
        merge: (x, y) => Object.assign(new Total(), { n: x.n + y.n }),
        result: (acc) => acc.value(),
      },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      { ...plainSum, '~columns': a.count()['~columns'] as Columns },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      { ...plainSum, '~columns': withColumn({ open: () => {} }) },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      { ...plainSum, '~columns': withColumn({ merge: () => {} }) },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      { ...plainSum, '~columns': withColumn({ save: () => [0, 0, 0] }) },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      { ...plainSum, '~columns': { ...columns, input: (value: number) => value + 1 } as Columns },
      { values: number },
    ),
    trial(
      'columns equal accumulators',
      {
        ...plainSum,
        '~columns': withColumn({
          load: () => {
            throw new Error('cannot load')
          },
        }),
      },
      { values: number },
    ),
  ]
  test.each(broken)('%s', (law, of, options) => {
    expect(() => verifyAggregator(of, options)).toThrow(`Law of aggregators broken: ${law}`)
  })

  test('with the seed and the smallest counterexample, again and again', () => {
    const of = { ...good, subtract: (x: Sum): Sum => x }
    const message =
      /^Law of aggregators broken: subtract undoes merge\.\nsubtract\(merge\(a, b\), b\) gives -?1, a gives 0\.\nCounterexample, each record as \[value, event time\]: \[\[\],\[\[-?1,0\]\],\[\]\]\.\nSeed 42: verifyAggregator\(…, \{ seed: 42 \}\) shows it again\.$/
    expect(() => verifyAggregator(of, { values: number, seed: 42 })).toThrow(message)
    expect(() => verifyAggregator(of, { values: number, seed: 42 })).toThrow(message)
    expect(() => verifyAggregator(of, { values: number, seed: 42 })).toThrow(expect.objectContaining({ name: 'Error' }))
  })

  test('what throws outside of add is a broken law too', () => {
    const of = {
      ...good,
      merge: (): Sum => {
        throw new Error('no merge')
      },
    }
    expect(() => verifyAggregator(of, { values: number })).toThrow('it throws Error: no merge')
  })

  test('one that depends on something else is found', () => {
    let calls = 0
    const of = { ...good, result: (acc: Sum): number => acc.n + (calls++ % 97 === 96 ? 1 : 0) }
    expect(() => verifyAggregator(of, { values: number })).toThrow('Law of aggregators broken')
  })
})

test('other times can be given', () => {
  const seen = new Set<number>()
  const of: Aggregator<number, number, number> = {
    create: () => 0,
    add: (n, value, meta) => {
      seen.add(meta.eventTime)
      return n + value
    },
    merge: (x, y) => x + y,
    result: (n) => n,
  }
  verifyAggregator(of, { values: number, times: fc.constant(77), runs: 10 })
  expect([...seen]).toEqual([77])
})
