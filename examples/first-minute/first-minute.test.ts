import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

test('one window gets early, on-time and late panes, and the last of them says so', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=@tidemark/source', main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout.trimEnd().split('\n')).toEqual([
    '/home minute 0: 1  early, temporary',
    '/home minute 0: 2  early, temporary',
    '/home minute 1: 1  early, temporary',
    '/home minute 0: 2  on-time, temporary',
    '/home minute 0: 3  late, temporary',
    '/home minute 1: 1  on-time, final',
    '/home minute 0: 3  late, final',
  ])
})

test('the README shows this program', () => {
  const program = readFileSync(main, 'utf8').split('\n').slice(1).join('\n').trim()
  expect(readFileSync(new URL('../../README.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${program}\n\`\`\``)
})
