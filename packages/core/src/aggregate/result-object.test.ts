import { expect, test } from 'vitest'
import type { Column } from './aggregator.ts'
import { resultsBy } from './result-object.ts'

const columns = Array.from({ length: 6 }, (_, i) => ({
  result: (slot: number) => 10 * slot + i,
})) as unknown as Column[]

test.each([
  [['n']],
  [['n', 'sum']],
  [['b', 'a', 'c']],
  [['d', 'c', 'b', 'a']],
  [['n', 'constructor', 'toString', 'valueOf', 'hasOwnProperty']],
  [['z', '', 'y', 'a b', 'ß', '10']],
])('results by name are what a literal would be: %j', (names) => {
  const toResult = resultsBy(names)
  const literal = (slot: number): object => Object.fromEntries(names.map((name, i) => [name, 10 * slot + i]))
  for (const slot of [0, 1, 2]) {
    const made = toResult(columns, slot) as object
    expect(made).toStrictEqual(literal(slot))
    expect(Object.entries(made)).toEqual(Object.entries(literal(slot)))
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(Object.isExtensible(made)).toBe(true)
  }
})

test('each result is an object of its own', () => {
  const toResult = resultsBy(['n', 'sum'])
  const first = toResult(columns, 1)
  expect(toResult(columns, 2)).not.toBe(first)
  expect(first).toEqual({ n: 10, sum: 11 })
})
