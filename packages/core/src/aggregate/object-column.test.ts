import { expect, test } from 'vitest'
import { aggregators } from './aggregators.ts'
import { AggregateSpec } from './accumulators.ts'
import type { Aggregator, AnyAggregator } from './aggregator.ts'

const SLOTS = 20_000
const meta = { eventTime: 1 } as never

function filled(aggregator: AnyAggregator<never>): ReturnType<AggregateSpec['make']> {
  const spec = new AggregateSpec(aggregator)
  const accumulators = spec.make(SLOTS)
  for (let slot = 0; slot < SLOTS; slot++) {
    accumulators.open(slot)
    spec.prepare(slot, meta)
    accumulators.add(slot, meta)
  }
  accumulators.clear(7)
  return accumulators
}

const collect = aggregators.collect({ max: 3 }) as AnyAggregator<never>
const encoded: Aggregator<number, { n: number }, number> = {
  create: () => ({ n: 0 }),
  add: ({ n }, value) => ({ n: n + value }),
  merge: (a, b) => ({ n: a.n + b.n }),
  result: ({ n }) => n,
  encode: ({ n }) => new Uint8Array(new Float64Array([n]).buffer),
  decode: (bytes) => ({ n: new Float64Array(bytes.slice().buffer)[0] as number }),
}

test.each([
  ['copied', collect],
  ['encoded', encoded as unknown as AnyAggregator<never>],
])('accumulators %s in parts are what they are at once', (_, aggregator) => {
  const accumulators = filled(aggregator)
  const work: Iterable<void>[] = []
  const saved = accumulators.save(SLOTS, (more) => work.push(more))
  expect((saved[0] as readonly unknown[]).length).toBe(0)
  const parts = work.flatMap((more) => [...more])
  expect(parts.length).toBeGreaterThan(4)
  expect(saved).toStrictEqual(accumulators.save(SLOTS))
  const back = new AggregateSpec(aggregator).make(SLOTS)
  back.load(structuredClone(saved), SLOTS)
  for (const slot of [0, 1, SLOTS - 1]) expect(back.result(slot)).toEqual(accumulators.result(slot))
})

test('what cannot be copied is found in its part, and says the same', () => {
  const odd: Aggregator<number, unknown, number> = {
    create: () => 0,
    add: (_, value) => (value === SLOTS - 1 ? new (class Odd {})() : value),
    merge: (a) => a,
    result: () => 0,
  }
  const accumulators = filled(odd as AnyAggregator<never>)
  const failure = expect.objectContaining({
    code: 'ACCUMULATOR_NOT_PLAIN',
    message: expect.stringContaining('class Odd') as string,
  })
  expect(() => accumulators.save(SLOTS)).toThrow(failure)
  const work: Iterable<void>[] = []
  accumulators.save(SLOTS, (more) => work.push(more))
  let parts = 0
  expect(() => {
    for (const _ of work[0] as Iterable<void>) parts++
  }).toThrow(failure)
  expect(parts).toBeGreaterThan(1)
})
