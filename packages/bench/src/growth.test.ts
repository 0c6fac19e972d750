import { expect, test } from 'vitest'
import { growthTables } from './growth.ts'
import { readOptions } from './options.ts'

test('growth is a Markdown table per axis', async () => {
  const text = await growthTables(readOptions(['--growth', '--runs', '1', '--scale', '0.01', '--unpolluted']))
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  expect(rows.every((cells) => cells.length === 8)).toBe(true)
  expect(rows.map(([at]) => at)).toEqual([
    'keys',
    '---:',
    '10',
    '100',
    '1,000',
    '10,000',
    '100,000',
    'open windows',
    '---:',
    '1',
    '10',
  ])
  expect(rows.map(([, , entries]) => entries)).toEqual([
    'entries',
    '---:',
    '10',
    '100',
    '1,000',
    '10,000',
    '100,000',
    'entries',
    '---:',
    '100',
    '1,000',
  ])
})
