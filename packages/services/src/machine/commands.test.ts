import { describe, expect, test } from 'vitest'
import { find, lastLines, run } from './commands.ts'

describe.skipIf(process.platform !== 'linux')('other programs', () => {
  test('are found on the path', () => {
    expect(find('sh')).toMatch(/\/sh$/)
    expect(find('no-such-program-anywhere')).toBeUndefined()
  })

  test('run to their end, and say how it went', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2'], { timeoutMs: 60_000 })).toMatchObject({ passed: true })
    const failed = await run('sh', ['-c', 'echo why >&2; exit 3'], { timeoutMs: 60_000 })
    expect(failed).toEqual({ passed: false, output: 'why\n' })
  })

  test('keep only the end of much output', async () => {
    const { output } = await run('sh', ['-c', 'yes | head -c 200000; echo end'], { timeoutMs: 60_000 })
    expect(output).toHaveLength(65_536)
    expect(output.endsWith('y\nend\n')).toBe(true)
  })

  test('that cannot be started have not passed', async () => {
    const missing = await run('no-such-program-anywhere', [], { timeoutMs: 60_000, bound: false })
    expect(missing).toEqual({ passed: false, output: expect.stringMatching(/could not be started/) })
  })

  test('that take too long are ended', async () => {
    const slow = await run('sleep', ['60'], { timeoutMs: 1 })
    expect(slow).toEqual({ passed: false, output: expect.stringMatching(/sleep was still running after 0\.001 s/) })
  })
})

test('the last lines', () => {
  expect(lastLines('a\nb\nc\n', 2)).toBe('b\nc')
  expect(lastLines('a', 2)).toBe('a')
  expect(lastLines('why\n\tat a.B.c(B.java:1)\n\tat d\n', 2)).toBe('why')
})
