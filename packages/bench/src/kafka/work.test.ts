import { expect, test } from 'vitest'
import { BEGIN, Expected, SIZE_MS, events, type Work } from './work.ts'

const work: Work = { keys: 7, records: 5_000 }

function finals(): Map<string, { readonly id: string; readonly start: number; count: number; sum: number }> {
  const found = new Map<string, { id: string; start: number; count: number; sum: number }>()
  for (const { id, v, at } of events(work)) {
    const start = BEGIN + Math.floor((at - BEGIN) / SIZE_MS) * SIZE_MS
    const name = `${id}@${start}`
    const entry = found.get(name) ?? { id, start, count: 0, sum: 0 }
    found.set(name, { ...entry, count: entry.count + 1, sum: entry.sum + v })
  }
  return found
}

test('plain loops over the events give what is expected, closing records apart', () => {
  const expected = new Expected(work)
  for (const { id, start, count, sum } of finals().values()) expected.take(id, start, count, sum)
  expected.end()
  expect(expected.finals).toBeGreaterThan(7 * 55)
})

test('a wrong final, one that comes twice and one that is missing are found', () => {
  const [first] = finals().values()
  if (first === undefined) throw new Error('no finals')
  const { id, start, count, sum } = first
  expect(() => new Expected(work).take(id, start, count, sum + 1)).toThrow(/expected/)
  const expected = new Expected(work)
  expected.take(id, start, count, sum)
  expect(() => expected.take(id, start, count, sum)).toThrow(/expected -1/)
  expect(() => expected.end()).toThrow(/found 1 finals/)
})
