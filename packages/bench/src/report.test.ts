import { expect, test } from 'vitest'
import { comparison, updated } from './baseline.ts'
import { type Measured, plainFigure, ratioFigure } from './bench.ts'
import { markdown } from './markdown.ts'
import { jsonRows, table } from './report.ts'

const machine = { cores: 2, cpu: 'some', memoryGb: 8, os: 'linux x64', node: '24.0.0' }
const targets = { generated: 1.5, plain: 2 }

function row(name: string, ratio: number, mode: Measured['mode'] = 'generated'): Measured {
  const time = ratioFigure('time', 'ns/record', { ours: [ratio * 10], unit: [10], wallRatio: 2.5, targets })
  const pause = plainFigure('longest pause', 'ms', { ours: [12.345] })
  return { name, mode, results: 1_000, records: 3_000_000, rssMb: 1_234, figures: [time, pause] }
}

test('the table has a line for each figure, with target and spread', () => {
  const text = table([row('chain-4', 1.8), row('chain-4', 1.8, 'plain')])
  const [head, ...lines] = text.split('\n')
  expect(head).toMatch(/bench +mode .*target gen\/plain/)
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(
    /^chain-4 +generated +3,000,000 +1,000 +18\.0 +10\.0 +ns\/record +1\.80 × +1\.80–1\.80 +2\.50 +≤ 1\.5 \/ ≤ 2 +MISSED +1,234$/,
  )
  expect(lines[1]).toMatch(/^ {2}longest pause +12\.3 +ms +12\.3 +12\.3–12\.3$/)
  expect(lines[2]).toMatch(/^chain-4 +plain .* met /)
})

test('rows of JSON say the same', () => {
  const [json] = JSON.parse(jsonRows([row('chain-4', 1.8)])) as readonly Record<string, unknown>[]
  expect(json).toMatchObject({
    name: 'chain-4',
    mode: 'generated',
    records: 3_000_000,
    nsPerRecord: 18,
    unitNsPerRecord: 10,
    ratio: 1.8,
    rssMb: 1_234,
  })
  expect(json?.['figures']).toMatchObject([
    { what: 'time', targets, met: false },
    { what: 'longest pause', measure: 'ms', ours: 12.35 },
  ])
})

test('a page has both modes side by side, and only what has a target', () => {
  expect(
    markdown([row('a', 1.8), row('a', 1.9, 'plain'), row('b', 3)])
      .split('\n')
      .slice(2),
  ).toEqual([
    '| a | time | ns/record | 18.0 | 10.0 | 1.80 × (1.80–1.80) | 1.90 × (1.90–1.90) | ≤ 1.5 / ≤ 2 |',
    '| b | time | ns/record | 30.0 | 10.0 | 3.00 × (3.00–3.00) | – | ≤ 1.5 / ≤ 2 |',
    '',
  ])
})

test('a baseline tells what became slower and what better', () => {
  const baseline = updated(undefined, [row('a', 1), row('b', 1), row('c', 1), row('a', 1, 'plain')], machine)
  const text = comparison(baseline, [row('a', 1.3), row('b', 0.5), row('c', 1.1), row('a', 1.2, 'plain'), row('d', 1)])
  expect(text.split('\n')).toEqual([
    'against the baseline (2 cores, some, 8 GB, linux x64, Node 24.0.0):',
    '  a (generated): time became SLOWER or heavier: 1.00 → 1.30',
    '  b (generated): time became better: 1.00 → 0.50',
    '  a (plain): time became SLOWER or heavier: 1.00 → 1.20',
    '  not in it: d (generated)',
  ])
  expect(comparison(baseline, [row('a', 1)])).toContain('nothing moved')
})

test('a new baseline keeps what was not measured again, if it comes from the same machine', () => {
  const before = updated(undefined, [row('b', 1), row('a', 1)], machine)
  const again = [row('a', 3), row('a', 2, 'plain')]
  const elsewhere = updated(before, again, { ...machine, cores: 4 })
  expect(elsewhere.machine.cores).toBe(4)
  expect(new Set(elsewhere.rows.map(({ name }) => name))).toEqual(new Set(['a']))
  const after = updated(before, again, machine)
  expect(after.rows.map(({ name, mode, what, value }) => [name, mode, what, value])).toEqual([
    ['a', 'generated', 'time', 3],
    ['a', 'generated', 'longest pause', 12.35],
    ['a', 'plain', 'time', 2],
    ['a', 'plain', 'longest pause', 12.35],
    ['b', 'generated', 'time', 1],
    ['b', 'generated', 'longest pause', 12.35],
  ])
})
