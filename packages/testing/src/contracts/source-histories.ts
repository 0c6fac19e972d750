/** Owns random histories of a source: filled, read, paused, and gone on with by another reader, in any order. */
import * as fc from 'fast-check'
import type { Reading, SourceStage } from './source-stage.ts'

export type SourceStep =
  | { readonly kind: 'add'; readonly split: number; readonly count: number }
  | { readonly kind: 'poll'; readonly limit: number }
  | { readonly kind: 'pause' | 'resume'; readonly split: number }
  /** Another reader goes on where the last one is, or begins anew. */
  | { readonly kind: 'reopen'; readonly anew: boolean }

const split = fc.nat(3)

export const sourceHistories: fc.Arbitrary<readonly SourceStep[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('add' as const), split, count: fc.integer({ min: 1, max: 8 }) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('poll' as const), limit: fc.integer({ min: 1, max: 10 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const), split }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const), anew: fc.boolean() }) },
  ),
  { minLength: 1, maxLength: 30 },
)

/** Polls only where something must come. A source that is bounded gets everything first. */
export async function playSource(on: SourceStage<unknown>, history: readonly SourceStep[]): Promise<void> {
  const { bounded = false, source } = on.bench
  const name = (i: number): string => on.splits[i % on.splits.length] as string
  const adds = history.filter((step) => step.kind === 'add')
  if (bounded) for (const step of adds) await on.fill(step.count, [name(step.split)])
  let reading = await on.open()
  const paused = new Set<string>()
  for (const step of history) {
    if (step.kind === 'add') {
      if (!bounded) await on.fill(step.count, [name(step.split)])
    } else if (step.kind === 'poll') await polled(on, reading, paused, step.limit)
    else if (step.kind === 'reopen') {
      const { positions, from } = reading.place
      await reading.close()
      paused.clear()
      reading = await (step.anew || !source.seekable ? on.open() : on.open(positions, from))
    } else if (step.kind === 'resume') {
      paused.delete(name(step.split))
      reading.reader.resume([name(step.split)])
      // A job never pauses all there is.
    } else if (paused.size + 1 < on.splits.length) {
      paused.add(name(step.split))
      reading.reader.pause([name(step.split)])
    }
  }
  reading.reader.resume([...paused])
  await reading.end()
}

async function polled(
  on: SourceStage<unknown>,
  reading: Reading<unknown>,
  paused: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  if (!on.splits.some((split) => !paused.has(split) && reading.left(split) > 0)) return
  const { split } = await reading.take(limit)
  if (paused.has(split)) throw new Error(`found a batch of '${split}' while it was paused, expected none`)
}
