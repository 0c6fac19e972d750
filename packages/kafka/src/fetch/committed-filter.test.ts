import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Marker } from '../wire/batch-walk.ts'
import { type AbortedTransaction, CommittedFilter } from './committed-filter.ts'

interface Entry {
  readonly offset: number
  readonly producer: number
  /** A plain batch of another producer, a batch in a transaction, or the marker that ends one. */
  readonly kind: 'plain' | 'data' | 'commit' | 'abort'
}

const batch = ({ offset, producer, kind }: Entry): Parameters<CommittedFilter['admits']>[0] => ({
  producerId: BigInt(producer),
  nextOffset: BigInt(offset) + 1n,
  isTransactional: kind !== 'plain',
  isControl: kind === 'commit' || kind === 'abort',
  marker: (): Marker => (kind === 'commit' || kind === 'abort' ? kind : 'unknown'),
})

/** Offsets that get through when the log is fetched in chunks that begin at the given places. */
function read(
  log: readonly Entry[],
  aborted: readonly (readonly [producer: number, first: number, last: number])[],
  cuts: readonly number[],
): number[] {
  const filter = new CommittedFilter()
  const bounds = [...new Set([0, ...cuts, log.length])].sort((a, b) => a - b)
  return bounds.slice(0, -1).flatMap((from, i) => {
    const to = bounds[i + 1] as number
    // As a broker does: what is not over before the chunk and begins before its end.
    const list = aborted.filter(([, first, last]) => last >= from && first < to)
    filter.begin(
      list
        .map(([producer, first]): AbortedTransaction => ({ producerId: BigInt(producer), firstOffset: BigInt(first) }))
        .reverse(),
    )
    return log
      .slice(from, to)
      .filter((entry) => filter.admits(batch(entry)))
      .map(({ offset }) => offset)
  })
}

function log(text: string): Entry[] {
  const kinds = { d: 'data', c: 'commit', a: 'abort', p: 'plain' } as const
  return text
    .split(' ')
    .map((word, offset) => ({ offset, producer: Number(word.slice(1)), kind: kinds[word[0] as keyof typeof kinds] }))
}

test('markers and aborted batches are left out, the rest of the same producer is not', () => {
  expect(read(log('d1 a1 d1 c1 p0'), [[1, 0, 1]], [])).toEqual([2, 4])
})

test('two aborts of one producer in one response', () => {
  expect(
    read(
      log('d1 a1 d1 c1 d1 d1 a1 d1 c1'),
      [
        [1, 0, 1],
        [1, 4, 6],
      ],
      [],
    ),
  ).toEqual([2, 7])
})

test('an abort whose marker is beyond the chunk, and one that began before it', () => {
  expect(read(log('d1 d2 d1 c2 d1 a1 d1 c1'), [[1, 0, 5]], [2, 3, 5])).toEqual([1, 6])
})

test('interleaved producers', () => {
  expect(read(log('d1 d2 p0 d1 d2 a2 d2 c1 c2'), [[2, 1, 5]], [])).toEqual([0, 2, 3, 6])
})

test('a chunk that begins behind a marker does not remember the transaction', () => {
  expect(read(log('d1 a1 d1 d1 c1'), [[1, 0, 1]], [2])).toEqual([2, 3])
})

test('whatever the interleaving and the chunks, exactly the committed records', () => {
  const step = fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom('data', 'data', 'data', 'commit', 'abort', 'plain'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(fc.nat(50), { maxLength: 6 }), (steps, cuts) => {
      const entries: Entry[] = []
      const open = new Map<number, number[]>()
      const aborted: [number, number, number][] = []
      const kept: number[] = []
      const add = (producer: number, kind: Entry['kind']): void => {
        const offset = entries.length
        const mine = open.get(producer) ?? []
        if (kind === 'plain') kept.push(offset)
        else if (kind === 'data') open.set(producer, [...mine, offset])
        else {
          if (mine.length === 0) return
          open.delete(producer)
          if (kind === 'commit') kept.push(...mine)
          else aborted.push([producer, mine[0] as number, offset])
        }
        entries.push({ offset, producer, kind })
      }
      for (const [producer, kind] of steps) add(producer, kind as Entry['kind'])
      // What is not decided is never given to such a reader.
      const undecided = [...open.keys()]
      for (const producer of undecided) add(producer, 'abort')
      expect(read(entries, aborted, cuts)).toEqual(kept.sort((a, b) => a - b))
    }),
    { numRuns: 2_000 },
  )
})
