import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { vectorOf } from './read-vector.ts'
import { runWindows } from './run-windows.ts'
import { runSplits } from './run-splits.ts'
test.each(['beam', 'flink', 'kafka-streams', 'kafka-streams-overflow', 'literature', 'splits'])('%s', (f) => {
  const all = JSON.parse(readFileSync(new URL(`../../vectors/${f}.json`, import.meta.url), 'utf8')) as unknown[]
  const bad = []
  for (const x of all) {
    const { of, vector } = vectorOf(x) as never as { of: string; vector: never }
    const ways =
      of === 'windows'
        ? [{}, { by: 'step' }, { restarts: 'everyStep' }, { batches: 'joined' }].map((w) =>
            runWindows(vector, w as never),
          )
        : [runSplits(vector), runSplits(vector, 'everyStep')]
    for (const [i, d] of ways.entries()) if (d) bad.push([(vector as { name: string }).name, i, d])
  }
  console.log(f, bad.length)
  expect(bad).toEqual([])
})
