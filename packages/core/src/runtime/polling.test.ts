// How a job asks its sources, where one answers while the batch of another is dealt with.
import { expect, test } from 'vitest'
import { type Batch, type Pane, type Source, collected, merge, monotonous, ms, pipeline, tumbling } from '../index.ts'

interface Event {
  readonly from: 'array' | 'slow'
  readonly at: number
}

const event = (from: Event['from'], at: number): Event => ({ from, at })
const array = Array.from({ length: 20 }, (_, i) => event('array', i))

/** Answers its first poll when `answer` is called, all others at once; refuses to be asked after its last batch. */
class SlowSource {
  readonly #batches: Batch<Event>[]
  #asked = 0
  answer: () => void = () => {}

  constructor(...all: readonly (readonly Event[])[]) {
    let next = 0n
    this.#batches = all.map((records, i) => {
      const first = next
      next += BigInt(records.length)
      return { split: '0', records, first, next, finished: i === all.length - 1 }
    })
  }

  readonly source: Source<Event> = {
    kind: 'slow',
    seekable: false,
    open: () =>
      Promise.resolve({
        splits: ['0'],
        poll: () => {
          const batch = this.#batches.shift()
          if (batch === undefined) throw new Error('asked after the last batch')
          return this.#asked++ > 0 ? batch : new Promise((resolve) => (this.answer = () => resolve(batch)))
        },
        pause: () => {},
        resume: () => {},
        committed: () => Promise.resolve(),
        close: () => Promise.resolve(),
      }),
  }
}

/** What windows end with, in the order of arrival; the slow source answers while the array's first batch is dealt with. */
async function outcome(slow: SlowSource): Promise<readonly unknown[]> {
  const time = { timestamp: ({ at }: Event) => at, watermark: monotonous() }
  const sink = collected<Pane<string, readonly number[]>>()
  const quick = pipeline('quick')
    .from(array)
    .tap(() => slow.answer())
  await merge(quick.eventTime(time), pipeline('slow').from(slow.source).eventTime(time))
    .keyBy(({ from }) => from)
    .window(tumbling(ms(100)))
    .aggregate((a) => a.collect({ max: 100, of: ({ at }) => at }))
    .to(sink)
    .start({ batchSize: 5 }).done
  return sink.items.map((pane) => pane.kind === 'value' && pane.value)
}

test('a source is not asked again before its answer was taken: its records keep their order', async () => {
  const slow = new SlowSource([event('slow', 5), event('slow', 6)], [event('slow', 7)])
  expect(await outcome(slow)).toEqual([array.map(({ at }) => at), [5, 6, 7]])
})

test('a source whose last answer comes while another is dealt with is not asked again, and all windows close', async () => {
  const slow = new SlowSource([event('slow', 5)])
  expect(await outcome(slow)).toEqual([array.map(({ at }) => at), [5]])
})
