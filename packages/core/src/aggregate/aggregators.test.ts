import { describe, expect, test } from 'vitest'
import type { TimedMeta } from '../io/meta.ts'
import { AggregateSpec } from './accumulators.ts'
import type { AnyAggregator } from './aggregator.ts'
import { type Aggregators, aggregators } from './aggregators.ts'

interface View {
  readonly page: string
  readonly dwellMs: number
}

const a = aggregators as unknown as Aggregators<View>
const all: Record<string, AnyAggregator<View>> = {
  count: a.count(),
  sum: a.sum((v) => v.dwellMs),
  mean: a.mean((v) => v.dwellMs),
  min: a.min((v) => v.dwellMs),
  max: a.max((v) => v.page),
  variance: a.variance((v) => v.dwellMs),
  first: a.first((v) => v.page),
  last: a.last((v) => v.page),
  collect: a.collect({ max: 2, of: (v) => v.page }),
  distinct: a.distinct((v) => v.page),
  topK: a.topK((v) => v.page, { k: 1 }),
  reduce: a.reduce((one, other) => (one.dwellMs >= other.dwellMs ? one : other)),
  fold: a.fold({ create: () => 0, add: (n, v) => n + v.page.length, merge: (x, y) => x + y }),
  use: a.use(a.count()),
}
const at = (eventTime: number): TimedMeta => ({ eventTime }) as TimedMeta

describe('aggregators', () => {
  test('is one frozen object, and so is each aggregator', () => {
    expect(Object.isFrozen(aggregators)).toBe(true)
    expect(Object.keys(aggregators).sort()).toEqual(Object.keys(all).sort())
    for (const of of Object.values(all)) expect(Object.isFrozen(of)).toBe(true)
  })

  test('all in one pass, saved and restored on the way', () => {
    const spec = new AggregateSpec(all)
    let accumulators = spec.make(1)
    accumulators.open(0)
    const views: [number, View][] = [
      [5, { page: 'b', dwellMs: 10 }],
      [2, { page: 'a', dwellMs: 30 }],
      [7, { page: 'b', dwellMs: 20 }],
    ]
    for (const [eventTime, view] of views) {
      spec.prepare(view, at(eventTime))
      accumulators.add(0, at(eventTime))
      const saved = structuredClone(accumulators.save(1))
      accumulators = spec.make(4)
      accumulators.load(saved, 1)
    }
    expect(accumulators.result(0)).toEqual({
      count: 3,
      sum: 60,
      mean: 20,
      min: 10,
      max: 'b',
      variance: 100,
      first: 'a',
      last: 'b',
      collect: ['b', 'a'],
      distinct: 2,
      topK: [{ value: 'b', count: 2 }],
      reduce: { page: 'a', dwellMs: 30 },
      fold: 3,
      use: 3,
    })
  })

  test('a record that one of them refuses is in none', () => {
    const spec = new AggregateSpec(all)
    const accumulators = spec.make(1)
    accumulators.open(0)
    const empty = accumulators.result(0)
    expect(() => spec.prepare({ page: 'a', dwellMs: Number.NaN }, at(1))).toThrow(
      expect.objectContaining({ code: 'BAD_VALUE' }),
    )
    expect(accumulators.result(0)).toEqual(empty)
  })

  test('only those that run user code in add may throw there', () => {
    const may = Object.entries(all)
      .filter(([, of]) => of['~columns']?.make(1).addMayThrow !== false)
      .map(([name]) => name)
    expect(may).toEqual(['reduce', 'fold'])
  })
})
