import { expect, test } from 'vitest'
import { growthTables } from './growth.ts'
import { readOptions } from './options.ts'

test('growth is a Markdown table per axis', async () => {
  const text = await growthTables(readOptions(['--growth', '--runs', '1', '--scale', '0.0002', '--unpolluted']))
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  expect(rows.every((cells) => cells.length === 8)).toBe(true)
  expect(rows.map(([at, , entries]) => [at, entries])).toEqual([
    ['keys', 'entries'],
    ['---:', '---:'],
    ['10', '10'],
    ['100', '100'],
    ['1,000', '1,000'],
    ['open windows', 'entries'],
    ['---:', '---:'],
    ['1', '100'],
  ])
})
