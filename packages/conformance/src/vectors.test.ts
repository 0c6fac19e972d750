/** Vectors that Beam, Flink and Kafka Streams themselves produced, and tables of the literature. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Vector, runVector } from './vector-runner.ts'

const read = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/${file}.json`, import.meta.url), 'utf8')) as readonly Vector[]

// How many run today: a policy that gets lost shows here. The others wait for triggers, retractions and withdrawals.
describe.each([
  ['beam', 189],
  ['flink', 215],
  ['kafka-streams', 158],
  ['kafka-streams-overflow', 2],
  ['literature', 26],
] as const)('%s', (file, ready) => {
  const vectors = read(file)
  const now = vectors

  test(`${now.length} of ${vectors.length} run`, () => {
    expect(now.length).toBe(ready)
  })

  test.each(now.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(runVector(vector)).toBeUndefined()
    // A fast path and the step it stands for mean the same.
    expect(runVector(vector, 'step')).toBeUndefined()
  })
})
