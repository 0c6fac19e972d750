import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { conformance } from './command.ts'
import { FOLDER } from './stored.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-vectors-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function run(...paths: readonly string[]): { readonly code: number; readonly out: string[]; readonly err: string[] } {
  const [out, err]: [string[], string[]] = [[], []]
  const code = conformance(paths, { folder, out: (line) => out.push(line), err: (line) => err.push(line) })
  return { code, out, err }
}

function write(name: string, content: unknown): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(join(folder, name), text)
  return name
}

const good = {
  name: 'good',
  source: 'a test',
  window: { kind: 'tumbling', size: 10 },
  watermark: 'explicit',
  allowedLateness: 0,
  aggregate: 'sum',
  trigger: { policy: 'watermarkThenUpdates' },
  accumulation: 'accumulating',
  onTime: 'nonEmpty',
  closing: 'nonEmpty',
  steps: [{ record: { key: 'a', value: 5, at: 3 } }, { watermark: 10 }, { record: { key: 'a', value: 1, at: 3 } }],
  compare: ['value', 'timing'],
  compareTooLate: true,
  expect: [
    { step: 1, panes: [{ key: 'a', window: [0, 10], value: 5, timing: 'on-time' }] },
    { step: 2, tooLate: 1 },
  ],
}
const splits = {
  name: 'splits',
  source: 'a test',
  steps: [
    { split: 'p', new: true },
    { split: 'p', watermark: 7 },
  ],
  combined: [null, 7],
}

test('vectors that hold', () => {
  expect(run(write('a.json', [good]))).toEqual({ code: 0, out: ['1 passed, 0 failed'], err: [] })
})

test('both forms, told by their content; absolute paths and several; each file once', () => {
  write('a.json', [good, splits])
  write('b.json', [splits])
  expect(run('a.json', join(folder, 'b.json'), '.', './a.json').out).toEqual(['3 passed, 0 failed'])
})

test('one line for each that fails: name, step, expected, got', () => {
  const [first, second] = good.expect
  const value = { ...first, panes: [{ key: 'a', window: [0, 10], value: 6, timing: 'on-time' }] }
  const noNumber = { record: { key: 'a', value: {}, at: 3 } }
  const stops = { ...good, name: 'stops', aggregate: 'max', steps: [noNumber], expect: [] }
  write('a.json', [
    { ...good, name: 'value', expect: [value, second] },
    { ...good, name: 'missing', expect: [second] },
    { ...good, name: 'too late', expect: [first] },
    { ...good, name: 'fails', expect: [{ step: 0, fails: true }] },
    stops,
    { ...stops, name: 'stops otherwise', expect: [{ step: 0, fails: true }] },
    { ...splits, name: 'combined', combined: [null, 8] },
    good,
  ])
  const { code, out, err } = run('a.json')
  expect({ code, err }).toEqual({ code: 1, err: [] })
  const pane = (n: number): string => `{"key":"a","window":[0,10],"value":${n},"timing":"on-time"}`
  expect(out).toEqual([
    `value, step 1 {"watermark":10}: expected ${pane(6)}, got ${pane(5)}`,
    `missing, step 1 {"watermark":10}: expected nothing, got ${pane(5)}`,
    'too late, step 2 {"record":{"key":"a","value":1,"at":3}}: expected 0 too late, got 1 too late',
    'fails, step 0 {"record":{"key":"a","value":5,"at":3}}: expected the error BUFFER_FULL, got nothing',
    expect.stringMatching(/^stops, step 0 .*: expected nothing, got the error BAD_VALUE: .*found \{\}/),
    expect.stringMatching(/^stops otherwise, step 0 .*: expected the error BUFFER_FULL, got the error BAD_VALUE: /),
    'combined, step 1 {"split":"p","watermark":7}: expected 8, got 7',
    '1 passed, 7 failed',
  ])
})

test('vectors that cannot be run fail by name, or by their place, and the others run', () => {
  const nameless = { ...splits, name: undefined }
  write('a.json', [
    { ...good, trigger: { afterCout: 2 } },
    { ...good, name: 'two\nlines', window: { kind: 'hoping', size: 10 } },
    nameless,
    'a text',
    good,
  ])
  expect(run('a.json').out).toEqual([
    expect.stringMatching(/^good: cannot be run: trigger: found \{"afterCout":2\}, expected one of afterWatermark, /),
    'two lines: cannot be run: window.kind: found "hoping", expected a window of kind tumbling, hopping, session, slidingByRecord or global',
    'a.json, number 2: cannot be run: name: found nothing, expected a field of this name',
    'a.json, number 3: cannot be run: the vector: found "a text", expected a vector',
    '1 passed, 4 failed',
  ])
})

test('a folder: every *.json with vectors at any depth, but not what begins with a dot or node_modules', () => {
  for (const name of ['deep/er', '.hidden', 'node_modules']) mkdirSync(join(folder, name), { recursive: true })
  write('deep/er/a.json', [good])
  write('.hidden/a.json', [good])
  write('node_modules/a.json', [good])
  write('other.json', { name: 'no vectors' })
  write('numbers.json', [1, 2])
  write('a.txt', [good])
  symlinkSync(folder, join(folder, 'deep', 'round'))
  symlinkSync(join(folder, 'deep', 'er', 'a.json'), join(folder, 'link.json'))
  expect(run('.')).toEqual({ code: 0, out: ['1 passed, 0 failed'], err: [] })
})

test.each([
  ['nowhere.json', undefined, /^nowhere\.json: found nothing at \/.*nowhere\.json, expected a file or a folder/],
  ['a.json', '[{]', /^a\.json: cannot be read as JSON: /],
  ['a.json', '', /^a\.json: cannot be read as JSON: /],
  ['a.json', good, /^a\.json: found one object, expected an array of vectors \(/],
  ['a.json', 'null', /^a\.json: found null, expected an array of vectors/],
  ['a.json', '7', /^a\.json: found a number, expected an array of vectors/],
  ['a.json', [], /^a\.json: found an array of 0 without any vector, expected/],
  ['a.json', [{ name: 'x' }], /^a\.json: found an array of 1 without any vector, expected/],
  ['.', undefined, /^\.: found no vectors in the 0 \*\.json files below, expected/],
])('%s with %j: says what was found and what was expected', (path, content, message) => {
  if (content !== undefined) write(path, content)
  const { code, out, err } = run(path)
  expect({ code, out }).toEqual({ code: 1, out: ['0 passed, 0 failed'] })
  expect(err).toEqual([expect.stringMatching(message)])
})

test('a bad path fails the run, and the others are run', () => {
  write('a.json', [good])
  write('broken.json', '[')
  expect(run('a.json', 'nowhere')).toMatchObject({ code: 1, out: ['1 passed, 0 failed'], err: [expect.any(String)] })
  // Below a folder a file that cannot be read might hold vectors.
  expect(run('.')).toMatchObject({ code: 1, err: [expect.stringMatching(/^broken\.json: cannot be read as JSON/)] })
})

test('without a path, or with an option, it says how it is used', () => {
  expect(run()).toMatchObject({ code: 1, out: [], err: [expect.stringContaining('found no path'), expect.any(String)] })
  expect(run('--all').err[0]).toContain('found the option --all')
  expect(run('--help')).toMatchObject({ code: 0, out: [], err: [expect.stringContaining('npm run conformance')] })
})

test('the vectors of this repository', () => {
  expect(run(FOLDER)).toEqual({ code: 0, out: ['654 passed, 0 failed'], err: [] })
})
