import { expect, test } from 'vitest'
import { benches } from './benches.ts'
import { measure } from './measure.ts'
import { readOptions } from './options.ts'
import { pollute } from './pollute.ts'
import { freshRecords } from './records.ts'
import { jsonRows, table } from './report.ts'
import { samePanes } from './same-results.ts'

const SCALE = 0.002

test.each(benches)('$name: engine and hand loop agree', async ({ make }) => {
  expect(await make(SCALE).check(freshRecords)).toBeGreaterThan(0)
})

test('a run is measured and reported', async () => {
  await pollute()
  const measured = []
  for (const bench of benches) measured.push(await measure(bench, { runs: 1, scale: SCALE }))
  for (const { name } of benches) expect(table(measured)).toContain(name)
  const rows = JSON.parse(jsonRows(measured)) as readonly Record<string, unknown>[]
  for (const row of rows)
    expect(Object.keys(row)).toEqual(
      expect.arrayContaining(['name', 'records', 'nsPerRecord', 'unitNsPerRecord', 'ratio', 'rssMb']),
    )
})

test('wrong results are found', () => {
  const expected = [{ key: 'a', start: 0, end: 10, count: 2, sum: 7 }]
  expect(() => samePanes([], expected)).toThrow('wrong results')
})

test('the command line is checked', () => {
  expect(readOptions(['--only', 'chain-4', '--runs', '7'])).toMatchObject({ only: ['chain-4'], runs: 7, scale: 1 })
  expect(() => readOptions(['--only', 'no-such'])).toThrow('no-such')
  expect(() => readOptions(['--scale', '0'])).toThrow('--scale')
})
