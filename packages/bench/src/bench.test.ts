import { expect, test } from 'vitest'
import { isMet, measure, median, plainFigure, ratioFigure } from './bench.ts'
import { benches } from './benches.ts'
import { pollute } from './pollute.ts'

const SCALE = 0.002

test('the process is polluted first', async () => {
  await expect(pollute()).resolves.toBeUndefined()
})

// Times of so few records mean nothing; that the check passes and each figure is there does.
test.each(benches)('$name: checked and measured', async (bench) => {
  const { name, mode, results, records, figures } = await measure(bench, 'plain', { runs: 1, scale: SCALE })
  expect({ name, mode }).toEqual({ name: bench.name, mode: 'plain' })
  expect(results).toBeGreaterThan(0)
  expect(records).toBeGreaterThan(0)
  expect(new Set(figures.map(({ what }) => what)).size).toBe(figures.length)
  for (const { ours } of figures) expect(typeof ours).toBe('number')
})

test('a figure is a median with its spread', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 2, 3])).toBe(2.5)
  expect(plainFigure('longest pause', 'ms', { ours: [30, 10, 20] })).toMatchObject({
    value: 20,
    lowest: 10,
    highest: 30,
  })
})

test('a ratio is that of the medians, its spread that of neighbours', () => {
  const figure = ratioFigure('time', 'ns/record', { ours: [20, 30, 40], unit: [10, 10, 40] })
  expect(figure).toMatchObject({ ours: 30, unit: 10, value: 3, lowest: 1, highest: 3 })
})

test('each mode has its target', () => {
  const targets = { generated: 1.5, plain: 2 }
  const figure = ratioFigure('time', 'ns/record', { ours: [18], unit: [10], targets })
  expect([isMet(figure, 'generated'), isMet(figure, 'plain')]).toEqual([false, true])
  const { targets: _, ...free } = figure
  expect(isMet(free, 'plain')).toBeUndefined()
})
