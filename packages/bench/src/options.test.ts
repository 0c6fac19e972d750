import { expect, test } from 'vitest'
import { benches } from './benches.ts'
import { readOptions } from './options.ts'

test('without more, all benches run with code generation', () => {
  expect(readOptions([])).toEqual({
    only: benches.map(({ name }) => name),
    modes: ['generated'],
    runs: 5,
    scale: 1,
    saveBaseline: false,
    unpolluted: false,
    growth: false,
  })
})

test('the command line is read', () => {
  const args = ['--only', 'chain-4,close-1m', '--runs', '7', '--mode', 'both', '--json', 'a.json', '--growth']
  expect(readOptions(args)).toMatchObject({
    only: ['chain-4', 'close-1m'],
    modes: ['generated', 'plain'],
    runs: 7,
    json: 'a.json',
    growth: true,
  })
  expect(readOptions(['--mode', 'plain']).modes).toEqual(['plain'])
})

test('a profile is of one bench', () => {
  expect(readOptions(['--profile', 'chain-4'])).toMatchObject({ only: ['chain-4'], profile: 'chain-4' })
})

test.each([
  [['--only', 'no-such'], 'no-such'],
  [['--mode', 'fast'], '--mode'],
  [['--runs', '0'], '--runs'],
  [['--runs', '1.5'], '--runs'],
  [['--scale', '0'], '--scale'],
  [['--scale', '2'], '--scale'],
  [['--no-such'], '--no-such'],
])('%j is refused', (args, says) => {
  expect(() => readOptions(args)).toThrow(says)
})
