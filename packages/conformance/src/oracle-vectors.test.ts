/**
 * The slow reference against every vector: panes that Beam, Flink and Kafka Streams themselves produced, and tables of
 * the literature. A reference that no engine but ours agrees with would prove nothing.
 */
import { describe, expect, test } from 'vitest'
import { byOracle } from './vectors/by-oracle.ts'
import { expectedTexts, foundTexts } from './vectors/compare.ts'
import type { FoundPane } from './vectors/pipeline-of.ts'
import { COUNTS, stored } from './vectors/stored.ts'

describe.each(COUNTS.filter(([file]) => file !== 'splits.json'))('%s', (file, count) => {
  const vectors = stored(file).flatMap((entry) => (entry.of === 'windows' ? [entry.vector] : []))

  test(`has ${count}`, () => {
    expect(vectors).toHaveLength(count)
  })

  test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const { steps, fails } = byOracle(vector)
    expect(fails).toBe(vector.expect.find((entry) => entry.fails)?.step)
    expect(steps).toHaveLength(fails ?? vector.steps.length)
    for (const [i, { panes, tooLate }] of steps.entries()) {
      // The step stands in what is compared, so that a failure names it.
      const step = vector.steps[i]
      const wanted = vector.expect.find((entry) => entry.step === i)?.tooLate ?? 0
      const found = foundTexts(vector, panes as unknown as readonly FoundPane[])
      expect({ i, step, panes: found, tooLate: vector.compareTooLate ? tooLate : 0 }).toEqual({
        i,
        step,
        panes: expectedTexts(vector, { first: i, last: i }),
        tooLate: vector.compareTooLate ? wanted : 0,
      })
    }
  })
})
