/** Owns a pipeline in which a record may leave at every stage: filtered, skipped, to the dead letters, too late, shed. */
import { type DeadLetter, type Pipeline, collected, monotonous, ms, pipeline } from '@tidemark/core'
import { type Item, type Shape, assignerOf } from './shapes.ts'

function boom(what: string): never {
  throw new Error(`no ${what}`)
}

/** Values −9 to 9 meet every stage that may let go of a record. */
export function everyWayOut(shape: Shape, maxKeys: number): Pipeline<unknown, Item> {
  const deadLetterTo = collected<DeadLetter>()
  return pipeline('accounts')
    .from<Item>([])
    .filter(({ value }) => value !== 1)
    .map((record): Item => (record.value === 2 ? boom('map') : record), { onError: 'skip' })
    .flatMap(
      (record): readonly Item[] =>
        record.value === 3
          ? []
          : record.value === 4
            ? [record, record, { ...record, value: 0 }]
            : record.value === 5
              ? boom('flatMap')
              : [record],
      { onError: { deadLetterTo } },
    )
    .eventTime({
      timestamp: ({ value, at }) => (value === 6 ? Number.NaN : at),
      watermark: monotonous(),
      onError: 'skip',
    })
    .filter(({ value }) => (value === 7 ? boom('filter') : value !== 8), { onError: { deadLetterTo } })
    .keyBy(({ key, value }) => (value === 9 ? boom('key') : key), { onError: { deadLetterTo } })
    .name('w')
    .window(assignerOf(shape.windows), {
      allowedLateness: ms(shape.latenessMs),
      maxKeys,
      whenFull: 'shed',
      onError: shape.onTime === 'always' ? 'skip' : { deadLetterTo },
    })
    .lateTo(collected())
    .aggregate((a) => ({
      sum: a.sum(({ value }) => (value === -9 ? boom('sum') : value)),
      folded: a.fold<number>({
        create: () => 0,
        add: (acc, { value }) => (value === -8 ? boom('fold') : acc + value),
        merge: (x, y) => x + y,
      }),
    }))
    .to(collected()) as never
}
