/** Vectors that Beam, Flink and Kafka Streams themselves produced, and tables of the literature. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Vector, notYet, runVector } from './vector-runner.ts'

const read = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')) as readonly Vector[]

// How many run today: a policy that gets lost shows here. The others wait for triggers, retractions and withdrawals.
describe.each([
  ['beam', 51],
  ['flink', 169],
  ['kafka-streams', 108],
  ['literature', 17],
] as const)('%s', (file, ready) => {
  const vectors = read(file)
  const now = vectors.filter((vector) => notYet(vector) === undefined)

  test(`${now.length} of ${vectors.length} run`, () => {
    expect(now.length).toBe(ready)
  })

  test.each(now.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(runVector(vector)).toBeUndefined()
    // A fast path and the step it stands for mean the same.
    expect(runVector(vector, 'step')).toBeUndefined()
  })
})
