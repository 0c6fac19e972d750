// What running jobs save, of every kind of window: in the smallest pieces it is what it is in one, and nothing large is
// left undivided.
import { describe, expect, test } from 'vitest'
import {
  type CheckpointStore,
  type Pipeline,
  type Sink,
  boundedOutOfOrderness,
  collected,
  hopping,
  pipeline,
  session,
  slidingByRecord,
  tumbling,
} from '../index.ts'
import { joined, piecesOf } from '../io/pieces.ts'

interface Visit {
  readonly at: number
  readonly page: string | readonly [string, number]
  readonly ms: number
}

const visits: readonly Visit[] = Array.from({ length: 600 }, (_, i) => ({
  at: i * 10 - (i % 7 === 0 ? 900 : 0),
  page: i % 5 === 0 ? (['tuple', i % 3] as const) : `page ${(i * 7) % 11}`,
  ms: (i * 31) % 97,
}))

/** Looks at every checkpoint. */
function looking(seen: { checkpoints: number; entries: number }): CheckpointStore {
  return {
    kind: 'looking',
    everyMs: 5,
    open: async () => ({
      load: async () => undefined,
      save: async (checkpoint) => {
        const whole = structuredClone(checkpoint)
        for (const weight of [1, 7, undefined]) {
          const groups = [...piecesOf(checkpoint, weight)]
          expect(joined(groups.map((group) => structuredClone(group)))).toStrictEqual(whole)
          if (weight !== 1) continue
          const pieces = groups.flat()
          // A list or column left whole is one that its operator has forgotten to mark.
          const left = pieces.flatMap((piece) => (piece.is === 'whole' && isLong(piece.value) ? [piece.value] : []))
          expect(left).toEqual([])
          seen.entries += pieces.filter(({ is }) => is === 'run' || is === 'numbers').length
        }
        seen.checkpoints++
      },
      close: async () => {},
    }),
  }
}

function isLong(value: unknown): boolean {
  const { length } = (value ?? {}) as { readonly length?: number }
  return typeof value === 'object' && length !== undefined && length > 2
}

const keyed = pipeline('visits')
  .from(visits)
  .eventTime({ timestamp: (visit) => visit.at, watermark: boundedOutOfOrderness('500ms') })
  .keyBy((visit) => visit.page)
const late = { allowedLateness: '1s' } as const
const to = <P>(): Sink<P> => collected<P>() as unknown as Sink<P>

const jobs: readonly (readonly [string, () => Pipeline<unknown, Visit>])[] = [
  [
    'tumbling, all columns',
    () =>
      keyed
        .window(tumbling('1s'), late)
        .aggregate((a) => ({
          n: a.count(),
          sum: a.sum((v) => v.ms),
          mean: a.mean((v) => v.ms),
          min: a.min((v) => v.ms),
          variance: a.variance((v) => v.ms),
          first: a.first((v) => v.ms),
          distinct: a.distinct((v) => v.ms),
          all: a.collect({ max: 100, of: (v) => ({ ms: v.ms }) }),
        }))
        .to(to()) as never,
  ],
  [
    'tumbling, retracting',
    () =>
      keyed
        .window(tumbling('1s'), { ...late, accumulation: 'retracting' })
        .count()
        .to(to()) as never,
  ],
  [
    'hopping',
    () =>
      keyed
        .window(hopping('1s', { every: '200ms' }), late)
        .count()
        .to(to()) as never,
  ],
  [
    'sessions',
    () =>
      keyed
        .window(session('150ms'), { ...late, accumulation: 'retracting' })
        .count()
        .to(to()) as never,
  ],
  ['sliding by record', () => keyed.window(slidingByRecord('300ms'), late).count().to(to()) as never],
  [
    'filtered results',
    () =>
      keyed
        .window(tumbling('1s'), { ...late, accumulation: 'retracting' })
        .aggregate((a) => ({ n: a.count() }))
        .filter(({ n }) => n > 1)
        .to(to()) as never,
  ],
  [
    'windows over results',
    () =>
      keyed
        .window(tumbling('1s'), late)
        .count()
        .keyBy((_, { key }) => key)
        .window(tumbling('3s'))
        .aggregate((a) => ({ visits: a.sum((n) => n), busiest: a.max((n) => n) }))
        .to(to()) as never,
  ],
]

describe('the state of', () => {
  test.each(jobs)('%s', async (_, job) => {
    const seen = { checkpoints: 0, entries: 0 }
    let now = 0
    const clock = { now: () => ++now }
    await job().start({ checkpoint: looking(seen), clock, batchSize: 10 }).done
    expect(seen.checkpoints).toBeGreaterThan(10)
    expect(seen.entries).toBeGreaterThan(100)
  })
})
