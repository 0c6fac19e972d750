/** How the watermarks of splits combine: vectors made by Flink's multiplexer and valve. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SplitWatermarks } from '@tidemark/core'

interface Step {
  readonly split: string
  readonly new?: boolean
  readonly watermark?: number
  readonly idle?: boolean
  readonly active?: boolean
  readonly finished?: boolean
}
interface Vector {
  readonly name: string
  readonly steps: readonly Step[]
  readonly combined: readonly (number | null)[]
}
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/splits.json', import.meta.url), 'utf8'),
) as readonly Vector[]

test('there are 25', () => {
  expect(vectors).toHaveLength(25)
})

test.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, { steps, combined }) => {
  const watermarks = new SplitWatermarks()
  const got = steps.map((step) => {
    const split = watermarks.get(step.split) ?? watermarks.add(step.split)
    if (step.watermark !== undefined) watermarks.observe(split, step.watermark)
    if (step.idle === true) watermarks.leave(split, 'idle')
    if (step.active === true) watermarks.activate(split)
    if (step.finished === true) watermarks.leave(split, 'finished')
    const now = watermarks.combine()
    return Number.isFinite(now) ? now : null
  })
  expect(got).toEqual(combined)
})
