/**
 * The vectors that Beam, Flink and Kafka Streams themselves produced, the tables of the literature, and our own: as
 * they are written, and in four other ways that must change nothing. All triggers that vectors know ignore how records
 * are grouped into batches, so law 2 is tried on every vector; where the run must fail, on what comes before that.
 */
import { describe, expect, test } from 'vitest'
import { runSplits } from './vectors/run-splits.ts'
import { type RunOptions, runWindows } from './vectors/run-windows.ts'
import { COUNTS, stored, storedFiles } from './vectors/stored.ts'
import type { WindowVector } from './vectors/vector.ts'

const WAYS: readonly (readonly [name: string, options: Partial<RunOptions>])[] = [
  ['as written', {}],
  ['by the step of the trigger, without its fast path', { by: 'step' }],
  ['without code made from text', { generateCode: false }],
  ['with a snapshot and a restore after every step', { restarts: 'everyStep' }],
  ['with all records between two other steps as one batch', { batches: 'joined' }],
]

test('every file is one of these', () => {
  expect(storedFiles()).toEqual(COUNTS.map(([file]) => file))
})

test('names are unique', () => {
  const names = COUNTS.flatMap(([file]) => stored(file).map(({ vector: { name } }) => name))
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

describe.each(COUNTS)('%s', (file, count) => {
  const vectors = stored(file)

  test(`has ${count}`, () => {
    expect(vectors).toHaveLength(count)
  })

  test.each(vectors.map((entry) => [entry.vector.name, entry] as const))('%s', (_, entry) => {
    if (entry.of === 'splits') {
      expect(runSplits(entry.vector)).toBeUndefined()
      expect(runSplits(entry.vector, 'everyStep')).toBeUndefined()
      return
    }
    // The way stands in what is compared, so that a failure names it.
    for (const [name, options] of WAYS) expect([name, runWindows(entry.vector, options)]).toEqual([name, undefined])
  })
})

/** The same vector with another value in the first pane that is expected, and with one pane too few. */
function falsified(vector: WindowVector): readonly (readonly [step: number, vector: WindowVector])[] {
  const at = vector.expect.findIndex(({ panes }) => panes.length > 0)
  const entry = vector.expect[at]
  const [first, ...others] = entry?.panes ?? []
  if (entry === undefined || first === undefined) return []
  return [[{ ...first, value: 'another' }, ...others], others].map((panes) => [
    entry.step,
    { ...vector, expect: vector.expect.with(at, { ...entry, panes }) },
  ])
}

test('a vector with a wrong value, or one pane too few, fails at its step', () => {
  let seen = 0
  for (const [file] of COUNTS) {
    for (const { of, vector } of stored(file)) {
      for (const [step, wrong] of of === 'windows' ? falsified(vector) : []) {
        seen++
        expect(`${vector.name}: ${runWindows(wrong)?.step}`).toContain(`${vector.name}: step ${step} `)
      }
    }
  }
  expect(seen).toBeGreaterThan(1_200)
})
